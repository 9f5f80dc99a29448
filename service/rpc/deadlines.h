// Deadlines calls back when a time has come, unless it is told before that
// there is no more need. Thread-safe. It owns one thread, on which it calls;
// what it calls must be quick.
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
  // Names one that was added.
  using Handle = std::pair<Time, uint64_t>;

  Deadlines();
  // Its destructor drops what has not expired yet.
  Deadlines(const Deadlines&) = delete;
  Deadlines& operator=(const Deadlines&) = delete;

  Handle Add(Time time, std::function<void()> expired);
  // From now on every time has come.
  void ExpireAll();
  // Nothing if its time has come.
  void Remove(const Handle& handle);

 private:
  // Calls back for all deadlines that have passed; returns the next one.
  Time Expire(const std::stop_token& stop);
  // Takes the first deadline if it has passed; else sets `next`.
  std::function<void()> TakeExpired(Time& next);

  Mutex mu_;
  std::map<Handle, std::function<void()>> waiting_ ABSL_GUARDED_BY(mu_);
  uint64_t added_ ABSL_GUARDED_BY(mu_) = 0;
  bool all_expired_ ABSL_GUARDED_BY(mu_) = false;
  PeriodicTask task_;  // last: it uses what is above
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_DEADLINES_H_
