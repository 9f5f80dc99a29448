// InterruptibleCalls keeps track of the running calls of an etcd client, and
// can end all of them, and the pauses between retries, at once. Thread-safe.
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
  // Registers one call. It must live while the call runs, and `context` must
  // outlive it.
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

  // Cancels all present and future calls, and ends all pauses.
  void Interrupt();
  bool interrupted();

  // Blocks for `pause`, or until Interrupt is called.
  void Pause(std::chrono::milliseconds pause);

 private:
  Mutex mu_;
  Condition interruption_;
  bool interrupted_ ABSL_GUARDED_BY(mu_) = false;
  std::set<grpc::ClientContext*> contexts_ ABSL_GUARDED_BY(mu_);
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_ETCD_INTERRUPTIBLE_CALLS_H_
