// InterruptibleCalls are the calls of an etcd client, and its pauses between
// them, that can all be ended at once. Thread-safe.
#ifndef CLOCKWISE_SERVICE_STORE_ETCD_INTERRUPTIBLE_CALLS_H_
#define CLOCKWISE_SERVICE_STORE_ETCD_INTERRUPTIBLE_CALLS_H_

#include <grpcpp/client_context.h>

#include <chrono>
#include <set>

#include "absl/base/thread_annotations.h"
#include "service/runtime/mutex.h"

namespace clockwise {

class InterruptibleCalls {
 public:
  // One call. Lives for as long as the call may run, and its context longer.
  class Call {
   public:
    Call(InterruptibleCalls& calls, grpc::ClientContext& context);
    ~Call();
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

   private:
    InterruptibleCalls& calls_;
    grpc::ClientContext& context_;
  };

  // Cancels all calls and ends all pauses, now and from now on.
  void Interrupt();
  bool interrupted();

  // Returns after `pause`, or once Interrupt was called.
  void Pause(std::chrono::milliseconds pause);

 private:
  Mutex mu_;
  Condition interruption_;
  bool interrupted_ ABSL_GUARDED_BY(mu_) = false;
  std::set<grpc::ClientContext*> contexts_ ABSL_GUARDED_BY(mu_);
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_ETCD_INTERRUPTIBLE_CALLS_H_
