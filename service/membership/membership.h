// Membership is the one thing that changes: the node sets of all rings, and
// their history. Thread-safe.
//
// It owns the newest state of every ring; the store, the clock and the source
// of random numbers are the caller's and outlive it. One change is made at a
// time: it is durable before it is visible, and visible before it is
// acknowledged. Reads take the newest state and never wait for a change.
//
// Failures are refusals (service/api/refusal.h); the store's pass through.
#ifndef CLOCKWISE_SERVICE_MEMBERSHIP_MEMBERSHIP_H_
#define CLOCKWISE_SERVICE_MEMBERSHIP_MEMBERSHIP_H_

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "clockwise/v1/placement.pb.h"
#include "service/limits.h"
#include "service/membership/change_plan.h"
#include "service/membership/ring_state.h"
#include "service/runtime/glance_cache.h"
#include "service/runtime/latency_histogram.h"
#include "service/runtime/mutex.h"
#include "service/store/store.h"

namespace clockwise {

using StatePtr = std::shared_ptr<const RingState>;

class Membership {
 public:
  struct Options {
    Store* store = nullptr;
    std::function<absl::Time()> now;   // for Change.time only
    std::function<uint64_t()> random;  // for incarnations
    size_t history_changes = limits::kHistoryChanges;
    size_t history_bytes = limits::kHistoryBytes;
  };

  // Knows no rings until Load has succeeded: Find and all changes are refused
  // with STORE_UNAVAILABLE.
  explicit Membership(Options options) : options_(std::move(options)) {}

  // A loaded one.
  static absl::StatusOr<std::unique_ptr<Membership>> Open(Options options);

  // Loads all rings. Fails if the store cannot be read or what it holds is
  // damaged; may be tried again.
  [[nodiscard]] absl::Status Load();
  // OK once it has; else STORE_UNAVAILABLE, which Find returns too.
  absl::Status Ready() const;

  // Takes over what other servers made of `ring` (empty: of all rings) in the
  // store that is shared with them. STORE_UNAVAILABLE: it could not be read,
  // and what is known stays.
  [[nodiscard]] absl::Status Refresh(const std::string& ring);

  // The newest state of `ring` (empty: "default"). RING_NOT_FOUND,
  // STORE_UNAVAILABLE (nothing is loaded).
  absl::StatusOr<StatePtr> Find(absl::string_view ring) const;

  // As Find, without a lock or a count of references while nothing changes, for
  // what is asked most: the state is this thread's until it glances again. A
  // thread that glances no more keeps the state that it saw last in memory, and
  // its ring.
  absl::StatusOr<const RingState*> Glance(absl::string_view ring) const;

  // All rings, by name.
  std::vector<StatePtr> Rings() const;

  // Makes the change, or with validate_only tells what it would be.
  // FIELD_INVALID, REQUEST_ID_REUSED, RING_NOT_FOUND, NODE_NOT_FOUND,
  // NODE_EXISTS, NODES_UNPLACEABLE, EPOCH_CONFLICT, LIMIT_REACHED.
  absl::StatusOr<v1::Change> Apply(const ChangeRequest& request);

  // Makes a ring without nodes; with the spec of one that is there, returns
  // that. FIELD_INVALID, LAYOUT_UNSUPPORTED, RING_EXISTS, LIMIT_REACHED,
  // RING_NOT_FOUND (the ring that it migrates from).
  absl::StatusOr<StatePtr> CreateRing(const v1::RingSpec& spec);

  // RING_NOT_FOUND, FIELD_INVALID, RING_IN_USE (another migrates from it).
  absl::Status DeleteRing(absl::string_view ring);

  // When all rings were, for all that is known, the newest that the store had:
  // now, where no other server shares it.
  std::chrono::steady_clock::time_point Confirmed() const;

  // How long ago that was.
  std::chrono::steady_clock::duration Unconfirmed() const {
    const auto now = std::chrono::steady_clock::now();  // before it is asked
    return std::max(now - Confirmed(),
                    std::chrono::steady_clock::duration::zero());
  }

  // `listener` is called, on the thread that changed it, whenever a ring has a
  // new state or is gone, and with "" whenever Refresh has looked at all rings,
  // or could not. It must be quick. Set before the first change; null takes it
  // away.
  void Listen(std::function<void(const std::string& ring)> listener);

  bool store_up() const { return options_.store->up(); }
  const LatencyHistogram& commit_latency() const { return commit_latency_; }

 private:
  // The plan of a change, on top of the ring that keys come from.
  absl::StatusOr<ChangePlan> Plan(const RingState& state,
                                  const ChangeRequest& request) const;
  // The same, or the first answer as a plan with nothing left to do.
  absl::StatusOr<ChangePlan> PlanOnce(const RingState& state,
                                      const ChangeRequest& request) const;
  absl::StatusOr<v1::Change> CommitChange(const ChangeRequest& request,
                                          const std::string& ring);
  // Makes a plan durable, then visible.
  absl::Status Commit(const RingState& state, ChangePlan& plan)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(writer_);
  // RING_NOT_FOUND unless the ring that `spec` migrates from is there.
  absl::Status CheckMigratesFrom(const v1::RingSpec& spec)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(writer_);
  absl::StatusOr<StatePtr> StoreNewRing(const v1::RingSpec& spec)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(writer_);
  // Takes over what other servers made of the ring since, if they did; tells
  // whether that was anything.
  absl::StatusOr<bool> CatchUp(const std::string& ring)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(writer_);
  // The same, without taking for granted that the store is what it was.
  absl::StatusOr<bool> Reconcile(const std::string& ring)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(writer_);
  // What follows `known`, which is the newest state of its ring.
  absl::Status TakeOver(const RingState& known,
                        const std::vector<stored::v1::ChangeRecord>& records)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(writer_);
  absl::Status Reload(const std::string& ring)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(writer_);
  absl::Status RefreshAll();
  void TrimHistory(RingState& state) const;
  void Publish(StatePtr state) ABSL_LOCKS_EXCLUDED(mu_);
  void Withdraw(const std::string& ring) ABSL_LOCKS_EXCLUDED(mu_);
  void Tell(const std::string& ring);

  const Options options_;
  GlanceCache<RingState, std::string> glances_;  // of rings_
  LatencyHistogram commit_latency_;
  std::atomic<bool> loaded_ = false;
  std::atomic<std::chrono::steady_clock::time_point> confirmed_{};
  Mutex writer_;  // held over a change, its commit included
  mutable Mutex mu_;
  std::map<std::string, StatePtr, std::less<>> rings_ ABSL_GUARDED_BY(mu_);
  std::function<void(const std::string&)> listener_ ABSL_GUARDED_BY(mu_);
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_MEMBERSHIP_MEMBERSHIP_H_
