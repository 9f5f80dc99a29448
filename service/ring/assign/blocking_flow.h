// BlockingFlow fills many empty slots per search: it finds the chains of
// MinCostExchange in rounds (Dinitz 1970). Thread-compatible.
//
// MinCostExchange searches once for each chain. In a large table, such a search
// visits many slots, and a change of many nodes needs many chains. A round
// visits each slot a few times, however many chains it finds:
//   1. ChainLabels computes for each node the least cost of a path from an
//      empty slot, and among the paths of that cost, the least number of steps.
//   2. The walk goes from each empty slot along steps that lead to the next
//      label only. Each slot is used or dismissed once. A node from which
//      no step leads on is not visited again.
//
// All chains cost exactly the limit, like those of MinCostExchange at that
// limit. A walk does not visit a row twice, because one step in a row can
// invalidate another, and it may miss chains that earlier ones of the same
// round made possible. MinCostExchange then finds them. So BlockingFlow only
// saves time, like Shortcuts.
#ifndef CLOCKWISE_SERVICE_RING_ASSIGN_BLOCKING_FLOW_H_
#define CLOCKWISE_SERVICE_RING_ASSIGN_BLOCKING_FLOW_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "service/ring/assign/chain_labels.h"
#include "service/ring/assign/class_lists.h"
#include "service/ring/assign/seats.h"
#include "service/ring/assign/slot_table.h"
#include "service/ring/work_budget.h"

namespace clockwise {

template <typename Rows>
class BlockingFlow {
 public:
  BlockingFlow(Rows& rows, SlotTable& table, Seats& seats, WorkBudget& budget)
      : rows_(rows),
        table_(table),
        seats_(seats),
        budget_(budget),
        labels_(rows, table, seats, budget) {}

  // Fills empty `slots` by chains of cost `limit`, in rounds, until a round
  // finds none. Removes the filled ones from `slots`. Returns their number.
  size_t Fill(int limit, std::vector<uint32_t>& slots) {
    size_t all = 0;
    while (!slots.empty() && labels_.Compute(slots, limit)) {
      limit_ = limit;
      Start();
      const size_t filled = std::erase_if(
          slots, [&](uint32_t slot) { return !budget_.ended() && Walk(slot); });
      all += filled;
      if (filled == 0) break;
    }
    return all;
  }

  // --- Called by Rows. See MinCostExchange. ---
  void Reach(uint32_t node, int cost, uint32_t /*via*/) {
    if (done() || IsReached(node, cost) || !IsNext(node, cost)) return;
    chosen_ = node;
  }
  // Candidates that lead nowhere count as reached, so that Rows removes them.
  bool IsReached(uint32_t node, int /*cost*/) const {
    return is_dead_[node] != 0;
  }
  bool Affords(int cost) const { return cost <= limit_; }
  bool done() const { return chosen_ != kNobody; }
  ClassLists& Candidates(int cost) { return by_zone_[{cost, step_}]; }
  bool Enter(size_t /*place*/, int /*cost*/, uint32_t /*slot*/) { return true; }

 private:
  // A step of the walk. The node takes `slot` from the node of the step before,
  // or gives its extra to that node, and then `slot` is kNobody.
  struct Step {
    uint32_t node;
    uint32_t slot;
  };
  using ByLabel = std::map<std::pair<int, uint32_t>, ClassLists>;

  bool IsNext(uint32_t node, int cost) const {
    return labels_.cost(node) == cost && labels_.steps(node) == step_;
  }

  // Sorts the nodes with labels by label, then by zone and by group.
  void Start() {
    const size_t nodes = seats_.nodes();
    is_dead_.assign(nodes, 0);
    next_slot_.assign(nodes, 0);
    on_path_.resize(rows_.rows());
    by_zone_.clear();
    by_group_.clear();
    std::map<std::pair<int, uint32_t>, std::vector<uint32_t>> by_label;
    for (const uint32_t node : labels_.reached()) {
      by_label[{labels_.cost(node), labels_.steps(node)}].push_back(node);
    }
    for (auto& [label, members] : by_label) {
      std::sort(members.begin(), members.end());
      by_zone_[label] = rows_.ByZone(members);
      std::vector<ClassLists::Member> holders;
      for (const uint32_t node : members) {
        if (seats_.has_extra(node)) {
          holders.emplace_back(seats_.group(node), node);
        }
      }
      std::sort(holders.begin(), holders.end());
      by_group_[label] = ClassLists(holders);
    }
  }

