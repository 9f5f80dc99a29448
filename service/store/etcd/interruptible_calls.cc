#include "service/store/etcd/interruptible_calls.h"

namespace clockwise {

InterruptibleCalls::Call::Call(InterruptibleCalls& calls,
                               grpc::ClientContext& context)
    : calls_(calls), context_(context) {
  MutexLock lock(calls_.mu_);
  calls_.contexts_.insert(&context_);
  // A call that starts with a cancelled context fails at once.
  if (calls_.interrupted_) context_.TryCancel();
}

InterruptibleCalls::Call::~Call() {
  MutexLock lock(calls_.mu_);
  calls_.contexts_.erase(&context_);
}

void InterruptibleCalls::Interrupt() {
  {
    MutexLock lock(mu_);
    interrupted_ = true;
    for (grpc::ClientContext* context : contexts_) context->TryCancel();
  }
  interruption_.NotifyAll();
}

bool InterruptibleCalls::interrupted() {
  MutexLock lock(mu_);
  return interrupted_;
}

void InterruptibleCalls::Pause(std::chrono::milliseconds pause) {
  const auto until = std::chrono::steady_clock::now() + pause;
  MutexLock lock(mu_);
  while (!interrupted_ && std::chrono::steady_clock::now() < until) {
    interruption_.WaitUntil(mu_, until);
  }
}

}  // namespace clockwise
