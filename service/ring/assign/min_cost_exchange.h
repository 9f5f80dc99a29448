// MinCostExchange fills empty slots at minimum cost when no node with room may
// own them. It builds a chain: a node takes the slot and gives up another one,
// a second node takes that one, and so on, until a node has room.
// Thread-compatible.
//
// A chain is a shortest path in the residual network of a minimum-cost flow
// from rows to nodes (Ford and Fulkerson 1962). Augmenting along shortest paths
// keeps the flow at minimum cost (Jewell 1958, Busacker and Gowen 1960). An
// owner that the row had before the change costs 0, any other 1. Removing an
// owner from a slot refunds its cost.
//
// `Rows` defines which nodes may own a slot. A *place* of a row is a step that
// several of its slots lead to. So a search visits it once for all of them.
//   size_t rows() const;
//   size_t places() const;            // of all rows
//   size_t RowOf(uint32_t slot) const;
//   const ClassLists& nodes_by_zone() const;  // all nodes; empty if zones do
//                                             // not matter
//   ClassLists ByZone(std::span<const uint32_t> nodes) const;  // some nodes
//   int Cost(uint32_t slot) const;    // of the node in `slot`
//   // Returns the slots that `node` can give up without raising the cost of
//   // the path. The result may contain others too.
//   std::span<const uint32_t> CheapSlots(uint32_t node);
//   void Altered(uint32_t slot);      // another node is in `slot` now
//   // Call search.Reach for each node that may take the empty `slot`, or that
//   // may join its row when the owner in `slot` leaves. `cost` is the cost of
//   // the path so far. `via` is the slot, or the size of the table + a place.
//   // Search is MinCostExchange, ChainLabels or BlockingFlow.
//   void ReachFromEmpty(Search& search, uint32_t slot);
//   void ReachFromGivenUp(Search& search, uint32_t slot, int cost);
#ifndef CLOCKWISE_SERVICE_RING_ASSIGN_MIN_COST_EXCHANGE_H_
#define CLOCKWISE_SERVICE_RING_ASSIGN_MIN_COST_EXCHANGE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "service/ring/assign/search_notes.h"
#include "service/ring/assign/seats.h"
#include "service/ring/assign/slot_table.h"
#include "service/ring/work_budget.h"

namespace clockwise {

template <typename Rows>
class MinCostExchange {
 public:
  MinCostExchange(Rows& rows, SlotTable& table, Seats& seats,
                  WorkBudget& budget)
      : rows_(rows),
        table_(table),
        seats_(seats),
        budget_(budget),
        notes_(rows.nodes_by_zone(), rows.places()),
        reached_(seats.nodes()),
        extra_costs_(seats.groups(), kFar) {}

  enum class Outcome { kFilled, kTooDear, kImpossible };

  // Fills one of the empty `slots` by a chain that costs at most `limit`, and
  // sets `filled` to that slot. kTooDear: only chains above `limit` exist.
  // kImpossible: no chain exists. Other outcomes than kFilled mean nothing if
  // the budget has ended.
  Outcome Fill(std::span<const uint32_t> slots, int limit, uint32_t* filled) {
    Begin(limit);
    for (const uint32_t slot : slots) {
      if (!done() && budget_.Spend(1)) rows_.ReachFromEmpty(*this, slot);
    }
    while (target_ == kNobody && !queues_.empty() && !budget_.ended()) {
      const auto cheapest = queues_.begin();
      if (cheapest->second.empty()) {
        queues_.erase(cheapest);
        continue;
      }
      const int cost = cheapest->first;
      const uint32_t node = cheapest->second.back();
      cheapest->second.pop_back();
      if (reached_[node].cost == cost) Leave(node, cost);
    }
    if (target_ != kNobody) {
      *filled = Apply(target_);
      return Outcome::kFilled;
    }
    return too_dear_ ? Outcome::kTooDear : Outcome::kImpossible;
  }

