// Calls that wait for a ring to reach an epoch (min_epoch). Thread-safe. It
// owns one thread; the membership outlives it.
#ifndef CLOCKWISE_SERVICE_RPC_EPOCH_WAITERS_H_
#define CLOCKWISE_SERVICE_RPC_EPOCH_WAITERS_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "service/membership/membership.h"
#include "service/metrics/rpc_stats.h"
#include "service/runtime/mutex.h"
#include "service/runtime/periodic_task.h"

namespace clockwise {

class EpochWaiters {
 public:
  struct Waiter {
    std::string ring;
    uint64_t min_epoch = 0;
    std::chrono::steady_clock::time_point deadline;
    std::function<bool()> cancelled;
    // Called once: with the state that has reached the epoch, or with a
    // refusal: EPOCH_NOT_REACHED at the deadline or when cancelled,
    // RING_NOT_FOUND, OVERLOADED, DRAINING.
    std::function<void(absl::StatusOr<StatePtr>)> done;
  };

  // At most `most` wait; how often more would is counted.
  EpochWaiters(const Membership& membership, size_t most, RpcStats& stats);
  ~EpochWaiters();
  EpochWaiters(const EpochWaiters&) = delete;
  EpochWaiters& operator=(const EpochWaiters&) = delete;

  // Waits; `done` may be called before this returns.
  void Add(Waiter waiter);

  // Looks at once whether someone's epoch is reached: a ring has changed.
  void Wake();

  // Ends all waiting, now and from now on, with DRAINING.
  void Drain();

 private:
  // Answers the waiters whose time has come; returns when to look again.
  PeriodicTask::Clock::time_point AnswerRipe();
  // Whether the waiter's end has come, and with what.
  bool Ripe(const Waiter& waiter, bool draining,
            absl::StatusOr<StatePtr>& result) const;

  const Membership& membership_;
  const size_t most_;
  RpcStats& stats_;
  Mutex mu_;
  std::list<Waiter> waiters_ ABSL_GUARDED_BY(mu_);
  bool draining_ ABSL_GUARDED_BY(mu_) = false;
  PeriodicTask task_;  // last: it uses what is above
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_EPOCH_WAITERS_H_
