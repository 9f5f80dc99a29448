// Mutex is a std::mutex with annotations for clang's -Wthread-safety.
// Thread-safe. It replaces absl::Mutex, because ThreadSanitizer cannot see
// inside the packaged one.
#ifndef CLOCKWISE_SERVICE_RUNTIME_MUTEX_H_
#define CLOCKWISE_SERVICE_RUNTIME_MUTEX_H_

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

#include "absl/base/thread_annotations.h"

namespace clockwise {

class ABSL_LOCKABLE Mutex {
 public:
  void lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { mutex_.lock(); }
  void unlock() ABSL_UNLOCK_FUNCTION() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex)
      : mutex_(mutex) {
    mutex_.lock();
  }
  ~MutexLock() ABSL_UNLOCK_FUNCTION() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// A condition variable for a Mutex. Callers without a predicate loop on their
// own, so that the analysis sees their reads.
class Condition {
 public:
  void Wait(Mutex& mutex) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    condition_.wait(mutex);
  }
  // Returns at `deadline` at the latest.
  void WaitUntil(Mutex& mutex, std::chrono::steady_clock::time_point deadline)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    condition_.wait_until(mutex, deadline);
  }
  // Returns once `ready()` is true, a stop is requested, or `deadline` has
  // passed (time_point::max(): none). Returns ready().
  template <typename Ready>
  bool WaitUntil(Mutex& mutex, const std::stop_token& stop,
                 std::chrono::steady_clock::time_point deadline, Ready ready)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    if (deadline == std::chrono::steady_clock::time_point::max()) {
      return condition_.wait(mutex, stop, ready);
    }
    return condition_.wait_until(mutex, stop, deadline, ready);
  }
  void NotifyOne() { condition_.notify_one(); }
  void NotifyAll() { condition_.notify_all(); }

 private:
  std::condition_variable_any condition_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RUNTIME_MUTEX_H_
