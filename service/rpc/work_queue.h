// A bounded queue of work that must not hold up gRPC's own threads: changes,
// which wait for the disk, and long reads. Thread-safe. It owns its threads.
#ifndef CLOCKWISE_SERVICE_RPC_WORK_QUEUE_H_
#define CLOCKWISE_SERVICE_RPC_WORK_QUEUE_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "service/runtime/mutex.h"

namespace clockwise {

class WorkQueue {
 public:
  // `threads` >= 1 run what is added, at most `capacity` wait.
  WorkQueue(size_t threads, size_t capacity);
  // Runs what was added, then joins.
  ~WorkQueue();
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  // Runs `work` on one of the threads; false, and does not, if too much waits.
  [[nodiscard]] bool Add(std::function<void()> work);

 private:
  void Run();

  const size_t capacity_;
  Mutex mu_;
  Condition changed_;
  std::deque<std::function<void()>> waiting_ ABSL_GUARDED_BY(mu_);
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_WORK_QUEUE_H_
