// Membership holds the node sets of all rings and their history. It is the only
// mutable part of the service. Thread-safe.
//
// It owns the newest state of each ring. The caller owns the store, the clock
// and the source of random numbers, which must outlive it. One change of a ring
// is applied at a time: it is durable before it is visible, and visible before
// it is acknowledged. Changes of different rings do not wait for each other.
// Reads use the newest state and never wait for a change. Following other
// servers waits for commits, but not for plans.
//
// Failures are refusals (service/api/refusal.h). Errors of the store are
// returned unchanged.
#ifndef CLOCKWISE_SERVICE_MEMBERSHIP_MEMBERSHIP_H_
#define CLOCKWISE_SERVICE_MEMBERSHIP_MEMBERSHIP_H_

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "clockwise/v1/placement.pb.h"
#include "service/limits.h"
#include "service/membership/call_check.h"
#include "service/membership/change_plan.h"
#include "service/membership/deletion.h"
#include "service/membership/ring_locks.h"
#include "service/membership/ring_state.h"
#include "service/membership/store_refusal.h"
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
    std::function<absl::Time()> now;   // for times that are shown
    std::function<uint64_t()> random;  // for incarnations
    size_t history_changes = limits::kHistoryChanges;
    size_t history_bytes = limits::kHistoryBytes;
    uint64_t plan_steps = limits::kMaxPlanSteps;  // of one plan
    // All rings together may have as many. Limits only changes that add points.
    uint64_t max_points = limits::kMaxAllPoints;
    StoreRefusals::Listener store_refusal;  // may be null
    // Time for which the store keeps deleted rings; 0: they are not kept.
    absl::Duration keep_deleted = absl::Hours(limits::kKeepDeletedHours);
  };

  // Starts without rings. Until Load has succeeded, Find and all changes fail
  // with STORE_UNAVAILABLE.
  explicit Membership(Options options)
      : options_(std::move(options)),
        refusals_(*options_.store, options_.now, options_.store_refusal) {}

  // Returns a Membership that has loaded its rings.
  static absl::StatusOr<std::unique_ptr<Membership>> Open(Options options);

  // Loads all rings. Fails if the store cannot be read, or if its data is
  // damaged. The caller may retry.
  [[nodiscard]] absl::Status Load();
  // Limit of the work of one plan, and of one comparison (WorkBudget).
  uint64_t plan_steps() const { return options_.plan_steps; }
  // Returns OK once Load has succeeded, else STORE_UNAVAILABLE.
  absl::Status Ready() const;

  // Applies the changes that other servers made to `ring` (empty: to all rings)
  // in a shared store. STORE_UNAVAILABLE: the store could not be read, and the
  // known states stay.
  [[nodiscard]] absl::Status Refresh(const std::string& ring);

  // Returns the newest state of `ring` (empty: "default"). RING_NOT_FOUND,
  // STORE_UNAVAILABLE (nothing is loaded).
  absl::StatusOr<StatePtr> Find(absl::string_view ring) const;

  // Returns the same as Find if that is final for a call that arrived at
  // `since`. Returns nullopt if the store is shared, `ring` is not known, and
  // the rings were not read from the store since then; another server may have
  // created the ring. Refresh of all rings makes the result final.
  // STORE_UNAVAILABLE: the rings, or the head of this ring, could not be read.
  std::optional<absl::StatusOr<StatePtr>> FindSince(
      absl::string_view ring, std::chrono::steady_clock::time_point since) const
      ABSL_LOCKS_EXCLUDED(mu_);

  // True if `status` is RING_NOT_FOUND, and another server may have created the
  // ring.
  bool MayBeUnseen(const absl::Status& status) const;

  // Returns the same as Find. It takes no lock and counts no reference unless a
  // ring has changed, so it serves the most frequent calls. The pointer is
  // valid until this thread calls Glance again. A thread that stops calling
  // Glance keeps its last state, and the ring in it, in memory.
  absl::StatusOr<const RingState*> Glance(absl::string_view ring) const;

  // Returns the newest states of all rings, sorted by name.
  std::vector<StatePtr> Rings() const;

  // Applies a change. With validate_only, only plans it. Returns the change.
  // Returns the status of the request's CallCheck if the call ends before.
  // FIELD_INVALID, REQUEST_ID_REUSED, RING_NOT_FOUND, NODE_NOT_FOUND,
  // NODE_EXISTS, NODES_UNPLACEABLE, EPOCH_CONFLICT, LIMIT_REACHED.
  absl::StatusOr<v1::Change> Apply(const ChangeRequest& request);

  // A ring that was created, or was there already.
  struct CreatedRing {
    StatePtr state;
    v1::Change change;  // that added its nodes; without `first`, it is empty
  };
  // Creates a ring whose first change, at epoch 2, adds the nodes of `first`,
  // completely or not at all. Without changes in `first`, the ring has no nodes
  // and is at epoch 1. With validate_only, only plans the ring; its incarnation
  // is then 0. Returns the present ring if it has the same spec and either the
  // same nodes or the change of the same request_id. FIELD_INVALID,
  // LAYOUT_UNSUPPORTED, NODES_UNPLACEABLE, REQUEST_ID_REUSED, RING_EXISTS,
  // LIMIT_REACHED, RING_NOT_FOUND (the ring that it migrates from).
  absl::StatusOr<CreatedRing> CreateRing(const v1::RingSpec& spec,
                                         const ChangeRequest& first);
  // Does the same without nodes.
  absl::StatusOr<StatePtr> CreateRing(const v1::RingSpec& spec,
                                      const CallCheck& check = nullptr);

  // Deletes a ring. Returns it as it was, with its deletion; for a retry, the
  // first result. RING_NOT_FOUND, FIELD_INVALID, REQUEST_ID_REUSED,
  // EPOCH_CONFLICT, FORCE_REQUIRED, RING_IN_USE (another ring migrates from
  // it).
  absl::StatusOr<v1::DeleteRingResponse> DeleteRing(
      const DeletionRequest& request);

  // Restores a deleted ring: its incarnation and history, at its next epoch.
  // Returns the change that it made; for a retry, the first result.
  // RING_NOT_FOUND (it is not kept), FIELD_INVALID, REQUEST_ID_REUSED,
  // RING_EXISTS, LIMIT_REACHED, EPOCH_CONFLICT.
  absl::StatusOr<CreatedRing> UndeleteRing(const UndeletionRequest& request);

  // Reads from the store the deleted rings that UndeleteRing can restore,
  // sorted by name; those of one name by time, the newest first.
  absl::StatusOr<std::vector<DeletedRing>> DeletedRings() const;

  // Returns the last time at which all states were known to be the newest in
  // the store. This is now if no other server shares the store.
  std::chrono::steady_clock::time_point Confirmed() const;

  // Returns the time since Confirmed(), at least 0. It is 0 if no other server
  // shares the store, because `now` is read first.
  std::chrono::steady_clock::duration Unconfirmed() const {
    const auto now = std::chrono::steady_clock::now();
    return std::max(now - Confirmed(),
                    std::chrono::steady_clock::duration::zero());
  }

  // Sets the function that is called when a ring has a new state or is deleted,
  // on the thread that changed the ring. After the first load it is also called
  // with "" each time Refresh of all rings ends. It must be quick. Set it
  // before the first change. Null removes it.
  void Listen(std::function<void(const std::string& ring)> listener);

  bool store_up() const { return options_.store->up(); }
  // Store::Trust and Store::rejections.
  absl::Status store_trust() const { return options_.store->Trust(); }
  // Returns why the store rejects changes although it answers; nullopt if it
  // accepts them, as far as this server knows.
  std::optional<StoreRefusal> store_refusal() const {
    return refusals_.Current();
  }
  uint64_t rejected_answers() const {
    return options_.store->rejections().count;
  }
  const LatencyHistogram& commit_latency() const { return commit_latency_; }

 private:
  // Plans a change. Passes the ring that `state` migrates from, if there is
  // one.
  absl::StatusOr<ChangePlan> Plan(const RingState& state,
                                  const ChangeRequest& request) const;
  // Plans a change. For a retry, returns the first reply as a plan without
  // `next`.
  absl::StatusOr<ChangePlan> PlanOnce(const RingState& state,
                                      const ChangeRequest& request) const;
  absl::StatusOr<v1::Change> CommitChange(const ChangeRequest& request,
                                          const std::string& ring);
  // Returns the newest known state. If the ring is not known, catches up first.
  absl::StatusOr<StatePtr> FindCaughtUp(RingLock& lock, const CallCheck& check)
      ABSL_LOCKS_EXCLUDED(lock.state);
  // Commits `plan`, which was made on `state`, or checks that its refusal holds
  // for the newest state. Returns nullopt if the change must be planned again.
  absl::StatusOr<std::optional<v1::Change>> Settle(
      RingLock& lock, const StatePtr& state, const ChangeRequest& request,
      absl::StatusOr<ChangePlan>& plan)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(lock.state);
  // Returns the number of entries of the ring's table.
  static uint64_t PointsOf(const RingState& state) {
    return state.ring().slot_nodes().size();
  }
  // Returns the number of points that the other rings leave for `ring`.
  uint64_t PointsLeft(const std::string& ring) const;
  // Returns the number of points that the ring of `state` may have: at least as
  // many as it has.
  uint64_t PointsFor(const RingState& state) const;
  // Commits a plan: it becomes durable, then visible.
  absl::Status Commit(RingLock& lock, const RingState& state,
                      const CallCheck& check, ChangePlan& plan)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(lock.state);
  // Returns the state of a ring after it has caught up with the store.
  absl::StatusOr<StatePtr> FindNewest(const std::string& ring,
                                      const CallCheck& check);
  // A new ring, which is not stored yet.
  struct NewRing {
    std::shared_ptr<RingState> empty;  // at epoch 1
    ChangePlan plan;  // of its first change; `next` may be null
  };
  // Plans a new ring. `source` is the ring that it migrates from, or null.
  absl::StatusOr<NewRing> PlanNewRing(const v1::RingSpec& spec,
                                      const ChangeRequest& first,
                                      const RingState* source) const;
  // Stores and publishes a new ring.
  absl::StatusOr<CreatedRing> StoreNewRing(RingLock& lock, NewRing& made,
                                           const CallCheck& check)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(lock.state, catalog_);
  // Makes one attempt of DeleteRing. Returns nullopt if another server changed
  // the ring first. `judged` is the incarnation of the ring that the previous
  // attempt has judged, or 0; it is set.
  absl::StatusOr<std::optional<v1::DeleteRingResponse>> DeleteOnce(
      RingLock& lock, const DeletionRequest& request, uint64_t& judged)
      ABSL_LOCKS_EXCLUDED(lock.state, catalog_);
  // Returns the first reply to the deletion with the request_id of `request`;
  // nullopt if it is not known. `state` is the present ring, or null.
  // REQUEST_ID_REUSED: that was another request.
  absl::StatusOr<std::optional<v1::DeleteRingResponse>> FirstDeletion(
      const RingState* state, const DeletionRequest& request) const;
  // Returns the deletion of `state` that `request` leads to.
  Deletion PlanDeletion(const RingState& state,
                        const DeletionRequest& request) const;
  // Reads the deleted ring that `request` restores, and its deletion.
  struct RingToRestore {
    std::shared_ptr<RingState> state;
    stored::v1::DeletionRecord record;
  };
  absl::StatusOr<RingToRestore> FindDeleted(
      const UndeletionRequest& request) const;
  // Stores and publishes the ring that `change` restores. EPOCH_CONFLICT,
  // RING_EXISTS or RING_NOT_FOUND: another call was faster.
  absl::StatusOr<CreatedRing> RestoreRing(RingLock& lock,
                                          const RingState& deleted,
                                          const ChangeRequest& change)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(lock.state, catalog_);
  // Removes the deleted rings that are no longer kept. A failure does not
  // matter: the next call repeats it.
  void PurgeDeleted() const;
  // LIMIT_REACHED: there is no room for another ring.
  absl::Status CheckRingCount() const;
  // Applies the changes that other servers made to the ring. Returns true if
  // there were any.
  absl::StatusOr<bool> CatchUp(RingLock& lock)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(lock.state);
  // Does the same, but first checks that the store still has the known state.
  absl::StatusOr<bool> Reconcile(RingLock& lock)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(lock.state);
  // Applies `records`, which follow `known`, the newest state of its ring.
  absl::Status TakeOver(RingLock& lock, const RingState& known,
                        const std::vector<stored::v1::ChangeRecord>& records)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(lock.state);
  absl::Status Reload(RingLock& lock) ABSL_EXCLUSIVE_LOCKS_REQUIRED(lock.state);
  absl::Status RefreshAll(std::chrono::steady_clock::time_point start);
  // Applies the changes of one ring that the list of rings shows.
  absl::Status ReconcileListed(const std::string& ring);
  void TrimHistory(RingState& state) const;
  void Publish(RingLock& lock, StatePtr state)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(lock.state) ABSL_LOCKS_EXCLUDED(mu_);
  void Withdraw(RingLock& lock) ABSL_EXCLUSIVE_LOCKS_REQUIRED(lock.state)
      ABSL_LOCKS_EXCLUDED(mu_);
  // Withdraws a ring that is missing in the store, if it was deleted; then
  // returns true. Otherwise a store that was emptied would take all rings away
  // from a running server.
  absl::StatusOr<bool> WithdrawDeleted(RingLock& lock)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(lock.state);
  void Tell(const std::string& ring);

  const Options options_;
  GlanceCache<RingState, std::string> glances_;  // of rings_
  LatencyHistogram commit_latency_;
  StoreRefusals refusals_;
  std::atomic<bool> loaded_ = false;
  // Points that changes in progress add.
  std::atomic<uint64_t> points_added_ = 0;
  std::atomic<std::chrono::steady_clock::time_point> confirmed_{};
  RingLocks locks_;
  // Held while a ring is created or deleted, before its lock, so that the
  // source of a migration stays.
  Mutex catalog_;
  mutable Mutex mu_;
  std::map<std::string, StatePtr, std::less<>> rings_ ABSL_GUARDED_BY(mu_);
  std::function<void(const std::string&)> listener_ ABSL_GUARDED_BY(mu_);
  // The last reads of the list of all rings in a shared store.
  struct Listing {
    // Time at which the last successful one began.
    std::chrono::steady_clock::time_point read_at;
    // Rings that it listed and that could not be read.
    std::map<std::string, absl::Status, std::less<>> unreadable;
    // Time at which the last failed one began, and its failure.
    std::chrono::steady_clock::time_point failed_at;
    absl::Status failure;
  };
  Listing listing_ ABSL_GUARDED_BY(mu_);
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_MEMBERSHIP_MEMBERSHIP_H_
