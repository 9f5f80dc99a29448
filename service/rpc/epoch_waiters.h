// EpochWaiters keeps the calls that wait until a ring reaches an epoch
// (min_epoch), or until the shared store is read because the ring is not known.
// Thread-safe. It owns one thread. The membership, the reader and the stats
// must outlive it.
#ifndef CLOCKWISE_SERVICE_RPC_EPOCH_WAITERS_H_
#define CLOCKWISE_SERVICE_RPC_EPOCH_WAITERS_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "service/membership/membership.h"
#include "service/metrics/rpc_stats.h"
#include "service/rpc/store_reader.h"
#include "service/runtime/mutex.h"
#include "service/runtime/periodic_task.h"

namespace clockwise {

// True if `state` has reached `min_epoch` of `min_incarnation` (0: of any).
inline bool HasReached(const RingState& state, uint64_t min_epoch,
                       uint64_t min_incarnation) {
  return state.epoch >= min_epoch &&
         (min_incarnation == 0 || state.incarnation == min_incarnation);
}

class EpochWaiters {
 public:
  struct Waiter {
    std::string ring;
    std::string peer;  // the client's connection
    uint64_t min_epoch = 0;
    uint64_t min_incarnation = 0;
    std::chrono::steady_clock::time_point deadline;
    // RING_NOT_FOUND must hold for the store at this time or later.
    std::chrono::steady_clock::time_point since =
        std::chrono::steady_clock::now();
    std::function<bool()> cancelled;
    // Called once, with the state that has reached the epoch, or an error:
    // EPOCH_NOT_REACHED (deadline has passed, or the call was cancelled),
    // RING_NOT_FOUND, STORE_UNAVAILABLE (the ring is not known, and the store
    // was not read in time), OVERLOADED, DRAINING.
    std::function<void(absl::StatusOr<StatePtr>)> done;
  };

  // Keeps at most `most` waiting calls. If there are more, each peer has an
  // equal share. Counts the calls that it rejects.
  EpochWaiters(const Membership& membership, StoreReader& reader, size_t most,
               RpcStats& stats);
  ~EpochWaiters();
  EpochWaiters(const EpochWaiters&) = delete;
  EpochWaiters& operator=(const EpochWaiters&) = delete;

  // Adds a waiting call. `done` may be called before this function returns.
  void Add(Waiter waiter);

  // Checks all waiting calls now. Used when a ring has changed.
  void Wake();

  // Ends all present and future waiting calls with DRAINING.
  void Drain();

 private:
  // Adds the call, perhaps in the place of a call of another peer, which is
  // moved to `displaced`. OVERLOADED: there is no room.
  absl::Status TakePlace(Waiter& waiter, std::list<Waiter>& displaced);
  // Frees the places of calls that wait no more.
  void FreePlaces(const std::list<Waiter>& ripe)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Answers the calls that need not wait any longer. Returns the time of the
  // next check.
  PeriodicTask::Clock::time_point AnswerRipe();
  // Returns true if the call need not wait any longer, and sets its `result`.
  bool Ripe(const Waiter& waiter, bool draining,
            absl::StatusOr<StatePtr>& result) const;

  const Membership& membership_;
  StoreReader& reader_;
  const size_t most_;
  RpcStats& stats_;
  Mutex mu_;
  std::list<Waiter> waiters_ ABSL_GUARDED_BY(mu_);
  // The number of waiting calls, by peer and in all. They include calls that
  // AnswerRipe has taken out of waiters_ to look at them.
  absl::flat_hash_map<std::string, size_t> by_peer_ ABSL_GUARDED_BY(mu_);
  size_t count_ ABSL_GUARDED_BY(mu_) = 0;
  bool draining_ ABSL_GUARDED_BY(mu_) = false;
  PeriodicTask task_;  // last, because it uses the members above
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_EPOCH_WAITERS_H_
