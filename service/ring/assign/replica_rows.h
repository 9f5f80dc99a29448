// ReplicaRows defines which nodes may own a partition: the rows of the table
// being filled, in the form that MinCostExchange requires. Thread-compatible.
//
// A row holds each node at most once, and nodes of at least `distinct` =
// min(owners, zones) zones. So at most owners - distinct of its nodes may be in
// a zone that the row has already. As a network: a row has `distinct` *base*
// places, at most one per zone, and the rest are *spare* places, for any zone.
#ifndef CLOCKWISE_SERVICE_RING_ASSIGN_REPLICA_ROWS_H_
#define CLOCKWISE_SERVICE_RING_ASSIGN_REPLICA_ROWS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "service/ring/assign/min_cost_exchange.h"
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
  using Search = MinCostExchange<ReplicaRows>;

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
  void Begin();
  int Cost(uint32_t slot) const { return CostIn(slot, table_[slot]); }
  int CostIn(uint32_t slot, uint32_t node) const {
    return WasIn(slot / owners_, node) ? 0 : 1;
  }
  std::span<const uint32_t> CheapSlots(uint32_t node);
  void Altered(uint32_t slot) { MarkRow(slot / owners_); }
  void ReachFromEmpty(Search& search, uint32_t slot);
  void ReachFromGivenUp(Search& search, uint32_t slot, int cost);
  uint32_t SlotOf(uint32_t via) const;

 private:
  // A path to the base or spare places of a row.
  struct RowPosition {
    int cost = 0;
    uint32_t slot = 0;    // that was freed in the row
    uint32_t search = 0;  // number of the search that wrote this
  };
  enum PlaceKind : uint32_t { kBase, kSpare };
  // Nodes that no path of a given cost has reached yet, by zone.
  struct Unreached {
    std::vector<std::vector<uint32_t>> by_zone;
    std::vector<uint32_t> zones;  // zones that have some
  };

  uint32_t ZoneOf(uint32_t node) const { return zones_.of_node[node]; }
  bool Has(size_t row, uint32_t node) const;
  size_t CountZone(size_t row, uint32_t zone) const;
  size_t CountZones(size_t row) const;
  bool WasIn(size_t row, uint32_t node) const;
  bool LacksFormer(size_t row) const;
  bool IsAltered(size_t row) const;
  void MarkRow(size_t row);
  Unreached& UnreachedAt(int cost);
  void ReachZone(Search& search, size_t row, uint32_t zone, int cost,
                 uint32_t via);
  void ReachPlace(Search& search, size_t row, PlaceKind kind, int cost,
                  uint32_t slot);

  SlotTable& table_;
  const size_t owners_;
  const RowsBefore& before_;
  const Zones& zones_;
  const size_t spare_;                          // spare places per row
  std::vector<std::vector<uint32_t>> members_;  // by zone
  std::vector<RowPosition>
      places_;  // by kind and row; empty until first needed
  std::map<int, Unreached> unreached_;  // by cost
  bool marked_ = false;                 // slots in altered rows are marked
  uint32_t search_ = 0;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_ASSIGN_REPLICA_ROWS_H_
