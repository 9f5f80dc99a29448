// ReplicaRows defines which nodes may own a partition: the rows of the table
// being filled, in the form that MinCostExchange requires. Thread-compatible.
//
// A row holds each node at most once, and nodes of at least `distinct` =
// min(owners, zones) zones. So at most owners - distinct of its nodes may be in
// a zone that the row has already. As a network: a row has `distinct` *base*
// places, at most one per zone, and the rest are *spare* places, for any zone.
#ifndef CLOCKWISE_SERVICE_RING_ASSIGN_REPLICA_ROWS_H_
#define CLOCKWISE_SERVICE_RING_ASSIGN_REPLICA_ROWS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "service/ring/assign/class_lists.h"
#include "service/ring/assign/slot_table.h"
#include "service/ring/node_list.h"

namespace clockwise {

// The owners of each row before a change, as indexes into the nodes after it.
// kGone: the node was removed.
struct RowsBefore {
  std::vector<uint32_t> nodes;  // row-major
  size_t width = 0;

  std::span<const uint32_t> Row(size_t row) const {
    return std::span(nodes).subspan(row * width, width);
  }
};

class ReplicaRows {
 public:
  // `table` has `owners` slots per row. All arguments must outlive this object.
  ReplicaRows(SlotTable& table, size_t owners, const RowsBefore& before,
              const Zones& zones);

  size_t rows() const { return table_.size() / owners_; }
  size_t owners() const { return owners_; }
  std::span<const uint32_t> Row(size_t row) const {
    return table_.slots().subspan(row * owners_, owners_);
  }

  // Returns by how many nodes the row exceeds its spare places. Not 0 only
  // before RelieveRows in assign_replicas.cc.
  size_t Crowding(size_t row) const;
  // Checks whether the row has another node in the zone of `node`, its owner.
  bool SharesZone(size_t row, uint32_t node) const;
  // Checks whether `node` may take `slot` from the present owner, if any.
  bool Admits(uint32_t slot, uint32_t node) const;

  // --- Called by MinCostExchange and Shortcuts. ---
  size_t RowOf(uint32_t slot) const { return slot / owners_; }
  // Places of rows: the base places, then the spare places.
  size_t places() const { return 2 * rows(); }
  const ClassLists& nodes_by_zone() const { return by_zone_; }
  // Returns lists of `nodes`, which must be sorted.
  ClassLists ByZone(std::span<const uint32_t> nodes) const;
  int Cost(uint32_t slot) const { return CostIn(slot, table_[slot]); }
  int CostIn(uint32_t slot, uint32_t node) const {
    return WasIn(slot / owners_, node) ? 0 : 1;
  }
  std::span<const uint32_t> CheapSlots(uint32_t node);
  void Altered(uint32_t slot) { MarkRow(slot / owners_); }
  template <typename Search>
  void ReachFromEmpty(Search& search, uint32_t slot);
  template <typename Search>
  void ReachFromGivenUp(Search& search, uint32_t slot, int cost);

 private:
  enum PlaceKind : uint32_t { kBase, kSpare };

  uint32_t ZoneOf(uint32_t node) const { return zones_.of_node[node]; }
  bool Has(size_t row, uint32_t node) const {
    const auto nodes = Row(row);
    return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
  }
  bool WasIn(size_t row, uint32_t node) const {
    const auto nodes = before_.Row(row);
    return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
  }
  size_t CountZone(size_t row, uint32_t zone) const;
  size_t CountZones(size_t row) const;
  bool LacksFormer(size_t row) const;
  bool IsAltered(size_t row) const;
  void MarkRow(size_t row);
  template <typename Search>
  void ReachList(Search& search, size_t row, size_t list, int cost,
                 uint32_t via);
  template <typename Search>
  void ReachPlace(Search& search, size_t row, PlaceKind kind, int cost,
                  uint32_t slot);

