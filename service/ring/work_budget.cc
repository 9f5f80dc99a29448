#include "service/ring/work_budget.h"

#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"

namespace clockwise {

// After the end, next_check_ stays 0, so that each call of Spend fails.
bool WorkBudget::Check() {
  next_check_ = 0;
  if (!status_.ok()) return false;
  if (stopped_ != nullptr && stopped_()) {
    status_ = absl::CancelledError(
        "the plan was stopped before it was complete; nothing was changed");
    return false;
  }
  if (spent_ > limit_) {
    status_ = Refusal(
        v1::ERROR_REASON_LIMIT_REACHED,
        absl::StrCat("the change needs more than ", limit_,
                     " steps to find the partitions to move; split it into "
                     "several changes of fewer nodes, or use a ring with fewer "
                     "partitions"));
    return false;
  }
  next_check_ =
      limit_ - spent_ < kStepsPerCheck ? limit_ + 1 : spent_ + kStepsPerCheck;
  return true;
}

}  // namespace clockwise
