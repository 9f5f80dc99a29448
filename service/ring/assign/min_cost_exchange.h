// Exchange fills empty slots at the least cost when nobody with room may sit
// in it: by a chain in which a node takes the slot and gives up another, which
// a second node takes, and so on, until one has room.
//
// This is a shortest path in the residual network of a minimum-cost flow from
// rows to nodes (Ford and Fulkerson 1962; augmenting along shortest paths keeps
// the flow at minimum cost: Jewell 1958, Busacker and Gowen 1960). A node put
// into a row where it was before the change costs 0, elsewhere 1; taking one
// out gives its cost back. Thread-compatible.
//
// `Rows` says who may sit where:
//   void Begin();                     // forgets what a search noted
//   int Cost(uint32_t slot) const;    // of who is in `slot`
//   // The slots that `node` may give up at once for somebody who costs less
//   // than 1; more is no harm.
//   std::span<const uint32_t> CheapSlots(uint32_t node);
//   void Altered(uint32_t slot);  // somebody else sits in `slot` now
//   // Calls search.Reach for all who may sit in the empty `slot`, or, for one
//   // that is given up, in its row in its place. `cost` is that of the path.
//   void ReachFromEmpty(Search& search, uint32_t slot);
//   void ReachFromGivenUp(Search& search, uint32_t slot, int cost);
//   uint32_t SlotOf(uint32_t via) const;  // what Reach was told as `via`, as
//                                         // the slot that is filled
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

#include "service/ring/assign/seats.h"
#include "service/ring/assign/slot_table.h"

namespace clockwise {

template <typename Rows>
class MinCostExchange {
 public:
  MinCostExchange(Rows& rows, SlotTable& table, Seats& seats)
      : rows_(rows),
        table_(table),
        seats_(seats),
        reached_(seats.nodes()),
        extra_costs_(seats.groups(), kFar) {}

  enum class Outcome { kFilled, kTooDear, kImpossible };

  // Fills one of the empty `slots` by a chain that costs at most `limit`, and
  // tells which. kTooDear: only dearer ones were seen; kImpossible: there is
  // none.
  Outcome Fill(std::span<const uint32_t> slots, int limit, uint32_t* filled) {
    Begin(limit);
    for (const uint32_t slot : slots) {
      if (!done()) rows_.ReachFromEmpty(*this, slot);
    }
    while (target_ == kNobody && !queues_.empty()) {
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

  // --- For Rows. ---
  // `node` may fill the slot that `via` stands for, over a path of `cost`.
  void Reach(uint32_t node, int cost, uint32_t via) {
    Note(node, cost, via, false);
  }
  bool IsReached(uint32_t node, int cost) const {
    return reached_[node].cost <= cost;
  }
  // Whether a path of `cost` is of interest.
  bool Affords(int cost) {
    if (cost <= limit_) return true;
    too_dear_ = true;
    return false;
  }
  bool done() const { return target_ != kNobody; }

 private:
  static constexpr int kFar = std::numeric_limits<int>::max();
  // A table at minimum cost has no path that only gives back; this bound ends a
  // search whatever its table.
  static constexpr int kNear = -1000;

  struct Reached {
    int cost = kFar;
    uint32_t via = 0;          // what leads here, or
    bool from_member = false;  // the node in `via`, which gets this one's extra
  };

  void Begin(int limit) {
    for (const uint32_t node : touched_) reached_[node] = Reached();
    touched_.clear();
    extra_costs_.assign(extra_costs_.size(), kFar);
    queues_.clear();
    limit_ = limit;
    target_ = kNobody;
    too_dear_ = false;
    rows_.Begin();
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

  // Goes on from a full node: what it could give up, each of its slots, or, if
  // it lacks but an extra, that of another.
  void Leave(uint32_t node, int cost) {
    if (seats_.LacksExtra(node)) {
      int& known = extra_costs_[seats_.group(node)];
      if (cost < known) {
        known = cost;
        for (const uint32_t other : seats_.members(seats_.group(node))) {
          if (seats_.has_extra(other)) Note(other, cost, node, true);
        }
      }
    }
    for (const uint32_t slot :
         Affords(cost + 1) ? table_.of_node(node) : rows_.CheapSlots(node)) {
      if (done()) return;
      rows_.ReachFromGivenUp(*this, slot, cost - rows_.Cost(slot));
    }
  }

  // Moves everybody on the path, from its end to the empty slot; tells which.
  uint32_t Apply(uint32_t node) {
    for (;;) {
      while (reached_[node].from_member) node = reached_[node].via;
      const uint32_t slot = rows_.SlotOf(reached_[node].via);
      const uint32_t leaves = table_[slot];
      if (leaves != kNobody) seats_.Leave(leaves);
      table_.Put(slot, node);
      rows_.Altered(slot);
      seats_.Take(node);
      if (leaves == kNobody) return slot;
      node = leaves;
    }
  }

  Rows& rows_;
  SlotTable& table_;
  Seats& seats_;
  std::vector<Reached> reached_;  // by node
  std::vector<uint32_t> touched_;
  std::vector<int> extra_costs_;                 // by group
  std::map<int, std::vector<uint32_t>> queues_;  // by cost
  int limit_ = 0;
  uint32_t target_ = kNobody;
  bool too_dear_ = false;
};

// No bound on what a chain costs.
inline constexpr int kDearest = std::numeric_limits<int>::max() - 1;

// Fills the slots, the cheapest chains first, of `cost` to `most` each; those
// that remain are left in `slots`. What cannot be filled at a cost never can be
// at that cost later, since along shortest paths distances only grow. So a
// batch that fails is put off as a whole. `shortcut(slot, cost)` may fill a
// slot in a quicker way at that cost.
template <typename Rows, typename Shortcut>
void FillCheapestFirst(MinCostExchange<Rows>& exchange, Shortcut shortcut,
                       int cost, int most, std::vector<uint32_t>& slots) {
  using Outcome = typename MinCostExchange<Rows>::Outcome;
  constexpr size_t kBatch = 64;
  bool dearer = true;
  for (; dearer && cost <= most; ++cost) {
    dearer = false;
    std::erase_if(slots, [&](uint32_t slot) { return shortcut(slot, cost); });
    std::vector<uint32_t> put_off;
    size_t most_at_once = kBatch;
    while (!slots.empty()) {
      const size_t batch = std::min(most_at_once, slots.size());
      const auto first = slots.end() - static_cast<ptrdiff_t>(batch);
      uint32_t filled = kNobody;
      const Outcome outcome =
          exchange.Fill(std::span(slots).last(batch), cost, &filled);
      if (outcome == Outcome::kFilled) {
        *std::find(first, slots.end(), filled) = slots.back();
        slots.pop_back();
        most_at_once = kBatch;
        continue;
      }
      most_at_once *= 2;  // a search that fails sees everything anyway
      put_off.insert(put_off.end(), first, slots.end());
      slots.erase(first, slots.end());
      dearer = dearer || outcome == Outcome::kTooDear;
    }
    slots = std::move(put_off);
  }
}

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_ASSIGN_MIN_COST_EXCHANGE_H_