  SlotTable& table_;
  const size_t owners_;
  const RowsBefore& before_;
  const Zones& zones_;
  const size_t spare_;  // spare places per row
  const ClassLists by_zone_;
  bool marked_ = false;  // slots in altered rows are marked
};

// A row that lacks a zone has a free base place. A row with fewer doubles than
// spare places has a free spare place. An empty slot always has one or both.
template <typename Search>
void ReplicaRows::ReachFromEmpty(Search& search, uint32_t slot) {
  const size_t row = slot / owners_;
  const auto nodes = Row(row);
  const auto empty =
      static_cast<size_t>(std::count(nodes.begin(), nodes.end(), kNobody));
  const size_t zones = CountZones(row);
  if (zones < owners_ - spare_) ReachPlace(search, row, kBase, 0, slot);
  if (owners_ - empty - zones < spare_) {
    ReachPlace(search, row, kSpare, 0, slot);
  }
}

// Expands the row when the owner of `slot` leaves it. Four kinds of nodes may
// replace the owner: former owners and other nodes of the same zone, which
// leave the zones of the row as they are; nodes of a zone that the row lacks;
// and any node, if the owner's zone stays in the row, because that frees a
// spare place.
template <typename Search>
void ReplicaRows::ReachFromGivenUp(Search& search, uint32_t slot, int cost) {
  const size_t row = slot / owners_;
  if (!search.Affords(cost + 1) && !LacksFormer(row)) return;
  const uint32_t zone = ZoneOf(table_[slot]);
  for (const uint32_t node : before_.Row(row)) {
    if (node != kGone && ZoneOf(node) == zone && !Has(row, node)) {
      search.Reach(node, cost, slot);
    }
  }
  if (search.Affords(cost + 1)) {
    const size_t list = search.Candidates(cost + 1).Find(zone);
    if (list != ClassLists::kNone) {
      ReachList(search, row, list, cost + 1, slot);
    }
  }
  ReachPlace(search, row, kBase, cost, slot);
  if (CountZone(row, zone) > 1) ReachPlace(search, row, kSpare, cost, slot);
}

// Reaches the nodes that may take a base or spare place of `row`. The set of
// these nodes does not depend on the slot that was freed. So a place is
// expanded once, and again only if a cheaper path reaches it. Otherwise each
// slot of the row would be expanded separately.
template <typename Search>
void ReplicaRows::ReachPlace(Search& search, size_t row, PlaceKind kind,
                             int cost, uint32_t slot) {
  const size_t place = kind * rows() + row;
  if (!search.Enter(place, cost, slot)) return;
  const auto via = static_cast<uint32_t>(table_.size() + place);
  for (const uint32_t node : before_.Row(row)) {
    if (node == kGone || Has(row, node)) continue;
    if (kind == kSpare || CountZone(row, ZoneOf(node)) == 0) {
      search.Reach(node, cost, via);
    }
  }
  if (!search.Affords(cost + 1)) return;
  ClassLists& candidates = search.Candidates(cost + 1);
  for (size_t i = candidates.open().size(); i-- > 0 && !search.done();) {
    const size_t list = candidates.open()[i];
    if (kind == kBase && CountZone(row, candidates.ClassOf(list)) > 0) continue;
    ReachList(search, row, list, cost + 1, via);
    if (candidates.Nodes(list).empty()) candidates.Close(i);
  }
}

// Reaches all nodes of a list that `row` lacks, and removes them from the
// candidates of this cost. Each node is thus removed at most once per cost, and
// a search visits nodes + rows instead of nodes × rows. Nodes that the row has
// already stay in the list for other rows.
template <typename Search>
void ReplicaRows::ReachList(Search& search, size_t row, size_t list, int cost,
                            uint32_t via) {
  ClassLists& candidates = search.Candidates(cost);
  for (size_t i = candidates.Nodes(list).size(); i-- > 0;) {
    const uint32_t node = candidates.Nodes(list)[i];
    if (!search.IsReached(node, cost)) {
      if (Has(row, node)) continue;
      search.Reach(node, cost, via);
    }
    if (search.done()) return;
    candidates.Remove(list, i);
  }
}

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_ASSIGN_REPLICA_ROWS_H_
