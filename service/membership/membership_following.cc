// The part of Membership that follows the store: it loads the rings, and
// applies the changes that other servers made.
#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "service/api/refusal.h"
#include "service/api/validate.h"
#include "service/limits.h"
#include "service/membership/membership.h"
#include "service/membership/restore.h"
#include "service/store/store_rules.h"

namespace clockwise {

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

using SteadyTime = std::chrono::steady_clock::time_point;

// Sets `at` to `to` if that is later.
void Raise(std::atomic<SteadyTime>& at, SteadyTime to) {
  SteadyTime known = at;
  while (known < to && !at.compare_exchange_weak(known, to)) {
  }
}

}  // namespace

absl::Status Membership::Load() {
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
  for (auto& state : states) {
    const std::shared_ptr<RingLock> lock = locks_.Of(state->name());
    MutexLock held(lock->state);
    Publish(*lock, std::move(state));
  }
  loaded_ = true;
  PurgeDeleted();
  return absl::OkStatus();
}

absl::StatusOr<bool> Membership::CatchUp(RingLock& lock) {
  const std::string& ring = lock.ring;
  // The fast path after a lost race: one read, without the head.
  const auto known = Find(ring);
  if (!known.ok()) return Reconcile(lock);
  auto records = options_.store->ChangesAfter(ring, (*known)->incarnation,
                                              (*known)->epoch);
  if (LostRace(records.status())) return Reconcile(lock);
  if (!records.ok()) return records.status();
  if (records->empty()) return false;
  if (absl::Status status = TakeOver(lock, **known, *records); !status.ok()) {
    return status;
  }
  return true;
}

absl::StatusOr<bool> Membership::Reconcile(RingLock& lock) {
  const std::string& ring = lock.ring;
  const auto known = Find(ring);
  const auto head = options_.store->Head(ring);
  if (ReasonOf(head.status()) == v1::ERROR_REASON_RING_NOT_FOUND) {
    return known.ok() ? WithdrawDeleted(lock) : false;
  }
  if (!head.ok()) return head.status();
  if (known.ok() && SameState(**known, *head)) return false;
  absl::Status status;
  if (!known.ok() || (*known)->incarnation != head->incarnation) {
    status = Reload(lock);
  } else {
    status = CheckAhead(**known, *head);
    if (!status.ok()) return status;
    auto records =
        options_.store->ChangesAfter(ring, head->incarnation, (*known)->epoch);
    if (records.ok()) {
      status = TakeOver(lock, **known, *records);
    } else {
      status = LostRace(records.status()) ? Reload(lock) : records.status();
    }
  }
  if (!status.ok()) return status;
  return true;
}

absl::Status Membership::TakeOver(
    RingLock& lock, const RingState& known,
    const std::vector<stored::v1::ChangeRecord>& records) {
  auto state = Advance(known, records);
  // FAILED_PRECONDITION: the records do not lead to the stored fingerprint.
  if (absl::IsFailedPrecondition(state.status())) return Reload(lock);
  if (!state.ok()) return state.status();
  TrimHistory(**state);
  (*state)->InheritCounters(&known);
  Publish(lock, *std::move(state));
  return absl::OkStatus();
}

absl::Status Membership::Refresh(const std::string& ring) {
  // The time before the read, which may miss a later change.
  const auto start = std::chrono::steady_clock::now();
  if (!loaded_) {
    absl::Status status = Load();
    if (status.ok()) Raise(confirmed_, start);
    return status;
  }
  if (ring.empty()) {
    absl::Status status = RefreshAll(start);
    if (status.ok()) Raise(confirmed_, start);
    Tell("");
    return status;
  }
  // Compares without the lock. If the store hangs, changes must not wait for
  // this call as well as for their own.
  const auto head = options_.store->Head(ring);
  const auto known = Find(ring);
  if (head.ok() && known.ok() && SameState(**known, *head)) {
    return absl::OkStatus();
  }
  if (!head.ok() && !LostRace(head.status())) return head.status();
  const std::shared_ptr<RingLock> lock = locks_.Of(ring);
  MutexLock held(lock->state);
  return Reconcile(*lock).status();
}

