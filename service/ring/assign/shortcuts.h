// Shortcuts finds the chains of MinCostExchange faster when few nodes own many
// rows. Thread-compatible.
//
// In that case, the slots that a node may take can be rare among very many.
// MinCostExchange would scan all of them in each search. For each pair of
// nodes, Shortcuts remembers how far the slots of the first were scanned for
// one that the second may take. A slot that was skipped can become usable
// again, so Shortcuts may miss a chain. MinCostExchange then finds it.
#ifndef CLOCKWISE_SERVICE_RING_ASSIGN_SHORTCUTS_H_
#define CLOCKWISE_SERVICE_RING_ASSIGN_SHORTCUTS_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "service/ring/assign/seats.h"
#include "service/ring/assign/slot_table.h"
#include "service/ring/work_budget.h"

namespace clockwise {

template <typename Rows>
class Shortcuts {
 public:
  Shortcuts(Rows& rows, SlotTable& table, Seats& seats, WorkBudget& budget)
      : rows_(rows), table_(table), seats_(seats), budget_(budget) {}

  // Fills the empty `slot` if it finds a chain that costs at most `limit`, in
  // the units of MinCostExchange. Returns true if it did. Finds none after the
  // budget has ended.
  bool Fill(uint32_t slot, int limit);

 private:
  // A node's step of a path. The node takes `slot`, which `from` gives up;
  // `from` is kNobody if `slot` is the empty one. If `slot` is kNobody, the
  // node passes its extra to `from`.
  struct Reached {
    int cost;
    uint32_t slot;
    uint32_t from;
  };
  static constexpr int kFar = 1 << 20;
  // With more nodes, usable slots are not rare.
  static constexpr size_t kMaxNodes = 64;

  void Start();
  // Records a cheaper path to `node`. True if the node is reached and has room.
  bool Reach(uint32_t node, const Reached& reached, int limit);
  bool ReachOnFrom(uint32_t node, int limit);
  uint32_t SlotFor(uint32_t node, uint32_t taker, int cost);
  bool Apply(uint32_t node);
  void Put(uint32_t slot, uint32_t node);

  Rows& rows_;
  SlotTable& table_;
  Seats& seats_;
  WorkBudget& budget_;
  // The slots of each node. May include slots that it no longer owns.
  std::vector<std::vector<uint32_t>> slots_;
  // The next index in slots_[node] to scan, by cost + 1, node and taker.
  std::array<std::vector<uint32_t>, 3> next_;
  std::vector<Reached> reached_;  // by node
  std::vector<uint32_t> queue_;
  uint32_t target_ = kNobody;
};

template <typename Rows>
void Shortcuts<Rows>::Start() {
  const size_t nodes = seats_.nodes();
  slots_.resize(nodes);
  for (uint32_t node = 0; node < nodes; ++node) {
    const auto of_node = table_.of_node(node);
    slots_[node].assign(of_node.begin(), of_node.end());
  }
  for (std::vector<uint32_t>& next : next_) next.assign(nodes * nodes, 0);
}

template <typename Rows>
bool Shortcuts<Rows>::Fill(uint32_t slot, int limit) {
  if (seats_.nodes() > kMaxNodes || budget_.ended()) return false;
  if (slots_.empty()) Start();
  reached_.assign(seats_.nodes(), {kFar, kNobody, kNobody});
  queue_.clear();
  for (uint32_t node = 0; node < seats_.nodes(); ++node) {
    if (rows_.Admits(slot, node) &&
        Reach(node, {rows_.CostIn(slot, node), slot, kNobody}, limit)) {
      return Apply(node);
    }
  }
  // A node is queued again each time a cheaper path is found. The bound ends
  // the loop in tables that are not at minimum cost.
  for (size_t i = 0; i < queue_.size() && i < 8 * kMaxNodes; ++i) {
    if (ReachOnFrom(queue_[i], limit)) return Apply(target_);
  }
  return false;
}

template <typename Rows>
bool Shortcuts<Rows>::Reach(uint32_t node, const Reached& reached, int limit) {
  if (reached.cost > limit || reached.cost >= reached_[node].cost) return false;
  reached_[node] = reached;
  queue_.push_back(node);
  target_ = node;
  return seats_.HasRoom(node);
}

template <typename Rows>
bool Shortcuts<Rows>::ReachOnFrom(uint32_t node, int limit) {
  const int cost = reached_[node].cost;
  budget_.Spend(seats_.nodes());
  if (seats_.LacksExtra(node)) {
    for (const uint32_t other : seats_.members(seats_.group(node))) {
      if (seats_.has_extra(other)) Reach(other, {cost, kNobody, node}, limit);
    }
  }
  for (uint32_t taker = 0; taker < seats_.nodes(); ++taker) {
    for (int step = -1; step <= 1; ++step) {
      if (cost + step > limit || cost + step >= reached_[taker].cost) break;
      const uint32_t slot = SlotFor(node, taker, step);
      if (slot == kNobody) continue;
      if (Reach(taker, {cost + step, slot, node}, limit)) return true;
      break;
    }
  }
  return false;
}

// Returns a slot that `node` can give up to `taker` at `cost`; kNobody if none.
template <typename Rows>
uint32_t Shortcuts<Rows>::SlotFor(uint32_t node, uint32_t taker, int cost) {
  uint32_t& next =
      next_[static_cast<size_t>(cost) + 1][node * seats_.nodes() + taker];
  for (; next < slots_[node].size(); ++next) {
    const uint32_t slot = slots_[node][next];
    if (!budget_.Spend(1)) return kNobody;
    if (table_[slot] == node && rows_.Admits(slot, taker) &&
        rows_.CostIn(slot, taker) - rows_.Cost(slot) == cost) {
      return slot;
    }
  }
  return kNobody;
}

// Applies the path that ends at `node`. Fails if the path visits a row twice,
// because one step can invalidate another in the same row.
template <typename Rows>
bool Shortcuts<Rows>::Apply(uint32_t node) {
  std::vector<Reached> path;
  std::vector<uint32_t> takers;
  std::vector<size_t> rows;
  for (uint32_t at = node; at != kNobody; at = path.back().from) {
    path.push_back(reached_[at]);
    takers.push_back(at);
    if (path.size() > seats_.nodes()) return false;
    if (path.back().slot == kNobody) continue;
    rows.push_back(rows_.RowOf(path.back().slot));
    if (std::count(rows.begin(), rows.end(), rows.back()) > 1) return false;
  }
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i].slot == kNobody) continue;
    const uint32_t leaves = table_[path[i].slot];
    if (leaves != kNobody) seats_.Leave(leaves);
    Put(path[i].slot, takers[i]);
    seats_.Take(takers[i]);
  }
  return true;
}

template <typename Rows>
void Shortcuts<Rows>::Put(uint32_t slot, uint32_t node) {
  table_.Put(slot, node);
  rows_.Altered(slot);
  slots_[node].push_back(slot);
}

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_ASSIGN_SHORTCUTS_H_
