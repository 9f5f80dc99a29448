#include "service/rpc/queued_call.h"

#include "service/api/refusal.h"

namespace clockwise {

bool QueuedCall::Begin() {
  MutexLock lock(mu_);
  // The context exists only until the call is answered.
  if (!answered_ && call_.context()->IsCancelled()) {
    RefuseLocked(
        absl::CancelledError("the call was cancelled before it began"));
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
                         "the server could not answer before the deadline; "
                         "retry with a longer deadline, or call another "
                         "server"));
  } else if (begun_) {
    RefuseLocked(Refusal(v1::ERROR_REASON_STORE_UNAVAILABLE,
                         "the store did not answer before the deadline; the "
                         "outcome is unknown; retry with the same "
                         "request_id"));
  } else {
    RefuseLocked(Refusal(v1::ERROR_REASON_STORE_UNAVAILABLE,
                         "the change was still queued at the deadline, because "
                         "the store is slow or not available; nothing was "
                         "changed; retry later"));
  }
}

void QueuedCall::RefuseLocked(const absl::Status& status) {
  if (!answered_) call_.Finish(status);
  answered_ = true;
}

}  // namespace clockwise