std::chrono::steady_clock::time_point Membership::Confirmed() const {
  return options_.store->shared() ? confirmed_.load()
                                  : std::chrono::steady_clock::now();
}

absl::Status Membership::RefreshAll(SteadyTime start) {
  // Phase 1: read the heads, and find the rings that differ.
  const auto heads = options_.store->Heads();
  if (absl::Status read = refusals_.Read(heads.status()); !read.ok()) {
    MutexLock lock(mu_);
    if (start >= listing_.failed_at) {
      listing_.failed_at = start;
      listing_.failure = read;
    }
    return read;
  }
  std::set<std::string> changed;
  std::set<std::string> migrating;
  for (const StatePtr& known : Rings()) changed.insert(known->name());
  for (const RingHead& head : *heads) {
    const std::string& name = head.spec.name();
    const auto known = Find(name);
    if (known.ok() && SameState(**known, head)) {
      changed.erase(name);
    } else if (!known.ok() && !head.spec.migrating_from().empty()) {
      migrating.insert(name);
    } else {
      changed.insert(name);
    }
  }
  // Phase 2: apply the changes. The source of a migration comes before the ring
  // that migrates from it, so that no look-up misses the previous owners.
  // Continues after an error: one damaged ring must not stop the others.
  std::vector<std::string> order(changed.begin(), changed.end());
  order.insert(order.end(), migrating.begin(), migrating.end());
  absl::Status status;
  std::map<std::string, absl::Status, std::less<>> unreadable;
  for (const std::string& ring : order) {
    absl::Status read = ReconcileListed(ring);
    if (!read.ok()) unreadable[ring] = read;
    status.Update(read);
  }
  // Phase 3: record which rings do not exist. A read that began later knows
  // more.
  MutexLock lock(mu_);
  if (start >= listing_.read_at) {
    listing_.read_at = start;
    listing_.unreadable = std::move(unreadable);
  }
  return status;
}

// A ring that others change or delete meanwhile is read again.
absl::Status Membership::ReconcileListed(const std::string& ring) {
  const std::shared_ptr<RingLock> lock = locks_.Of(ring);
  for (int attempt = 0; attempt < limits::kMaxCommitAttempts; ++attempt) {
    MutexLock held(lock->state);
    absl::Status status = Reconcile(*lock).status();
    if (!LostRace(status)) return status;
  }
  return Refusal(v1::ERROR_REASON_STORE_UNAVAILABLE,
                 absl::StrCat("ring ", Quoted(ring),
                              ": other servers changed it during each of ",
                              limits::kMaxCommitAttempts, " reads; retry"));
}

bool Membership::MayBeUnseen(const absl::Status& status) const {
  return ReasonOf(status) == v1::ERROR_REASON_RING_NOT_FOUND &&
         options_.store->shared();
}

std::optional<absl::StatusOr<StatePtr>> Membership::FindSince(
    absl::string_view ring, SteadyTime since) const {
  // The order matters: first the time of the read, then the ring. So a ring
  // that a read has published is found.
  std::optional<absl::Status> outcome;
  {
    MutexLock lock(mu_);
    if (listing_.read_at >= since) {
      outcome = absl::OkStatus();
      const auto at =
          listing_.unreadable.find(ring.empty() ? kDefaultRing : ring);
      if (at != listing_.unreadable.end()) outcome = at->second;
    } else if (listing_.failed_at >= since) {
      outcome = listing_.failure;
    }
  }
  auto found = Find(ring);
  if (!MayBeUnseen(found.status())) return found;
  if (!outcome.has_value()) return std::nullopt;
  if (!outcome->ok()) return *outcome;
  return found;
}

absl::Status Membership::Reload(RingLock& lock) {
  const std::string& ring = lock.ring;
  auto stored = options_.store->Load(ring);
  if (ReasonOf(stored.status()) == v1::ERROR_REASON_RING_NOT_FOUND) {
    auto withdrawn = WithdrawDeleted(lock);
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
  Publish(lock, *std::move(state));
  return absl::OkStatus();
}

}  // namespace clockwise
