// The part of Membership that creates rings.
#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/api/validate.h"
#include "service/membership/edit.h"
#include "service/membership/membership.h"
#include "service/ring/layout.h"
#include "service/ring/layout_settings.h"
#include "service/ring/next_ring.h"
#include "service/ring/work_budget.h"
#include "service/store/store_rules.h"

namespace clockwise {
namespace {

using google::protobuf::util::MessageDifferencer;

absl::Status ExistsOtherwise(const v1::RingSpec& present) {
  return Refusal(
      v1::ERROR_REASON_RING_EXISTS,
      absl::StrCat("spec: ring ", Quoted(present.name()),
                   " already exists with a different spec (", SpecText(present),
                   "); use this spec or another name"),
      "spec");
}

bool SameNodes(const NodeList& a, const NodeList& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const NodePtr& one, const NodePtr& other) {
                      return MessageDifferencer::Equals(*one, *other);
                    });
}

// Returns the reply for a ring that exists already, if it is the ring that
// CreateRing was asked for. RING_EXISTS, REQUEST_ID_REUSED.
absl::StatusOr<Membership::CreatedRing> PresentRing(
    const StatePtr& present, const v1::RingSpec& spec,
    const ChangeRequest& first) {
  if (!MessageDifferencer::Equals(present->ring().spec(), spec)) {
    return ExistsOtherwise(present->ring().spec());
  }
  Membership::CreatedRing created;
  created.state = present;
  if (first.changes.empty()) return created;
  auto reply = FirstReply(*present, first);
  if (!reply.ok()) return reply.status();
  if (reply->has_value()) {
    created.change = **std::move(reply);
    return created;
  }
  const auto edit = EditNodes(spec, {}, first.changes, first.fields);
  if (!edit.ok()) return edit.status();
  if (!SameNodes(edit->nodes, present->ring().nodes())) {
    return Refusal(
        v1::ERROR_REASON_RING_EXISTS,
        absl::StrCat("nodes: ring ", Quoted(spec.name()),
                     " already has other nodes, or the same nodes in another "
                     "order; nothing was changed; use another name, or change "
                     "the ring with ApplyChanges"),
        "nodes");
  }
  created.change.set_epoch(present->epoch);
  created.change.set_incarnation(present->incarnation);
  created.change.set_fingerprint(present->ring().fingerprint());
  return created;
}

}  // namespace

// --- Creating a ring ---
//
// A ring is planned on the newest states of its name and of the ring that it
// migrates from, without a lock. The store writes it only if the name is free
// and the other ring exists. If another server or call was faster, the new
// state is judged.
absl::StatusOr<Membership::CreatedRing> Membership::CreateRing(
    const v1::RingSpec& asked, const ChangeRequest& first) {
  auto spec = NormalizeSpec(asked);
  if (!spec.ok()) return spec.status();
  absl::Status valid = ValidateRequest(first);
  if (!valid.ok()) return valid;
  if (absl::Status status = Ready(); !status.ok()) return status;
  const std::shared_ptr<RingLock> lock = locks_.Of(spec->name());
  for (int attempt = 0; attempt < limits::kMaxCommitAttempts; ++attempt) {
    auto present = FindNewest(spec->name(), first.check);
    if (present.ok()) return PresentRing(*present, *spec, first);
    if (ReasonOf(present.status()) != v1::ERROR_REASON_RING_NOT_FOUND) {
      return present.status();
    }
    StatePtr source;
    if (!spec->migrating_from().empty()) {
      auto found = FindNewest(spec->migrating_from(), first.check);
      if (!found.ok()) return found.status();
      source = *std::move(found);
    }
    auto planned = PlanNewRing(*spec, first, source.get());
    if (!planned.ok()) return planned.status();
    if (first.validate_only) {
      const auto& next = planned->plan.next;
      return CreatedRing{next == nullptr ? planned->empty : next,
                         std::move(planned->plan.change)};
    }
    MutexLock catalog(catalog_);
    MutexLock held(lock->state);
    auto made = StoreNewRing(*lock, *planned, first.check);
    // Another server, or another call, may have created it a moment ago.
    if (ReasonOf(made.status()) != v1::ERROR_REASON_RING_EXISTS) return made;
  }
  return LostAllRaces(spec->name());
}

