#include "service/rpc/queued_call.h"

#include <chrono>

#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/channel/status_mapping.h"

namespace clockwise {

absl::Status QueueIsFull(size_t most) {
  return Overloaded(absl::StrCat(most,
                                 " calls are queued already, the maximum "
                                 "(--max-queued-calls); retry in 1 second, or "
                                 "call another server"));
}

absl::Status QueuedCall::Begin() {
  MutexLock lock(mu_);
  if (answered_) return absl::CancelledError("the call ended before it began");
  absl::Status status =
      call_.context()->IsCancelled()
          ? absl::CancelledError("the call was cancelled before it began")
          : admit_(*call_.context());
  if (!status.ok()) RefuseLocked(status);
  begun_ = status.ok();
  return status;
}

// The context exists only until the call is answered.
bool QueuedCall::Over() {
  MutexLock lock(mu_);
  return answered_ || call_.context()->IsCancelled();
}

void QueuedCall::Refuse(const absl::Status& status) {
  MutexLock lock(mu_);
  RefuseLocked(status);
}

// The time is read from the clock, because a process that was stopped may run
// this before the thread that calls Expire.
absl::Status QueuedCall::Check(CallStage stage) {
  MutexLock lock(mu_);
  if (!answered_ && std::chrono::steady_clock::now() >= answer_by_) {
    ExpireLocked();
  }
  if (answered_ || call_.context()->IsCancelled()) {
    return absl::CancelledError(
        "the call ended before the change was made; nothing was changed");
  }
  reads_ = stage == CallStage::kRead;
  if (stage != CallStage::kCommit) return absl::OkStatus();
  absl::Status status = admit_(*call_.context());  // a plan may take long
  if (status.ok()) sent_ = true;
  return status;
}

void QueuedCall::Expire() {
  MutexLock lock(mu_);
  ExpireLocked();
}

void QueuedCall::ExpireLocked() {
  if (kind_ == Kind::kRead) {
    RefuseLocked(Refusal(v1::ERROR_REASON_OVERLOADED,
                         "the server could not answer before the deadline; "
                         "retry with a longer deadline, or call another "
                         "server"));
  } else if (sent_) {
    RefuseLocked(Refusal(v1::ERROR_REASON_STORE_UNAVAILABLE,
                         "the store did not answer before the deadline; the "
                         "outcome is unknown; retry with the same "
                         "request_id"));
  } else if (reads_) {
    RefuseLocked(Refusal(v1::ERROR_REASON_STORE_UNAVAILABLE,
                         "the store was not read before the deadline; nothing "
                         "was changed; retry later"));
  } else if (begun_) {
    RefuseLocked(Refusal(v1::ERROR_REASON_OVERLOADED,
                         "the server was still planning the change at the "
                         "deadline; nothing was changed; retry with a longer "
                         "deadline, or with fewer nodes per change"));
  } else {
    RefuseLocked(Refusal(v1::ERROR_REASON_STORE_UNAVAILABLE,
                         "the change was still queued at the deadline, because "
                         "the store is slow or not available; nothing was "
                         "changed; retry later"));
  }
}

void QueuedCall::RefuseLocked(const absl::Status& status) {
  if (!answered_) {
    call_.Finish(kind_ == Kind::kChange && !sent_
                     ? WithOutcome(status, /*maybe_made=*/false)
                     : status);
  }
  answered_ = true;
}

}  // namespace clockwise
