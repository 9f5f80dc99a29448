// ChainLabels computes how cheaply the nodes can be reached from empty slots by
// the steps of MinCostExchange. Thread-compatible.
#ifndef CLOCKWISE_SERVICE_RING_ASSIGN_CHAIN_LABELS_H_
#define CLOCKWISE_SERVICE_RING_ASSIGN_CHAIN_LABELS_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "service/ring/assign/class_lists.h"
#include "service/ring/assign/search_notes.h"
#include "service/ring/assign/seats.h"
#include "service/ring/assign/slot_table.h"
#include "service/ring/work_budget.h"

namespace clockwise {

template <typename Rows>
class ChainLabels {
 public:
  ChainLabels(Rows& rows, SlotTable& table, Seats& seats, WorkBudget& budget)
      : rows_(rows),
        table_(table),
        seats_(seats),
        budget_(budget),
        notes_(rows.nodes_by_zone(), rows.places()) {}

  // Labels all nodes that paths of at most `limit` reach from the empty
  // `slots`. Returns true if one of them has room.
  //
  // Paths are extended in the order of their number of steps. A node is
  // extended again if a longer path is cheaper.
  bool Compute(std::span<const uint32_t> slots, int limit) {
    labels_.assign(seats_.nodes(), Label());
    group_costs_.assign(seats_.groups(), kFar);
    reached_.clear();
    queue_.clear();
    limit_ = limit;
    has_room_ = false;
    notes_.Begin();
    steps_ = 1;
    for (const uint32_t slot : slots) {
      if (done() || !budget_.Spend(1)) return false;
      rows_.ReachFromEmpty(*this, slot);
    }
    for (size_t i = 0; i < queue_.size() && !done(); ++i) {
      const auto [node, cost] = queue_[i];
      if (labels_[node].cost == cost) Extend(node, cost);
    }
    return has_room_ && !done();
  }

  // The nodes that have a label, in the order in which they were reached.
  std::span<const uint32_t> reached() const { return reached_; }
  int cost(uint32_t node) const { return labels_[node].cost; }
  uint32_t steps(uint32_t node) const { return labels_[node].steps; }

  // --- Called by Rows. See MinCostExchange. ---
  void Reach(uint32_t node, int cost, uint32_t /*via*/) {
    if (cost < kNear || !Affords(cost) || IsReached(node, cost)) return;
    if (labels_[node].cost == kFar) reached_.push_back(node);
    labels_[node] = {cost, steps_};
    if (seats_.HasRoom(node)) {
      has_room_ = true;
    } else {
      queue_.emplace_back(node, cost);
    }
  }
  bool IsReached(uint32_t node, int cost) const {
    return labels_[node].cost <= cost;
  }
  bool Affords(int cost) const { return cost <= limit_; }
  bool done() const { return budget_.ended(); }
  ClassLists& Candidates(int cost) { return notes_.Candidates(cost); }
  bool Enter(size_t place, int cost, uint32_t slot) {
    return notes_.Enter(place, cost, slot);
  }

 private:
  static constexpr int kFar = std::numeric_limits<int>::max();
  static constexpr int kNear = -1000;  // as in MinCostExchange

  struct Label {
    int cost = kFar;
    uint32_t steps = 0;
  };

  void Extend(uint32_t node, int cost) {
    steps_ = labels_[node].steps + 1;
    if (seats_.LacksExtra(node) && cost < group_costs_[seats_.group(node)]) {
      const auto& members = seats_.members(seats_.group(node));
      group_costs_[seats_.group(node)] = cost;
      budget_.Spend(members.size());
      for (const uint32_t other : members) {
        if (seats_.has_extra(other)) Reach(other, cost, node);
      }
    }
    for (const uint32_t slot :
         Affords(cost + 1) ? table_.of_node(node) : rows_.CheapSlots(node)) {
      if (!budget_.Spend(1)) return;
      rows_.ReachFromGivenUp(*this, slot, cost - rows_.Cost(slot));
    }
  }

  Rows& rows_;
  SlotTable& table_;
  Seats& seats_;
  WorkBudget& budget_;
  SearchNotes notes_;
  std::vector<Label> labels_;      // by node
  std::vector<int> group_costs_;   // by group: least cost of an extended node
  std::vector<uint32_t> reached_;  // nodes with a label
  std::vector<std::pair<uint32_t, int>> queue_;  // nodes to extend, with costs
  int limit_ = 0;
  uint32_t steps_ = 0;  // of the paths that are being extended
  bool has_room_ = false;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_ASSIGN_CHAIN_LABELS_H_
