// WorkBudget limits the work of one plan, and lets the caller stop it.
// Thread-compatible: each plan has its own.
//
// Work is counted in steps, not in time. So all machines refuse the same
// changes at the same step. A step is one visit of an owner slot or of a node,
// between 1 and 100 ns. Functions that take a budget return its status when it
// has ended, and have changed nothing then.
#ifndef CLOCKWISE_SERVICE_RING_WORK_BUDGET_H_
#define CLOCKWISE_SERVICE_RING_WORK_BUDGET_H_

#include <cstdint>
#include <functional>
#include <limits>
#include <utility>

#include "absl/status/status.h"

namespace clockwise {

class WorkBudget {
 public:
  static constexpr uint64_t kUnlimited = std::numeric_limits<uint64_t>::max();
  // Number of steps between two calls of `stopped`: usually less than 1 ms, at
  // most about 12 ms. A function that counts many steps at once exceeds it.
  static constexpr uint64_t kStepsPerCheck = 1 << 15;

  // `stopped` returns true if no caller needs the result any more, for example
  // after a deadline, a cancellation or the start of a shutdown. The thread of
  // the plan calls it. It must be cheap. Null: the plan is never stopped.
  explicit WorkBudget(uint64_t steps = kUnlimited,
                      std::function<bool()> stopped = nullptr)
      : limit_(steps), stopped_(std::move(stopped)) {}

  // Counts `steps`. Returns false if the work must end now: call status().
  bool Spend(uint64_t steps) {
    spent_ += steps;
    return spent_ < next_check_ || Check();
  }

  // Limits the number of points of the result (Ring::slot_nodes).
  void LimitPoints(uint64_t points) { points_ = points; }
  uint64_t points() const { return points_; }

  bool ended() const { return !status_.ok(); }
  // CANCELLED: `stopped` returned true. LIMIT_REACHED: all steps are spent; the
  // message proposes a smaller change. OK otherwise.
  const absl::Status& status() const { return status_; }
  uint64_t spent() const { return spent_; }

 private:
  // Updates the status. Returns false if the work must end.
  bool Check();

  uint64_t limit_;
  uint64_t points_ = kUnlimited;
  std::function<bool()> stopped_;
  uint64_t spent_ = 0;
  uint64_t next_check_ = 0;  // value of spent_; 0: at the next call
  absl::Status status_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_WORK_BUDGET_H_
