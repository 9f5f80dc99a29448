#include "service/ring/assign/replica_rows.h"

#include <algorithm>
#include <numeric>

namespace clockwise {

ReplicaRows::ReplicaRows(SlotTable& table, size_t owners,
                         const RowsBefore& before, const Zones& zones)
    : table_(table),
      owners_(owners),
      before_(before),
      zones_(zones),
      spare_(owners - std::min<size_t>(owners, zones.count)),
      members_(zones.count) {
  for (uint32_t node = 0; node < zones.of_node.size(); ++node) {
    members_[ZoneOf(node)].push_back(node);
  }
}

bool ReplicaRows::Has(size_t row, uint32_t node) const {
  const auto nodes = Row(row);
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

size_t ReplicaRows::CountZone(size_t row, uint32_t zone) const {
  const auto nodes = Row(row);
  return static_cast<size_t>(std::count_if(
      nodes.begin(), nodes.end(),
      [&](uint32_t node) { return node != kNobody && ZoneOf(node) == zone; }));
}

size_t ReplicaRows::CountZones(size_t row) const {
  const auto nodes = Row(row);
  size_t count = 0;
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i] == kNobody) continue;
    count += std::none_of(nodes.begin(), nodes.begin() + i, [&](uint32_t node) {
      return node != kNobody && ZoneOf(node) == ZoneOf(nodes[i]);
    });
  }
  return count;
}

