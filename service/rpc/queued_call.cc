#include "service/rpc/queued_call.h"

#include "service/api/refusal.h"

namespace clockwise {

bool QueuedCall::Begin() {
  MutexLock lock(mu_);
  // The context exists only until the call is answered.
  if (!answered_ && call_.context()->IsCancelled()) {
    RefuseLocked(absl::CancelledError("cancelled before it was begun"));
  }
  begun_ = true;
  return !answered_;
}

void QueuedCall::Refuse(const absl::Status& status) {
  MutexLock lock(mu_);
  RefuseLocked(status);
}

void QueuedCall::Expire() {
  MutexLock lock(mu_);
  if (kind_ == Kind::kRead) {
    RefuseLocked(Refusal(v1::ERROR_REASON_OVERLOADED,
                         "it could not be answered before the deadline"));
  } else if (begun_) {
    RefuseLocked(Refusal(v1::ERROR_REASON_STORE_UNAVAILABLE,
                         "the store did not answer before the deadline: the "
                         "outcome is unknown; send the same request_id again "
                         "to learn it"));
  } else {
    RefuseLocked(Refusal(v1::ERROR_REASON_STORE_UNAVAILABLE,
                         "its turn did not come before the deadline, as the "
                         "store is slow or away: nothing was changed"));
  }
}

void QueuedCall::RefuseLocked(const absl::Status& status) {
  if (!answered_) call_.Finish(status);
  answered_ = true;
}

}  // namespace clockwise
