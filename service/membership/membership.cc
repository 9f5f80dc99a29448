#include "service/membership/membership.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/api/validate.h"
#include "service/ring/next_ring.h"
#include "service/ring/work_budget.h"
#include "service/runtime/fail_point.h"
#include "service/store/store_rules.h"

namespace clockwise {

absl::StatusOr<std::unique_ptr<Membership>> Membership::Open(Options options) {
  auto membership = std::make_unique<Membership>(std::move(options));
  if (absl::Status status = membership->Load(); !status.ok()) return status;
  return membership;
}

void Membership::TrimHistory(RingState& state) const {
  state.TrimHistory(options_.history_changes, options_.history_bytes);
}

// --- Changes ---
//
// A change is planned on the newest known state. The plan is computed from this
// state and the request: nothing is stored or visible yet. With validate_only,
// the plan is the reply.
absl::StatusOr<ChangePlan> Membership::Plan(
    const RingState& state, const ChangeRequest& request) const {
  WorkBudget budget(options_.plan_steps, [&request] {
    return !Check(request.check, CallStage::kPlan).ok();
  });
  PassFailPoint("before_plan");
  StatePtr previous;
  const std::string& from = state.ring().spec().migrating_from();
  if (!from.empty()) previous = Find(from).value_or(nullptr);
  budget.LimitPoints(PointsFor(state));
  return PlanChange(state, request, options_.now(),
                    previous == nullptr ? nullptr : &previous->ring(), &budget);
}

uint64_t Membership::PointsLeft(const std::string& ring) const {
  uint64_t others = 0;
  for (const StatePtr& other : Rings()) {
    if (other->name() != ring) others += PointsOf(*other);
  }
  return options_.max_points - std::min(options_.max_points, others);
}

uint64_t Membership::PointsFor(const RingState& state) const {
  return std::max(PointsOf(state), PointsLeft(state.name()));
}

absl::StatusOr<ChangePlan> Membership::PlanOnce(
    const RingState& state, const ChangeRequest& request) const {
  auto first = FirstReply(state, request);
  if (!first.ok()) return first.status();
  if (!first->has_value()) return Plan(state, request);
  ChangePlan done;
  done.change = **std::move(first);
  return done;
}

absl::StatusOr<v1::Change> Membership::Apply(const ChangeRequest& request) {
  if (absl::Status status = ValidateRequest(request); !status.ok()) {
    return status;
  }
  if (!request.validate_only) {
    return CommitChange(request, request.ring.empty()
                                     ? std::string(kDefaultRing)
                                     : request.ring);
  }
  auto state = Find(request.ring);
  if (!state.ok()) return state.status();
  auto plan = Plan(**state, request);
  if (!plan.ok()) return plan.status();
  return std::move(plan->change);
}

// The store race. Servers may share a store, which accepts only one change for
// each next epoch. A server that loses this race reads the winner's changes,
// plans again on the result, and retries a bounded number of times, but only
// while the call is open (call_check.h).
//
// A plan is made without the lock of the ring's state, so that other servers'
// changes are followed meanwhile. If they were, the change is planned again.
absl::StatusOr<v1::Change> Membership::CommitChange(
    const ChangeRequest& request, const std::string& ring) {
  const std::shared_ptr<RingLock> lock = locks_.Of(ring);
  MutexLock turn(lock->turn);
  for (int attempt = 0; attempt < limits::kMaxCommitAttempts; ++attempt) {
    auto state = FindCaughtUp(*lock, request.check);
    if (!state.ok()) return state.status();
    // The order matters: first the state, then the check.
    absl::Status open = Check(request.check, CallStage::kPlan);
    if (!open.ok()) return open;
    auto plan = PlanOnce(**state, request);
    if (absl::IsCancelled(plan.status())) return plan.status();
    MutexLock held(lock->state);
    auto reply = Settle(*lock, *state, request, plan);
    if (!reply.ok()) return reply.status();
    if (reply->has_value()) return **std::move(reply);
  }
  return LostAllRaces(ring);
}

absl::StatusOr<StatePtr> Membership::FindCaughtUp(RingLock& lock,
                                                  const CallCheck& check) {
  auto state = Find(lock.ring);
  if (ReasonOf(state.status()) != v1::ERROR_REASON_RING_NOT_FOUND) return state;
  // Another server may have created the ring.
  if (absl::Status open = Check(check, CallStage::kRead); !open.ok()) {
    return open;
  }
  MutexLock held(lock.state);
  if (auto behind = CatchUp(lock); !behind.ok()) return behind.status();
  return Find(lock.ring);
}

// An error, or a reply without a commit, must hold for the newest state too. So
// it is returned once the store has nothing newer.
absl::StatusOr<std::optional<v1::Change>> Membership::Settle(
    RingLock& lock, const StatePtr& state, const ChangeRequest& request,
    absl::StatusOr<ChangePlan>& plan) {
  const auto newest = Find(lock.ring);
  if (!newest.ok() || *newest != state) return std::nullopt;
  const bool to_commit = plan.ok() && plan->next != nullptr;
  if (to_commit) {
    const absl::Status status = Commit(lock, *state, request.check, *plan);
    if (status.ok()) return std::move(plan->change);
    if (!LostRace(status)) return status;
  }
  // Another server may have been faster. If it was, plan again on its state.
  absl::Status open = Check(request.check, CallStage::kRead);
  if (!open.ok()) return open;
  auto behind = CatchUp(lock);
  if (!behind.ok()) return behind.status();
  if (*behind || to_commit) return std::nullopt;
  if (!plan.ok()) return plan.status();
  return std::move(plan->change);
}

// Commits a plan: stores it, then publishes it. The store writes the change
// whole or not at all, and only on top of the epoch and incarnation of `state`.
// If it fails, nothing is published, but the change may be stored. A retry with
// the same request_id then finds it in the history. Invariant: a reader sees
// only states that are durable.
absl::Status Membership::Commit(RingLock& lock, const RingState& state,
                                const CallCheck& check, ChangePlan& plan) {
  RingState& next = *plan.next;
  next.history = state.history;
  next.history_bytes = state.history_bytes;
  next.Remember(
      std::make_shared<const stored::v1::ChangeRecord>(std::move(plan.record)));
  TrimHistory(next);
  clockwise::Commit commit;
  commit.ring = state.name();
  commit.incarnation = state.incarnation;
  commit.record = *next.history.back();
  commit.history_changes = options_.history_changes;
  commit.dropped_epoch = next.epoch - next.history.size();
  // Other rings may be changed at the same time.
  const uint64_t added =
      PointsOf(next) - std::min(PointsOf(next), PointsOf(state));
  const uint64_t others = points_added_.fetch_add(added);
  const absl::Cleanup subtract = [&] { points_added_ -= added; };
  if (added > 0) {
    const uint64_t most = PointsFor(state);
    absl::Status few =
        CheckPointsLeft(PointsOf(next), most - std::min(most, others));
    if (!few.ok()) return few;
  }
  if (absl::Status open = Check(check, CallStage::kCommit); !open.ok()) {
    return open;
  }
  PassFailPoint("before_commit");
  const auto start = std::chrono::steady_clock::now();
  absl::Status status = refusals_.Changed(options_.store->Apply(commit));
  commit_latency_.Observe(
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count());
  if (!status.ok()) return status;
  PassFailPoint("after_commit");

  next.InheritCounters(&state);
  next.counters->changes[static_cast<size_t>(plan.kind)].fetch_add(1);
  next.counters->moved_ratio.fetch_add(plan.change.comparison().moved_ratio());
  Publish(lock, plan.next);
  PassFailPoint("after_publish");
  return absl::OkStatus();
}

void Membership::Listen(std::function<void(const std::string& ring)> listener) {
  MutexLock lock(mu_);
  listener_ = std::move(listener);
}

// --- Publishing ---
//
// Publishing replaces the pointer to a state under `mu_`. Readers keep the
// state that they have; the next Find or Glance returns the new one. The
// listener is called without `mu_`, because it reads the rings. Invariant: all
// publishers of a ring hold its `state` lock from the read or write of the
// store, so the epochs of an incarnation never decrease.
void Membership::Publish(RingLock& lock, StatePtr state) {
  const std::string& ring = lock.ring;
  {
    MutexLock published(mu_);
    rings_[ring] = std::move(state);
    glances_.Invalidate();
  }
  Tell(ring);
}

void Membership::Withdraw(RingLock& lock) {
  {
    MutexLock published(mu_);
    rings_.erase(lock.ring);
    glances_.Invalidate();
  }
  Tell(lock.ring);
}

absl::StatusOr<bool> Membership::WithdrawDeleted(RingLock& lock) {
  absl::Status status = options_.store->ConfirmDeleted(lock.ring);
  if (!status.ok()) return status;
  Withdraw(lock);
  return true;
}

void Membership::Tell(const std::string& ring) {
  std::function<void(const std::string&)> listener;
  {
    MutexLock lock(mu_);
    listener = listener_;
  }
  if (listener) listener(ring);
}

// --- Reading ---

absl::Status Membership::Ready() const {
  if (loaded_) return absl::OkStatus();
  return Refusal(v1::ERROR_REASON_STORE_UNAVAILABLE,
                 "the rings are not loaded yet: this server is still trying "
                 "to read them from its store; retry later");
}

absl::StatusOr<StatePtr> Membership::Find(absl::string_view ring) const {
  const absl::string_view name = ring.empty() ? kDefaultRing : ring;
  {
    MutexLock lock(mu_);
    const auto at = rings_.find(name);
    if (at != rings_.end()) return at->second;
  }
  if (absl::Status status = Ready(); !status.ok()) return status;
  if (absl::Status status = ValidateId("ring", name); !status.ok()) {
    return status;
  }
  return RingNotFound(name);
}

absl::StatusOr<const RingState*> Membership::Glance(
    absl::string_view ring) const {
  absl::Status why;
  const StatePtr& state =
      glances_.Get(ring.empty() ? kDefaultRing : ring, [&]() -> StatePtr {
        auto found = Find(ring);
        if (found.ok()) return *std::move(found);
        why = found.status();
        return nullptr;
      });
  if (state == nullptr) return why;
  return state.get();
}

std::vector<StatePtr> Membership::Rings() const {
  MutexLock lock(mu_);
  std::vector<StatePtr> rings;
  rings.reserve(rings_.size());
  for (const auto& [name, state] : rings_) rings.push_back(state);
  return rings;
}

}  // namespace clockwise
