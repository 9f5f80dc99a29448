// How a Membership comes to what its store holds: at the start, when it lost a
// race, and when it is told that another server made something.
#include <chrono>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "service/api/refusal.h"
#include "service/membership/membership.h"
#include "service/membership/restore.h"
#include "service/store/store_rules.h"

namespace clockwise {
namespace {

bool SameState(const RingState& known, const RingHead& head) {
  return known.incarnation == head.incarnation && known.epoch == head.epoch &&
         known.ring().fingerprint() == head.fingerprint;
}

// What has been told of a ring is never taken back. STORE_UNAVAILABLE if `head`
// is not ahead of `known`, as in an etcd that was set back by its operators.
absl::Status CheckAhead(const RingState& known, const RingHead& head) {
  if (known.incarnation != head.incarnation || known.epoch < head.epoch) {
    return absl::OkStatus();
  }
  return Refusal(
      v1::ERROR_REASON_STORE_UNAVAILABLE,
      absl::StrFormat(
          "ring %s is at epoch %d, fingerprint %016x here, and at epoch %d, "
          "fingerprint %016x of the same incarnation in the store: the store "
          "was set back; bring the ring in again with `clockwise store "
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
  // The quicker this is, the sooner a writer that lost a race gets its turn.
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
    if (known.ok()) Withdraw(ring);
    return known.ok();
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
    const RingState& known, const std::vector<v1::ChangeRecord>& records) {
  auto state = Advance(known, records);
  if (absl::IsFailedPrecondition(state.status())) return Reload(known.name());
  if (!state.ok()) return state.status();
  TrimHistory(**state);
  (*state)->InheritCounters(&known);
  Publish(*std::move(state));
  return absl::OkStatus();
}

absl::Status Membership::Refresh(const std::string& ring) {
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
  // Looks without the writer's lock: a store that hangs must not keep those who
  // want to change something waiting twice.
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
    // One damaged ring must not keep the others from going on.
    status.Update(Reconcile(ring).status());
  }
  return LostRace(status) ? absl::OkStatus() : status;
}

absl::Status Membership::Reload(const std::string& ring) {
  auto stored = options_.store->Load(ring);
  if (ReasonOf(stored.status()) == v1::ERROR_REASON_RING_NOT_FOUND) {
    Withdraw(ring);
    return stored.status();
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
