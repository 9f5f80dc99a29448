// A unary call that waits for its turn, and perhaps for the disk or for another
// machine: answered by its work, or before its client gives up, whichever is
// first. Thread-safe.
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

  // Whether its work shall be done. A call that was answered is never begun,
  // nor one that nobody waits for: what it asks for is surely not made.
  bool Begin();

  // Answers, unless that was done.
  template <typename Response>
  void Finish(const absl::StatusOr<Response>& answer) {
    MutexLock lock(mu_);
    if (!answered_) call_.Finish(answer);
    answered_ = true;
  }
  void Refuse(const absl::Status& status);

  // Refuses for want of time: STORE_UNAVAILABLE for a change, OVERLOADED for a
  // read. Work that has begun goes on.
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
