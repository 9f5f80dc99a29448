// WorkQueue runs functions on threads of its own. Functions with the same
// key run one at a time, in the order in which they were added. Functions with
// different keys run in parallel, and keys take turns. Its length is bounded,
// and keys share the places equally: if all are taken, a function of a key with
// few takes the place of the newest function of the key with the most.
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
  // The share of the processor that the threads get if it is busy.
  enum class Priority { kNormal, kLow };

  // Starts `threads` >= 1 threads. At most `capacity` functions wait.
  WorkQueue(size_t threads, size_t capacity, Priority priority);
  // Runs all functions that were added, then joins the threads.
  ~WorkQueue();
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  // Adds `run`. Returns false, and calls neither function, if the queue is
  // full. Calls `drop` instead of `run` if another key takes the place, on the
  // thread that adds its function.
  [[nodiscard]] bool Add(const std::string& key, std::function<void()> run,
                         std::function<void()> drop = nullptr);

 private:
  struct Work {
    std::function<void()> run;
    std::function<void()> drop;
  };
  using Line = std::deque<Work>;

  void Run(const std::stop_token& stop);
  // Frees a place for a key that has `own` functions. Moves the function that
  // had it to `displaced`. Returns false if no other key has more places.
  bool Displace(size_t own, Work& displaced) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const size_t capacity_;
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
