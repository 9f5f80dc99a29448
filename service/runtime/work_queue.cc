#include "service/runtime/work_queue.h"

#include <chrono>
#include <utility>

namespace clockwise {

WorkQueue::WorkQueue(size_t threads, size_t capacity) : capacity_(capacity) {
  for (size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this](const std::stop_token& stop) { Run(stop); });
  }
}

WorkQueue::~WorkQueue() {
  for (std::jthread& thread : threads_) thread.request_stop();
}

bool WorkQueue::Add(std::function<void()> work) {
  {
    MutexLock lock(mu_);
    if (waiting_.size() >= capacity_) return false;
    waiting_.push_back(std::move(work));
  }
  added_.NotifyOne();
  return true;
}

void WorkQueue::Run(const std::stop_token& stop) {
  while (true) {
    std::function<void()> work;
    {
      MutexLock lock(mu_);
      const bool any = added_.WaitUntil(
          mu_, stop, std::chrono::steady_clock::time_point::max(),
          [this]()
              ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return !waiting_.empty(); });
      if (!any) return;  // stopped, and the queue is empty
      work = std::move(waiting_.front());
      waiting_.pop_front();
    }
    work();
  }
}

}  // namespace clockwise
