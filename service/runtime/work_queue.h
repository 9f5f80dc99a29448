// WorkQueue runs functions on threads of its own. Functions with the same
// key run one at a time, in the order in which they were added. Functions with
// different keys run in parallel, and keys take turns. Its length is bounded.
// Thread-safe. It owns its threads.
#ifndef CLOCKWISE_SERVICE_RUNTIME_WORK_QUEUE_H_
#define CLOCKWISE_SERVICE_RUNTIME_WORK_QUEUE_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "service/runtime/mutex.h"

namespace clockwise {

class WorkQueue {
 public:
  // Starts `threads` >= 1 threads. At most `capacity` functions wait, and at
  // most `capacity_of_key` of one key.
  WorkQueue(size_t threads, size_t capacity, size_t capacity_of_key);
  // Runs all functions that were added, then joins the threads.
  ~WorkQueue();
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  // Adds `work`. Returns false, and does not run it, if the queue is full.
  [[nodiscard]] bool Add(const std::string& key, std::function<void()> work);

 private:
  using Line = std::deque<std::function<void()>>;

  void Run(const std::stop_token& stop);

  const size_t capacity_;
  const size_t capacity_of_key_;
  Mutex mu_;
  Condition added_;
  // A key has a line, perhaps an empty one, while its functions wait or run.
  std::map<std::string, Line> lines_ ABSL_GUARDED_BY(mu_);
  // The keys whose functions wait and do not run.
  std::deque<std::string> ready_ ABSL_GUARDED_BY(mu_);
  size_t waiting_ ABSL_GUARDED_BY(mu_) = 0;  // in all lines
  std::vector<std::jthread> threads_;        // last: they use the members above
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RUNTIME_WORK_QUEUE_H_
