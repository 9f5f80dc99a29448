// CallCheck asks whether the call that a change belongs to is still open.
//
// Refusals are final because of this rule: the server reads a state of the
// ring, then checks that the call is open, and then plans the change on that
// state. The store commits the change only on top of that state. So a change
// that is refused at another server, after its call has ended here, is not made
// here (DECISIONS.md, "A refusal is final").
#ifndef CLOCKWISE_SERVICE_MEMBERSHIP_CALL_CHECK_H_
#define CLOCKWISE_SERVICE_MEMBERSHIP_CALL_CHECK_H_

#include <functional>

#include "absl/status/status.h"

namespace clockwise {

enum class CallStage {
  kPlan,    // a plan begins or continues
  kRead,    // the store is read next
  kCommit,  // the change is sent to the store next
};

// Returns OK if the call may enter `stage`. Otherwise the call was answered or
// cancelled, its time is over, or its caller may no longer make the change.
// Then returns the status with which the call ends. Called on the thread that
// makes the change; must be cheap. Null: always OK.
using CallCheck = std::function<absl::Status(CallStage stage)>;

inline absl::Status Check(const CallCheck& check, CallStage stage) {
  return check == nullptr ? absl::OkStatus() : check(stage);
}

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_MEMBERSHIP_CALL_CHECK_H_
