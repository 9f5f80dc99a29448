// Exchanges fills the empty slots that no node with room may own, at minimum
// cost. Thread-compatible.
//
// It combines three searches for the same chains (min_cost_exchange.h):
//   Shortcuts        is the fastest if few nodes own many rows.
//   MinCostExchange  finds one chain per search. It is exact.
//   BlockingFlow     takes over if many searches were long.
#ifndef CLOCKWISE_SERVICE_RING_ASSIGN_EXCHANGES_H_
#define CLOCKWISE_SERVICE_RING_ASSIGN_EXCHANGES_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "service/ring/assign/blocking_flow.h"
#include "service/ring/assign/min_cost_exchange.h"
#include "service/ring/assign/seats.h"
#include "service/ring/assign/shortcuts.h"
#include "service/ring/assign/slot_table.h"
#include "service/ring/work_budget.h"

namespace clockwise {

template <typename Rows>
class Exchanges {
 public:
  // A limit for chains of any cost.
  static constexpr int kDearest = std::numeric_limits<int>::max() - 1;

  // After `patience` × PatienceUnit steps of MinCostExchange, BlockingFlow is
  // tried.
  Exchanges(Rows& rows, SlotTable& table, Seats& seats, WorkBudget& budget,
            uint64_t patience)
      : budget_(budget),
        patience_(patience * PatienceUnit(table)),
        shortcuts_(rows, table, seats, budget),
        exchange_(rows, table, seats, budget),
        flow_(rows, table, seats, budget) {}

  // A round visits the whole table. So it is worth its time after as many steps
  // of single searches. In small tables, the time does not matter.
  static uint64_t PatienceUnit(const SlotTable& table) {
    return std::max<uint64_t>(1 << 18, table.size());
  }

  // Fills `slots` by cheapest chains first, at costs from `cost` to `most`.
  // Slots that cannot be filled remain in `slots`. Path costs only grow while
  // flow is augmented along shortest paths. So a slot that fails at a cost need
  // not be tried at that cost again. Returns the status of the budget.
  [[nodiscard]] absl::Status Fill(int cost, int most,
                                  std::vector<uint32_t>& slots) {
    bool dearer = true;
    for (; dearer && cost <= most; ++cost) {
      std::erase_if(slots,
                    [&](uint32_t slot) { return shortcuts_.Fill(slot, cost); });
      dearer = FillAt(cost, slots);
    }
    return budget_.status();
  }

 private:
  using Outcome = typename MinCostExchange<Rows>::Outcome;
  static constexpr size_t kBatch = 64;

  // Fills `slots` by chains of `cost`. Leaves those that no such chain fills.
  // Returns true if dearer chains exist.
  bool FillAt(int cost, std::vector<uint32_t>& slots) {
    bool dearer = false;
    std::vector<uint32_t> put_off;
    size_t most_at_once = kBatch;
    uint64_t patience = patience_;
    uint64_t searched_from = budget_.spent();
    while (!slots.empty() && !budget_.ended()) {
      if (budget_.spent() - searched_from > patience) {
        if (flow_.Fill(cost, slots) == 0) patience *= 2;
        searched_from = budget_.spent();
        continue;
      }
      // A batch that fails is postponed as a whole.
      const size_t batch = std::min(most_at_once, slots.size());
      const auto first = slots.end() - static_cast<ptrdiff_t>(batch);
      uint32_t filled = kNobody;
      const Outcome outcome =
          exchange_.Fill(std::span(slots).last(batch), cost, &filled);
      if (outcome == Outcome::kFilled) {
        *std::find(first, slots.end(), filled) = slots.back();
        slots.pop_back();
        most_at_once = kBatch;
        continue;
      }
      most_at_once *= 2;  // a failed search visits everything anyway
      put_off.insert(put_off.end(), first, slots.end());
      slots.erase(first, slots.end());
      dearer = dearer || outcome == Outcome::kTooDear;
    }
    slots.insert(slots.end(), put_off.begin(), put_off.end());
    return dearer;
  }

  WorkBudget& budget_;
  const uint64_t patience_;
  Shortcuts<Rows> shortcuts_;
  MinCostExchange<Rows> exchange_;
  BlockingFlow<Rows> flow_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_ASSIGN_EXCHANGES_H_
