// Deadlines calls functions at given times, unless they are removed before.
// Thread-safe. It owns one thread, which calls them; they must not block.
#ifndef CLOCKWISE_SERVICE_RPC_DEADLINES_H_
#define CLOCKWISE_SERVICE_RPC_DEADLINES_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <stop_token>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "service/runtime/mutex.h"
#include "service/runtime/periodic_task.h"

namespace clockwise {

class Deadlines {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // Identifies a deadline that was added.
  using Handle = std::pair<Time, uint64_t>;

  Deadlines();
  // The destructor removes all deadlines that have not expired.
  Deadlines(const Deadlines&) = delete;
  Deadlines& operator=(const Deadlines&) = delete;

  // Calls `expired` at `time`.
  Handle Add(Time time, std::function<void()> expired);
  // Lets all present and future deadlines expire at once.
  void ExpireAll();
  // Removes a deadline. Does nothing if it has expired.
  void Remove(const Handle& handle);

 private:
  // Calls the functions of all deadlines that have passed. Returns the next
  // deadline.
  Time Expire(const std::stop_token& stop);
  // Removes the first deadline and returns its function, if it has passed. Else
  // sets `next` and returns null.
  std::function<void()> TakeExpired(Time& next);

  Mutex mu_;
  std::map<Handle, std::function<void()>> waiting_ ABSL_GUARDED_BY(mu_);
  uint64_t added_ ABSL_GUARDED_BY(mu_) = 0;
  bool all_expired_ ABSL_GUARDED_BY(mu_) = false;
  PeriodicTask task_;  // last, because it uses the members above
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_DEADLINES_H_
