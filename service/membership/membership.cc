#include "service/membership/membership.h"

#include <google/protobuf/util/message_differencer.h>

#include <chrono>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "service/api/refusal.h"
#include "service/api/validate.h"
#include "service/membership/restore.h"
#include "service/ring/layout.h"
#include "service/ring/layout_settings.h"
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
  const std::string& from = state.ring().spec().migrating_from();
  if (from.empty()) return PlanChange(state, request, options_.now());
  auto previous = Find(from);
  return PlanChange(state, request, options_.now(),
                    previous.ok() ? &(*previous)->ring() : nullptr);
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
  auto state = Find(request.ring);
  if (!state.ok()) return state.status();
  if (!request.validate_only) return CommitChange(request, (*state)->name());
  auto plan = Plan(**state, request);
  if (!plan.ok()) return plan.status();
  return std::move(plan->change);
}

// The store race. Servers may share a store, which accepts only one change for
// each next epoch. A server that loses this race reads the winner's changes,
// plans again on the result, and retries a bounded number of times. An error,
// or a reply without a commit, must hold for the newest state too. So it is
// returned once the store has nothing newer. Invariant: `writer_` is held from
// the plan to the reply, which follows from a durable and visible state.
absl::StatusOr<v1::Change> Membership::CommitChange(
    const ChangeRequest& request, const std::string& ring) {
  MutexLock lock(writer_);
  for (int attempt = 0; attempt < limits::kMaxCommitAttempts; ++attempt) {
    auto state = Find(ring);
    if (!state.ok()) return state.status();
    auto plan = PlanOnce(**state, request);
    // A request that is invalid in itself is rejected without reading the
    // store. Only NODES_UNPLACEABLE depends on the other nodes of the ring.
    if (absl::IsInvalidArgument(plan.status()) &&
        ReasonOf(plan.status()) != v1::ERROR_REASON_NODES_UNPLACEABLE) {
      return plan.status();
    }
    const bool to_commit = plan.ok() && plan->next != nullptr;
    if (to_commit) {
      const absl::Status status = Commit(**state, *plan);
      if (status.ok()) return std::move(plan->change);
      if (!LostRace(status)) return status;
    }
    // Another server may have been faster. If it was, plan again on its state.
    auto behind = CatchUp(ring);
    if (!behind.ok()) return behind.status();
    if (*behind || to_commit) continue;
    if (!plan.ok()) return plan.status();
    return std::move(plan->change);
  }
  return LostAllRaces(ring);
}

// Commits a plan: stores it, then publishes it. The store writes the change
// whole or not at all, and only on top of the epoch and incarnation of `state`.
// If it fails, nothing is published, but the change may be stored. A retry with
// the same request_id then finds it in the history. Invariant: a reader sees
// only states that are durable.
absl::Status Membership::Commit(const RingState& state, ChangePlan& plan) {
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
  PassFailPoint("before_commit");
  const auto start = std::chrono::steady_clock::now();
  absl::Status status = options_.store->Apply(commit);
  commit_latency_.Observe(
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count());
  if (!status.ok()) return status;
  PassFailPoint("after_commit");

  next.InheritCounters(&state);
  next.counters->changes[static_cast<size_t>(plan.kind)].fetch_add(1);
  next.counters->moved_ratio.fetch_add(plan.change.comparison().moved_ratio());
  Publish(plan.next);
  PassFailPoint("after_publish");
  return absl::OkStatus();
}

absl::StatusOr<StatePtr> Membership::CreateRing(const v1::RingSpec& asked) {
  auto spec = NormalizeSpec(asked);
  if (!spec.ok()) return spec.status();
  if (absl::Status status = Ready(); !status.ok()) return status;
  MutexLock lock(writer_);
  for (int attempt = 0; attempt < limits::kMaxCommitAttempts; ++attempt) {
    if (auto behind = CatchUp(spec->name()); !behind.ok()) {
      return behind.status();
    }
    auto present = Find(spec->name());
    if (!present.ok()) {
      if (auto status = CheckMigratesFrom(*spec); !status.ok()) return status;
      auto made = StoreNewRing(*spec);
      // Another server may have created it a moment ago.
      if (ReasonOf(made.status()) == v1::ERROR_REASON_RING_EXISTS) continue;
      return made;
    }
    if (google::protobuf::util::MessageDifferencer::Equals(
            (*present)->ring().spec(), *spec)) {
      return present;
    }
    return Refusal(v1::ERROR_REASON_RING_EXISTS,
                   absl::StrCat("spec: ring ", Quoted(spec->name()),
                                " already exists with a different spec (",
                                SpecText((*present)->ring().spec()),
                                "); use this spec or another name"));
  }
  return LostAllRaces(spec->name());
}