  // Fills the empty `slot` if a chain leads from it to a node with room.
  bool Walk(uint32_t slot) {
    path_.clear();
    for (;;) {
      const bool advanced =
          path_.empty() ? AdvanceFromEmpty(slot) : Advance(path_.back().node);
      if (advanced) {
        if (!seats_.HasRoom(path_.back().node)) continue;
        Apply();
        return true;
      }
      if (path_.empty() || budget_.ended()) break;
      is_dead_[path_.back().node] = 1;
      LeavePath(path_.back());
      path_.pop_back();
    }
    for (const Step& step : path_) LeavePath(step);
    return false;
  }

  bool AdvanceFromEmpty(uint32_t slot) {
    chosen_ = kNobody;
    step_ = 1;
    budget_.Spend(1);
    rows_.ReachFromEmpty(*this, slot);
    if (!done()) return false;
    JoinPath({chosen_, slot});
    return true;
  }

  // Adds a step from `node` to the path. False if there is none.
  bool Advance(uint32_t node) {
    chosen_ = kNobody;
    step_ = labels_.steps(node) + 1;
    const int cost = labels_.cost(node);
    if (AdvanceByExtra(node, cost)) return true;
    for (uint32_t& next = next_slot_[node];; ++next) {
      const std::span<const uint32_t> slots =
          Affords(cost + 1) ? table_.of_node(node) : rows_.CheapSlots(node);
      if (next >= slots.size() || !budget_.Spend(1)) return false;
      const uint32_t slot = slots[next];
      if (on_path_[rows_.RowOf(slot)] != 0) continue;
      rows_.ReachFromGivenUp(*this, slot, cost - rows_.Cost(slot));
      if (!done()) continue;
      JoinPath({chosen_, slot});
      return true;
    }
  }

  // A node that lacks only an extra takes it from a member of its group.
  bool AdvanceByExtra(uint32_t node, int cost) {
    if (!seats_.LacksExtra(node)) return false;
    ClassLists& holders = by_group_[{cost, step_}];
    const size_t list = holders.Find(seats_.group(node));
    if (list == ClassLists::kNone) return false;
    while (!holders.Nodes(list).empty()) {
      const uint32_t holder = holders.Nodes(list).back();
      if (is_dead_[holder] == 0 && seats_.has_extra(holder)) {
        JoinPath({holder, kNobody});
        return true;
      }
      holders.Remove(list, holders.Nodes(list).size() - 1);
    }
    return false;
  }

  void JoinPath(const Step& step) {
    path_.push_back(step);
    if (step.slot != kNobody) on_path_[rows_.RowOf(step.slot)] = 1;
  }
  void LeavePath(const Step& step) {
    if (step.slot != kNobody) on_path_[rows_.RowOf(step.slot)] = 0;
  }

  // Applies the path from its end, so that a node has always left a slot, or
  // got its extra, before it takes another.
  void Apply() {
    for (auto step = path_.rbegin(); step != path_.rend(); ++step) {
      LeavePath(*step);
      if (step->slot == kNobody) continue;
      const uint32_t leaves = table_[step->slot];
      if (leaves != kNobody) seats_.Leave(leaves);
      table_.Put(step->slot, step->node);
      rows_.Altered(step->slot);
      seats_.Take(step->node);
    }
  }

  Rows& rows_;
  SlotTable& table_;
  Seats& seats_;
  WorkBudget& budget_;
  ChainLabels<Rows> labels_;
  ByLabel by_zone_;                  // nodes that the walk may visit
  ByLabel by_group_;                 // those with an extra
  std::vector<uint8_t> is_dead_;     // by node
  std::vector<uint32_t> next_slot_;  // by node: index of the next to give up
  std::vector<uint8_t> on_path_;     // by row
  std::vector<Step> path_;
  int limit_ = 0;
  uint32_t step_ = 0;          // label of the step that is sought
  uint32_t chosen_ = kNobody;  // the node of that step
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_ASSIGN_BLOCKING_FLOW_H_
