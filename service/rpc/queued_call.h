// QueuedCall is a unary call that waits in a queue, and perhaps for the disk or
// another machine. It is answered by its work or shortly before the client's
// deadline, whichever is first. Thread-safe.
#ifndef CLOCKWISE_SERVICE_RPC_QUEUED_CALL_H_
#define CLOCKWISE_SERVICE_RPC_QUEUED_CALL_H_

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "service/rpc/unary_call.h"
#include "service/runtime/mutex.h"

namespace clockwise {

class QueuedCall {
 public:
  enum class Kind { kChange, kRead };

  QueuedCall(const UnaryCall& call, Kind kind) : call_(call), kind_(kind) {}

  // Marks the work as begun. Returns false if it must not begin, because the
  // call was answered or cancelled. Such a call has certainly changed nothing.
  bool Begin();

  // Answer the call, if it was not answered before.
  template <typename Response>
  void Finish(const absl::StatusOr<Response>& answer) {
    MutexLock lock(mu_);
    if (!answered_) call_.Finish(answer);
    answered_ = true;
  }
  void Refuse(const absl::Status& status);

  // Ends the call at its deadline: STORE_UNAVAILABLE for a change, OVERLOADED
  // for a read. Work that has begun continues.
  void Expire();

 private:
  void RefuseLocked(const absl::Status& status)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const UnaryCall call_;
  const Kind kind_;
  Mutex mu_;
  bool begun_ ABSL_GUARDED_BY(mu_) = false;
  bool answered_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_QUEUED_CALL_H_
