// WorkQueue runs functions on threads of its own, in the order in which they
// were added. Its length is bounded. Thread-safe. It owns its threads.
#ifndef CLOCKWISE_SERVICE_RUNTIME_WORK_QUEUE_H_
#define CLOCKWISE_SERVICE_RUNTIME_WORK_QUEUE_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <stop_token>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "service/runtime/mutex.h"

namespace clockwise {

class WorkQueue {
 public:
  // Starts `threads` >= 1 threads. At most `capacity` functions wait.
  WorkQueue(size_t threads, size_t capacity);
  // Runs all functions that were added, then joins the threads.
  ~WorkQueue();
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  // Adds `work`. Returns false, and does not run it, if the queue is full.
  [[nodiscard]] bool Add(std::function<void()> work);

 private:
  void Run(const std::stop_token& stop);

  const size_t capacity_;
  Mutex mu_;
  Condition added_;
  std::deque<std::function<void()>> waiting_ ABSL_GUARDED_BY(mu_);
  std::vector<std::jthread> threads_;  // last: they use the members above
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RUNTIME_WORK_QUEUE_H_
