// QueuedCall is a unary call that waits in a queue, and perhaps for the disk or
// another machine. It is answered by its work or shortly before the client's
// deadline, whichever is first. Thread-safe.
#ifndef CLOCKWISE_SERVICE_RPC_QUEUED_CALL_H_
#define CLOCKWISE_SERVICE_RPC_QUEUED_CALL_H_

#include <grpcpp/server_context.h>

#include <chrono>
#include <functional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "service/membership/call_check.h"
#include "service/rpc/unary_call.h"
#include "service/runtime/mutex.h"

namespace clockwise {

// Returns OVERLOADED: `most` calls are queued already.
absl::Status QueueIsFull(size_t most);

class QueuedCall {
 public:
  enum class Kind { kChange, kRead };

  // Checks that the caller may still make the call: the role may be gone, or
  // the certificate may have expired, while the call waited.
  using Admission =
      std::function<absl::Status(const grpc::CallbackServerContext&)>;

  QueuedCall(const UnaryCall& call, Kind kind, Admission admit)
      : call_(call),
        kind_(kind),
        admit_(std::move(admit)),
        answer_by_(call.AnswerBy()) {}

  // Returns the time at which Expire must be called.
  std::chrono::steady_clock::time_point answer_by() const { return answer_by_; }

  // True if the call was answered or cancelled.
  bool Over();

  // Marks the work as begun. Otherwise the call is answered, and has certainly
  // changed nothing. CANCELLED: it was answered or cancelled before. Other
  // errors: the caller may no longer make the call.
  absl::Status Begin();

  // Checks that the work may enter `stage` (membership/call_check.h).
  // CANCELLED: the call was answered or cancelled, or its time is over. Other
  // errors: the caller may no longer make the change, which is not sent to the
  // store.
  absl::Status Check(CallStage stage);

  // Answer the call, if it was not answered before. A failed change that was
  // not sent to the store states that nothing was changed.
  template <typename Response>
  void Finish(const absl::StatusOr<Response>& answer) {
    if (!answer.ok()) return Refuse(answer.status());
    MutexLock lock(mu_);
    if (!answered_) call_.Finish(answer);
    answered_ = true;
  }
  void Refuse(const absl::Status& status);

  // Ends the call at its deadline: STORE_UNAVAILABLE for a change that waits or
  // was sent to the store, otherwise OVERLOADED. Work ends at its next Check; a
  // call to the store continues.
  void Expire();

 private:
  void ExpireLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void RefuseLocked(const absl::Status& status)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const UnaryCall call_;
  const Kind kind_;
  const Admission admit_;
  const std::chrono::steady_clock::time_point answer_by_;
  Mutex mu_;
  bool begun_ ABSL_GUARDED_BY(mu_) = false;
  bool reads_ ABSL_GUARDED_BY(mu_) = false;  // waits for the store
  bool sent_ ABSL_GUARDED_BY(mu_) = false;   // to the store
  bool answered_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_QUEUED_CALL_H_