absl::Status Membership::CheckMigratesFrom(const v1::RingSpec& spec) {
  const std::string& from = spec.migrating_from();
  if (from.empty()) return absl::OkStatus();
  if (auto behind = CatchUp(from); !behind.ok()) return behind.status();
  return Find(from).status();
}

absl::StatusOr<StatePtr> Membership::StoreNewRing(const v1::RingSpec& spec) {
  if (Rings().size() >= limits::kMaxRings) {
    return Refusal(
        v1::ERROR_REASON_LIMIT_REACHED,
        absl::StrCat("rings: the server already has ", limits::kMaxRings,
                     " rings, the maximum; delete a ring first"));
  }
  auto ring = Ring::Build(spec, {});
  if (!ring.ok()) return ring.status();
  uint64_t incarnation = 0;
  while (incarnation == 0) incarnation = options_.random();
  auto state = std::make_shared<RingState>(*std::move(ring), incarnation, 1);
  if (absl::Status status = options_.store->Create(state->head());
      !status.ok()) {
    return status;
  }
  state->InheritCounters(nullptr);
  Publish(state);
  return state;
}

absl::Status Membership::DeleteRing(absl::string_view ring) {
  if (absl::Status status = ValidateId("ring", ring); !status.ok()) {
    return status;
  }
  if (absl::Status status = Ready(); !status.ok()) return status;
  const std::string name(ring);
  MutexLock lock(writer_);
  if (auto behind = CatchUp(name); !behind.ok()) return behind.status();
  auto state = Find(name);
  if (!state.ok()) return state.status();
  for (const StatePtr& other : Rings()) {
    if (other->ring().spec().migrating_from() == name) {
      return RingInUse(name, other->name());
    }
  }
  // Fails if another server has created the ring again (the incarnation
  // differs), or has created a ring that migrates from it.
  if (absl::Status status = options_.store->Delete(name, (*state)->incarnation);
      !status.ok()) {
    return status;
  }
  Withdraw(name);
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
// publishers hold `writer_`, so the epochs of an incarnation never decrease.
void Membership::Publish(StatePtr state) {
  const std::string ring = state->name();
  {
    MutexLock lock(mu_);
    rings_[ring] = std::move(state);
    glances_.Invalidate();
  }
  Tell(ring);
}

void Membership::Withdraw(const std::string& ring) {
  {
    MutexLock lock(mu_);
    rings_.erase(ring);
    glances_.Invalidate();
  }
  Tell(ring);
}

absl::StatusOr<bool> Membership::WithdrawDeleted(const std::string& ring) {
  absl::Status status = options_.store->ConfirmDeleted(ring);
  if (!status.ok()) return status;
  Withdraw(ring);
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

// --- Following the store ---
//
// Changes of other servers are read at the start, when the store reports them,
// and after a lost race. CatchUp reads the records after the known epoch,
// Reconcile compares heads, and Reload reads a whole ring. Invariant: a state
// is published only if it has the fingerprint that was stored for its epoch.
// After an error, the known state stays.

namespace {

bool SameState(const RingState& known, const RingHead& head) {
  return known.incarnation == head.incarnation && known.epoch == head.epoch &&
         known.ring().fingerprint() == head.fingerprint;
}

// STORE_UNAVAILABLE: `head` is not ahead of `known`, for example after an
// operator restored an old backup of etcd. A published epoch is never
// withdrawn.
absl::Status CheckAhead(const RingState& known, const RingHead& head) {
  if (known.incarnation != head.incarnation || known.epoch < head.epoch) {
    return absl::OkStatus();
  }
  return Refusal(
      v1::ERROR_REASON_STORE_UNAVAILABLE,
      absl::StrFormat(
          "ring %s: this server has epoch %d (fingerprint %016x), but the "
          "store has epoch %d (fingerprint %016x) of the same incarnation; the "
          "store has lost changes; import the ring again with `clockwise store "
          "restore`",
          Quoted(known.name()), known.epoch, known.ring().fingerprint(),
          head.epoch, head.fingerprint));
}

}  // namespace

absl::Status Membership::Load() {
  MutexLock lock(writer_);
  auto stored = options_.store->LoadAll();
  if (!stored.ok()) return stored.status();
  std::vector<std::shared_ptr<RingState>> states;
  for (const StoredRing& ring : *stored) {
    auto state = RestoreState(ring);
    if (!state.ok()) return state.status();
    (*state)->InheritCounters(nullptr);
    TrimHistory(**state);
    states.push_back(*std::move(state));
  }
  for (auto& state : states) Publish(std::move(state));
  loaded_ = true;
  return absl::OkStatus();
}

absl::StatusOr<bool> Membership::CatchUp(const std::string& ring) {
  // The fast path after a lost race: one read, without the head.
  const auto known = Find(ring);
  if (!known.ok()) return Reconcile(ring);
  auto records = options_.store->ChangesAfter(ring, (*known)->incarnation,
                                              (*known)->epoch);
  if (LostRace(records.status())) return Reconcile(ring);
  if (!records.ok()) return records.status();
  if (records->empty()) return false;
  if (absl::Status status = TakeOver(**known, *records); !status.ok()) {
    return status;
  }
  return true;
}

absl::StatusOr<bool> Membership::Reconcile(const std::string& ring) {
  const auto known = Find(ring);
  const auto head = options_.store->Head(ring);
  if (ReasonOf(head.status()) == v1::ERROR_REASON_RING_NOT_FOUND) {
    return known.ok() ? WithdrawDeleted(ring) : false;
  }
  if (!head.ok()) return head.status();
  if (known.ok() && SameState(**known, *head)) return false;
  absl::Status status;
  if (!known.ok() || (*known)->incarnation != head->incarnation) {
    status = Reload(ring);
  } else {
    status = CheckAhead(**known, *head);
    if (!status.ok()) return status;
    auto records =
        options_.store->ChangesAfter(ring, head->incarnation, (*known)->epoch);
    if (records.ok()) {
      status = TakeOver(**known, *records);
    } else {
      status = LostRace(records.status()) ? Reload(ring) : records.status();
    }
  }
  if (!status.ok()) return status;
  return true;
}

absl::Status Membership::TakeOver(
    const RingState& known,
    const std::vector<stored::v1::ChangeRecord>& records) {
  auto state = Advance(known, records);
  // FAILED_PRECONDITION: the records do not lead to the stored fingerprint.
  if (absl::IsFailedPrecondition(state.status())) return Reload(known.name());
  if (!state.ok()) return state.status();
  TrimHistory(**state);
  (*state)->InheritCounters(&known);
  Publish(*std::move(state));
  return absl::OkStatus();
}

absl::Status Membership::Refresh(const std::string& ring) {
  // The time before the read, which may miss a later change.
  const auto start = std::chrono::steady_clock::now();
  if (!loaded_) {
    absl::Status status = Load();
    if (status.ok()) confirmed_ = start;
    return status;
  }
  if (ring.empty()) {
    absl::Status status = RefreshAll();
    if (status.ok()) confirmed_ = start;
    Tell("");
    return status;
  }
  // Compares without `writer_`. If the store hangs, changes must not wait for
  // this call as well as for their own.
  const auto head = options_.store->Head(ring);
  const auto known = Find(ring);
  if (head.ok() && known.ok() && SameState(**known, *head)) {
    return absl::OkStatus();
  }
  if (!head.ok() && !LostRace(head.status())) return head.status();
  MutexLock lock(writer_);
  return Reconcile(ring).status();
}

std::chrono::steady_clock::time_point Membership::Confirmed() const {
  return options_.store->shared() ? confirmed_.load()
                                  : std::chrono::steady_clock::now();
}

absl::Status Membership::RefreshAll() {
  const auto heads = options_.store->Heads();
  if (!heads.ok()) return heads.status();
  std::set<std::string> changed;
  for (const StatePtr& known : Rings()) changed.insert(known->name());
  for (const RingHead& head : *heads) {
    const std::string& name = head.spec.name();
    const auto known = Find(name);
    if (known.ok() && SameState(**known, head)) {
      changed.erase(name);
    } else {
      changed.insert(name);
    }
  }
  absl::Status status;
  for (const std::string& ring : changed) {
    MutexLock lock(writer_);
    // Continues after an error: one damaged ring must not stop the others.
    status.Update(Reconcile(ring).status());
  }
  return LostRace(status) ? absl::OkStatus() : status;
}

absl::Status Membership::Reload(const std::string& ring) {
  auto stored = options_.store->Load(ring);
  if (ReasonOf(stored.status()) == v1::ERROR_REASON_RING_NOT_FOUND) {
    auto withdrawn = WithdrawDeleted(ring);
    return withdrawn.ok() ? stored.status() : withdrawn.status();
  }
  if (!stored.ok()) return stored.status();
  auto before = Find(ring);
  if (before.ok()) {
    absl::Status status = CheckAhead(**before, stored->head);
    if (!status.ok()) return status;
  }
  auto state = RestoreState(*stored);
  if (!state.ok()) {
    return Refusal(v1::ERROR_REASON_STORE_UNAVAILABLE,
                   state.status().message());
  }
  TrimHistory(**state);
  (*state)->InheritCounters(before.ok() ? before->get() : nullptr);
  Publish(*std::move(state));
  return absl::OkStatus();
}

}  // namespace clockwise
