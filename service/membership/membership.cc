#include "service/membership/membership.h"

#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/ring/refusal.h"
#include "service/ring/validate.h"

namespace clockwise {
namespace {

absl::Status RingNotFound(absl::string_view ring) {
  return Refusal(v1::ERROR_REASON_RING_NOT_FOUND,
                 absl::StrCat("there is no ring ", Quoted(ring)));
}

bool SameSpec(const v1::RingSpec& a, const v1::RingSpec& b) {
  return google::protobuf::util::MessageDifferencer::Equals(a, b);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Membership>> Membership::Open(Options options) {
  std::unique_ptr<Membership> membership(new Membership(std::move(options)));
  auto stored = membership->options_.store->LoadAll();
  if (!stored.ok()) return stored.status();
  for (const StoredRing& ring : *stored) {
    auto state = RestoreState(ring);
    if (!state.ok()) return state.status();
    (*state)->InheritCounters(nullptr);
    membership->Publish(*std::move(state));
  }
  return membership;
}

absl::StatusOr<StatePtr> Membership::Find(absl::string_view ring) const {
  const absl::string_view name = ring.empty() ? kDefaultRing : ring;
  {
    MutexLock lock(mu_);
    const auto at = rings_.find(name);
    if (at != rings_.end()) return at->second;
  }
  if (absl::Status status = ValidateId("ring", name); !status.ok()) {
    return status;
  }
  return RingNotFound(name);
}

std::vector<StatePtr> Membership::Rings() const {
  MutexLock lock(mu_);
  std::vector<StatePtr> rings;
  rings.reserve(rings_.size());
  for (const auto& [name, state] : rings_) rings.push_back(state);
  return rings;
}

absl::StatusOr<v1::Change> Membership::Apply(const ChangeRequest& request) {
  if (absl::Status status = ValidateRequest(request); !status.ok()) {
    return status;
  }
  auto state = Find(request.ring);
  if (!state.ok()) return state.status();
  if (!request.validate_only) return CommitChange(request, (*state)->name());
  auto plan = PlanChange(**state, request, options_.now());
  if (!plan.ok()) return plan.status();
  return std::move(plan->change);
}

absl::StatusOr<v1::Change> Membership::CommitChange(
    const ChangeRequest& request, const std::string& ring) {
  MutexLock lock(writer_);
  for (int attempt = 0; attempt < limits::kMaxCommitAttempts; ++attempt) {
    auto state = Find(ring);
    if (!state.ok()) return state.status();
    auto first = FirstAnswer(**state, request);
    if (!first.ok()) return first.status();
    if (first->has_value()) return **std::move(first);
    auto plan = PlanChange(**state, request, options_.now());
    if (!plan.ok()) return plan.status();
    if (plan->next == nullptr) return std::move(plan->change);

    Commit commit;
    commit.ring = ring;
    commit.incarnation = (*state)->incarnation;
    commit.record = std::move(plan->record);
    commit.history_changes = options_.history_changes;
    const auto start = std::chrono::steady_clock::now();
    const absl::Status status = options_.store->Apply(commit);
    commit_latency_.Observe(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
            .count());
    if (status.code() == absl::StatusCode::kAborted ||
        status.code() == absl::StatusCode::kNotFound) {
      // Another writer was faster: see what it made, and do it again on that.
      if (absl::Status reload = Reload(ring); !reload.ok()) return reload;
      continue;
    }
    if (!status.ok()) return status;

    RingState& next = *plan->next;
    next.InheritCounters(state->get());
    next.history = (*state)->history;
    next.history.push_back(
        std::make_shared<const v1::ChangeRecord>(std::move(commit.record)));
    if (next.history.size() > options_.history_changes) {
      next.history.erase(next.history.begin());
    }
    next.counters->changes[static_cast<size_t>(plan->kind)].fetch_add(1);
    next.counters->moved_ratio.fetch_add(plan->change.moved_ratio());
    Publish(plan->next);
    return std::move(plan->change);
  }
  return Refusal(v1::ERROR_REASON_EPOCH_CONFLICT,
                 absl::StrCat("ring ", Quoted(ring),
                              ": other writers were "
                              "faster ",
                              limits::kMaxCommitAttempts, " times"));
}

absl::Status Membership::Reload(const std::string& ring) {
  auto stored = options_.store->Load(ring);
  if (ReasonOf(stored.status()) == v1::ERROR_REASON_RING_NOT_FOUND) {
    Withdraw(ring);
    return stored.status();
  }
  if (!stored.ok()) return stored.status();
  auto state = RestoreState(*stored);
  if (!state.ok()) {
    return Refusal(v1::ERROR_REASON_STORE_UNAVAILABLE,
                   state.status().message());
  }
  auto before = Find(ring);
  (*state)->InheritCounters(before.ok() ? before->get() : nullptr);
  Publish(*std::move(state));
  return absl::OkStatus();
}

absl::StatusOr<StatePtr> Membership::CreateRing(const v1::RingSpec& asked) {
  auto spec = NormalizeSpec(asked);
  if (!spec.ok()) return spec.status();
  MutexLock lock(writer_);
  auto present = Find(spec->name());
  if (!present.ok()) {
    if (Rings().size() >= limits::kMaxRings) {
      return Refusal(
          v1::ERROR_REASON_LIMIT_REACHED,
          absl::StrCat("rings: there are ", limits::kMaxRings, " already"));
    }
    auto ring = Ring::Build(*spec, {});
    if (!ring.ok()) return ring.status();
    uint64_t incarnation = 0;
    while (incarnation == 0) incarnation = options_.random();
    auto state = std::make_shared<RingState>(*std::move(ring), incarnation, 1);
    const absl::Status status = options_.store->Create(state->head());
    if (status.ok()) {
      state->InheritCounters(nullptr);
      Publish(state);
      return state;
    }
    if (ReasonOf(status) != v1::ERROR_REASON_RING_EXISTS) return status;
    // Another writer made it just now.
    if (absl::Status reload = Reload(spec->name()); !reload.ok()) return reload;
    present = Find(spec->name());
    if (!present.ok()) return present.status();
  }
  if (SameSpec((*present)->ring().spec(), *spec)) return present;
  return Refusal(v1::ERROR_REASON_RING_EXISTS,
                 absl::StrCat("spec: a ring ", Quoted(spec->name()),
                              " with another spec is there: ",
                              (*present)->ring().spec().ShortDebugString()));
}

absl::Status Membership::DeleteRing(absl::string_view ring) {
  if (absl::Status status = ValidateId("ring", ring); !status.ok()) {
    return status;
  }
  MutexLock lock(writer_);
  auto state = Find(ring);
  if (!state.ok()) return state.status();
  const absl::Status status =
      options_.store->Delete(ring, (*state)->incarnation);
  if (!status.ok() && status.code() != absl::StatusCode::kNotFound) {
    return status;
  }
  Withdraw(std::string(ring));
  return absl::OkStatus();
}

void Membership::Listen(std::function<void(const std::string& ring)> listener) {
  MutexLock lock(mu_);
  listener_ = std::move(listener);
}

void Membership::Publish(StatePtr state) {
  const std::string ring = state->name();
  {
    MutexLock lock(mu_);
    rings_[ring] = std::move(state);
  }
  Tell(ring);
}

void Membership::Withdraw(const std::string& ring) {
  {
    MutexLock lock(mu_);
    rings_.erase(ring);
  }
  Tell(ring);
}

void Membership::Tell(const std::string& ring) {
  std::function<void(const std::string&)> listener;
  {
    MutexLock lock(mu_);
    listener = listener_;
  }
  if (listener) listener(ring);
}

}  // namespace clockwise