  // --- Called by Rows. ---
  // Records that `node` may fill the slot of `via` on a path of `cost`.
  void Reach(uint32_t node, int cost, uint32_t via) {
    Note(node, cost, via, false);
  }
  bool IsReached(uint32_t node, int cost) const {
    return reached_[node].cost <= cost;
  }
  // Checks whether `cost` is within the limit. Records that a dearer path
  // exists.
  bool Affords(int cost) {
    if (cost <= limit_) return true;
    too_dear_ = true;
    return false;
  }
  bool done() const { return target_ != kNobody; }
  // Returns the nodes that no path of `cost` has reached yet, by zone.
  ClassLists& Candidates(int cost) { return notes_.Candidates(cost); }
  // Returns false if `place` was entered at this or a lower cost.
  bool Enter(size_t place, int cost, uint32_t slot) {
    return notes_.Enter(place, cost, slot);
  }

 private:
  static constexpr int kFar = std::numeric_limits<int>::max();
  // Lower bound of a path's cost. A table at minimum cost has no cycle of
  // negative cost; this bound ends the search in any other table.
  static constexpr int kNear = -1000;

  struct Reached {
    int cost = kFar;
    uint32_t via = 0;          // slot or row place that leads here, or
    bool from_member = false;  // `via` is the node that gets our extra
  };

  void Begin(int limit) {
    for (const uint32_t node : touched_) reached_[node] = Reached();
    touched_.clear();
    extra_costs_.assign(extra_costs_.size(), kFar);
    queues_.clear();
    limit_ = limit;
    target_ = kNobody;
    too_dear_ = false;
    notes_.Begin();
  }

  void Note(uint32_t node, int cost, uint32_t via, bool from_member) {
    if (target_ != kNobody || cost < kNear || !Affords(cost)) return;
    Reached& reached = reached_[node];
    if (reached.cost <= cost) return;
    if (reached.cost == kFar) touched_.push_back(node);
    reached = {cost, via, from_member};
    if (seats_.HasRoom(node)) {
      target_ = node;
    } else {
      queues_[cost].push_back(node);
    }
  }

  // Expands a full node: it can give up each of its slots. A node that lacks
  // only an extra can also take the extra of a member of its group, which must
  // then give up a slot. Extras cost nothing and one expansion of a group
  // reaches all its members, so it is repeated only at a lower cost.
  void Leave(uint32_t node, int cost) {
    if (seats_.LacksExtra(node)) {
      int& known = extra_costs_[seats_.group(node)];
      if (cost < known) {
        known = cost;
        budget_.Spend(seats_.members(seats_.group(node)).size());
        for (const uint32_t other : seats_.members(seats_.group(node))) {
          if (seats_.has_extra(other)) Note(other, cost, node, true);
        }
      }
    }
    for (const uint32_t slot :
         Affords(cost + 1) ? table_.of_node(node) : rows_.CheapSlots(node)) {
      if (done() || !budget_.Spend(1)) return;
      rows_.ReachFromGivenUp(*this, slot, cost - rows_.Cost(slot));
    }
  }

  // Applies the path that ends at `node`, from its end back to the empty slot,
  // which it returns. A node in between leaves one slot and takes another.
  // Where an extra is passed on, its old holder only leaves one and its new
  // holder only takes one. So only the last node needs room.
  uint32_t Apply(uint32_t node) {
    for (;;) {
      while (reached_[node].from_member) node = reached_[node].via;
      const uint32_t slot = SlotOf(reached_[node].via);
      const uint32_t leaves = table_[slot];
      if (leaves != kNobody) seats_.Leave(leaves);
      table_.Put(slot, node);
      rows_.Altered(slot);
      seats_.Take(node);
      if (leaves == kNobody) return slot;
      node = leaves;
    }
  }

  uint32_t SlotOf(uint32_t via) const {
    return via < table_.size() ? via : notes_.SlotAt(via - table_.size());
  }

  Rows& rows_;
  SlotTable& table_;
  Seats& seats_;
  WorkBudget& budget_;
  SearchNotes notes_;
  std::vector<Reached> reached_;  // by node
  std::vector<uint32_t> touched_;
  std::vector<int> extra_costs_;                 // by group
  std::map<int, std::vector<uint32_t>> queues_;  // by cost
  int limit_ = 0;
  uint32_t target_ = kNobody;
  bool too_dear_ = false;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_ASSIGN_MIN_COST_EXCHANGE_H_