absl::StatusOr<StatePtr> Membership::CreateRing(const v1::RingSpec& spec,
                                                const CallCheck& check) {
  ChangeRequest first;
  first.check = check;
  auto created = CreateRing(spec, first);
  if (!created.ok()) return created.status();
  return created->state;
}

absl::StatusOr<StatePtr> Membership::FindNewest(const std::string& ring,
                                                const CallCheck& check) {
  if (absl::Status open = Check(check, CallStage::kRead); !open.ok()) {
    return open;
  }
  const std::shared_ptr<RingLock> lock = locks_.Of(ring);
  MutexLock held(lock->state);
  if (auto behind = CatchUp(*lock); !behind.ok()) return behind.status();
  return Find(ring);
}

absl::Status Membership::CheckRingCount() const {
  if (Rings().size() < limits::kMaxRings) return absl::OkStatus();
  return Refusal(
      v1::ERROR_REASON_LIMIT_REACHED,
      absl::StrCat("rings: the server already has ", limits::kMaxRings,
                   " rings, the maximum; delete a ring first"));
}

absl::StatusOr<Membership::NewRing> Membership::PlanNewRing(
    const v1::RingSpec& spec, const ChangeRequest& first,
    const RingState* source) const {
  absl::Status status = CheckRingCount();
  if (!status.ok()) return status;
  auto ring = Ring::Build(spec, {});
  if (!ring.ok()) return ring.status();
  uint64_t incarnation = 0;
  while (incarnation == 0 && !first.validate_only) {
    incarnation = options_.random();
  }
  NewRing made;
  made.empty =
      std::make_shared<RingState>(*std::move(ring), incarnation, /*epoch=*/1);
  if (first.changes.empty()) return made;
  WorkBudget budget(options_.plan_steps, [&first] {
    return !Check(first.check, CallStage::kPlan).ok();
  });
  budget.LimitPoints(PointsFor(*made.empty));
  auto plan =
      PlanChange(*made.empty, first, options_.now(),
                 source == nullptr ? nullptr : &source->ring(), &budget);
  if (!plan.ok()) return plan.status();
  made.plan = *std::move(plan);
  made.plan.next->Remember(std::make_shared<const stored::v1::ChangeRecord>(
      std::move(made.plan.record)));
  return made;
}

absl::StatusOr<Membership::CreatedRing> Membership::StoreNewRing(
    RingLock& lock, NewRing& made, const CallCheck& check) {
  // Phase 1: check the limits. Other rings may be changed at the same time.
  absl::Status status = CheckRingCount();
  if (!status.ok()) return status;
  const bool has_nodes = made.plan.next != nullptr;
  const std::shared_ptr<RingState>& state =
      has_nodes ? made.plan.next : made.empty;
  const uint64_t added = has_nodes ? PointsOf(*state) : 0;
  const uint64_t others = points_added_.fetch_add(added);
  const absl::Cleanup subtract = [&] { points_added_ -= added; };
  if (has_nodes) {
    status = CheckPointsLeft(added + others, PointsFor(*made.empty));
    if (!status.ok()) return status;
  }
  // Phase 2: store the ring as if it had been created without nodes, and then
  // changed.
  StoredRing stored;
  stored.head = made.empty->head();
  if (has_nodes) {
    clockwise::Commit commit;
    commit.ring = state->name();
    commit.incarnation = state->incarnation;
    commit.record = *state->history.back();
    commit.history_changes = options_.history_changes;
    status = ApplyTo(stored, commit);
    if (!status.ok()) return status;
  }
  status = refusals_.Changed(options_.store->Create(
      stored, [&check] { return Check(check, CallStage::kCommit); }));
  if (!status.ok()) return status;
  // Phase 3: publish it.
  state->InheritCounters(nullptr);
  if (has_nodes) {
    state->counters->changes[static_cast<size_t>(made.plan.kind)].fetch_add(1);
    state->counters->moved_ratio.fetch_add(
        made.plan.change.comparison().moved_ratio());
  }
  Publish(lock, state);
  return CreatedRing{state, std::move(made.plan.change)};
}

}  // namespace clockwise