bool ReplicaRows::WasIn(size_t row, uint32_t node) const {
  const auto nodes = before_.Row(row);
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

bool ReplicaRows::LacksFormer(size_t row) const {
  const auto nodes = before_.Row(row);
  return std::any_of(nodes.begin(), nodes.end(), [&](uint32_t node) {
    return node != kGone && !Has(row, node);
  });
}

size_t ReplicaRows::Crowding(size_t row) const {
  const auto nodes = Row(row);
  const auto nobody =
      static_cast<size_t>(std::count(nodes.begin(), nodes.end(), kNobody));
  const size_t doubles = owners_ - nobody - CountZones(row);
  return doubles > spare_ ? doubles - spare_ : 0;
}

bool ReplicaRows::SharesZone(size_t row, uint32_t node) const {
  return CountZone(row, ZoneOf(node)) > 1;
}

// A node may join a row in three cases, checked in this order. It replaces a
// node of its own zone: the zones of the row do not change. Its zone is new to
// the row: it uses a base place, which always exists for a new zone. Otherwise
// it needs a spare place. One is free if the row has fewer doubles (nodes
// beyond the first of a zone) than spare places. The leaving node frees one if
// its zone stays.
bool ReplicaRows::Admits(uint32_t slot, uint32_t node) const {
  const size_t row = slot / owners_;
  if (Has(row, node)) return false;
  const uint32_t zone = ZoneOf(node);
  const uint32_t leaves = table_[slot];
  size_t of_zone = CountZone(row, zone);
  if (leaves != kNobody && ZoneOf(leaves) == zone) return true;
  if (of_zone == 0) return true;
  if (spare_ == 0) return false;
  const auto nodes = Row(row);
  size_t filled = owners_ - static_cast<size_t>(std::count(
                                nodes.begin(), nodes.end(), kNobody));
  size_t doubles = filled - CountZones(row);
  if (leaves != kNobody && CountZone(row, ZoneOf(leaves)) > 1) --doubles;
  return doubles < spare_;
}

// Starts a search. Row places keep their notes from earlier searches. Their
// search number marks them as outdated, so no search has to clear 2 × rows
// entries.
void ReplicaRows::Begin() {
  ++search_;
  unreached_.clear();
  if (places_.empty()) places_.resize(2 * rows());
}

// In an unaltered row, all owners were there before the change, and no former
// owner is missing. Replacing an owner then always raises the cost by 1. So a
// search that cannot afford that visits only marked slots. Rows that are
// altered later are marked by Altered().
bool ReplicaRows::IsAltered(size_t row) const {
  const auto nodes = Row(row);
  return LacksFormer(row) ||
         std::any_of(nodes.begin(), nodes.end(), [&](uint32_t node) {
           return node == kNobody || !WasIn(row, node);
         });
}

void ReplicaRows::MarkRow(size_t row) {
  for (size_t i = 0; i < owners_; ++i) {
    table_.Mark(static_cast<uint32_t>(row * owners_ + i));
  }
}

std::span<const uint32_t> ReplicaRows::CheapSlots(uint32_t node) {
  if (!marked_) {
    marked_ = true;
    for (size_t row = 0; row < rows(); ++row) {
      if (IsAltered(row)) MarkRow(row);
    }
  }
  return table_.marked_of_node(node);
}

// A row that lacks a zone has a free base place. A row with fewer doubles than
// spare places has a free spare place. An empty slot always has one or both.
void ReplicaRows::ReachFromEmpty(Search& search, uint32_t slot) {
  const size_t row = slot / owners_;
  const auto nodes = Row(row);
  const auto nobody =
      static_cast<size_t>(std::count(nodes.begin(), nodes.end(), kNobody));
  const size_t zones = CountZones(row);
  if (zones < owners_ - spare_) ReachPlace(search, row, kBase, 0, slot);
  if (owners_ - nobody - zones < spare_) {
    ReachPlace(search, row, kSpare, 0, slot);
  }
}

// Expands the row when the owner of `slot` leaves it. Four kinds of nodes may
// replace the owner: former owners and other nodes of the same zone, which
// leave the zones of the row as they are; nodes of a zone that the row lacks;
// and any node, if the owner's zone stays in the row, because that frees a
// spare place.
void ReplicaRows::ReachFromGivenUp(Search& search, uint32_t slot, int cost) {
  const size_t row = slot / owners_;
  if (!search.Affords(cost + 1) && !LacksFormer(row)) return;
  const uint32_t zone = ZoneOf(table_[slot]);
  for (const uint32_t node : before_.Row(row)) {
    if (node != kGone && ZoneOf(node) == zone && !Has(row, node)) {
      search.Reach(node, cost, slot);
    }
  }
  if (search.Affords(cost + 1)) ReachZone(search, row, zone, cost + 1, slot);
  ReachPlace(search, row, kBase, cost, slot);
  if (CountZone(row, zone) > 1) ReachPlace(search, row, kSpare, cost, slot);
}

// Reaches the nodes that may take a base or spare place of `row`. The set of
// these nodes does not depend on the slot that was freed. So a place is
// expanded once, and again only if a cheaper path reaches it. Otherwise each
// slot of the row would be expanded separately.
void ReplicaRows::ReachPlace(Search& search, size_t row, PlaceKind kind,
                             int cost, uint32_t slot) {
  RowPosition& place = places_[kind * rows() + row];
  if (place.search == search_ && place.cost <= cost) return;
  place = {cost, slot, search_};
  const auto via = static_cast<uint32_t>(table_.size() + kind * rows() + row);
  for (const uint32_t node : before_.Row(row)) {
    if (node == kGone || Has(row, node)) continue;
    if (kind == kSpare || CountZone(row, ZoneOf(node)) == 0) {
      search.Reach(node, cost, via);
    }
  }
  if (!search.Affords(cost + 1)) return;
  std::vector<uint32_t>& zones = UnreachedAt(cost + 1).zones;
  for (size_t i = zones.size(); i-- > 0 && !search.done();) {
    const uint32_t zone = zones[i];
    if (kind == kBase && CountZone(row, zone) > 0) continue;
    ReachZone(search, row, zone, cost + 1, via);
    if (!UnreachedAt(cost + 1).by_zone[zone].empty()) continue;
    zones[i] = zones.back();
    zones.pop_back();
  }
}

ReplicaRows::Unreached& ReplicaRows::UnreachedAt(int cost) {
  Unreached& unreached = unreached_[cost];
  if (unreached.by_zone.empty()) {
    unreached.by_zone = members_;
    unreached.zones.resize(members_.size());
    std::iota(unreached.zones.begin(), unreached.zones.end(), 0u);
  }
  return unreached;
}

// Reaches all unreached nodes of `zone` that `row` lacks, and removes them from
// the list of this cost. Each node is thus removed at most once per cost, and a
// search visits nodes + rows instead of nodes × rows. Nodes that the row has
// already stay in the list for other rows.
void ReplicaRows::ReachZone(Search& search, size_t row, uint32_t zone, int cost,
                            uint32_t via) {
  std::vector<uint32_t>& nodes = UnreachedAt(cost).by_zone[zone];
  for (size_t i = nodes.size(); i-- > 0 && !search.done();) {
    if (!search.IsReached(nodes[i], cost)) {
      if (Has(row, nodes[i])) continue;
      search.Reach(nodes[i], cost, via);
    }
    nodes[i] = nodes.back();
    nodes.pop_back();
  }
}

uint32_t ReplicaRows::SlotOf(uint32_t via) const {
  return via < table_.size() ? via : places_[via - table_.size()].slot;
}

}  // namespace clockwise
