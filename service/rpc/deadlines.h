// Deadlines calls back when a time has come, unless it is told before that
// there is no more need. Thread-safe. It owns one thread, on which it calls;
// what it calls must be quick.
#ifndef CLOCKWISE_SERVICE_RPC_DEADLINES_H_
#define CLOCKWISE_SERVICE_RPC_DEADLINES_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "service/runtime/mutex.h"

namespace clockwise {

class Deadlines {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // Names one that was added.
  using Handle = std::pair<Time, uint64_t>;

  Deadlines();
  // Drops what has not come yet, and joins.
  ~Deadlines();
  Deadlines(const Deadlines&) = delete;
  Deadlines& operator=(const Deadlines&) = delete;

  Handle Add(Time time, std::function<void()> expired);
  // From now on every time has come.
  void ExpireAll();
  // Nothing if its time has come.
  void Remove(const Handle& handle);

 private:
  void Run();

  Mutex mu_;
  Condition changed_;
  std::map<Handle, std::function<void()>> waiting_ ABSL_GUARDED_BY(mu_);
  uint64_t added_ ABSL_GUARDED_BY(mu_) = 0;
  bool all_expired_ ABSL_GUARDED_BY(mu_) = false;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_DEADLINES_H_
