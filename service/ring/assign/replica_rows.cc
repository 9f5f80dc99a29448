#include "service/ring/assign/replica_rows.h"

#include <algorithm>
#include <numeric>

namespace clockwise {
namespace {

std::vector<uint32_t> AllNodes(const Zones& zones) {
  std::vector<uint32_t> nodes(zones.of_node.size());
  std::iota(nodes.begin(), nodes.end(), 0u);
  return nodes;
}

}  // namespace

ReplicaRows::ReplicaRows(SlotTable& table, size_t owners,
                         const RowsBefore& before, const Zones& zones)
    : table_(table),
      owners_(owners),
      before_(before),
      zones_(zones),
      spare_(owners - std::min<size_t>(owners, zones.count)),
      by_zone_(ByZone(AllNodes(zones))) {}

ClassLists ReplicaRows::ByZone(std::span<const uint32_t> nodes) const {
  std::vector<ClassLists::Member> members;
  members.reserve(nodes.size());
  for (const uint32_t node : nodes) members.emplace_back(ZoneOf(node), node);
  std::sort(members.begin(), members.end());
  return ClassLists(members);
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
    const uint32_t zone = ZoneOf(nodes[i]);
    size_t j = 0;
    while (j < i && (nodes[j] == kNobody || ZoneOf(nodes[j]) != zone)) ++j;
    count += j == i ? 1 : 0;
  }
  return count;
}

bool ReplicaRows::LacksFormer(size_t row) const {
  const auto nodes = before_.Row(row);
  return std::any_of(nodes.begin(), nodes.end(), [&](uint32_t node) {
    return node != kGone && !Has(row, node);
  });
}

size_t ReplicaRows::Crowding(size_t row) const {
  const auto nodes = Row(row);
  const auto empty =
      static_cast<size_t>(std::count(nodes.begin(), nodes.end(), kNobody));
  const size_t doubles = owners_ - empty - CountZones(row);
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

}  // namespace clockwise
