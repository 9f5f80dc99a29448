// The part of Membership that deletes and restores rings.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/membership/membership.h"
#include "service/membership/restore.h"
#include "service/membership/timestamp.h"
#include "service/ring/next_ring.h"
#include "service/store/store_rules.h"

namespace clockwise {
namespace {

absl::Status DeletionIdReused(const std::string& request_id) {
  return Refusal(v1::ERROR_REASON_REQUEST_ID_REUSED,
                 absl::StrCat("request_id: ", Quoted(request_id),
                              " was used for a different request; use a new "
                              "request_id"),
                 "request_id");
}

}  // namespace

// --- Deleting a ring ---
//
// A ring is judged in its newest state: its nodes, and what the caller expects.
// The store deletes it only in that state. If another server changes the ring
// first, the new state is judged.
absl::StatusOr<v1::DeleteRingResponse> Membership::DeleteRing(
    const DeletionRequest& request) {
  if (absl::Status status = ValidateRingRequest(request); !status.ok()) {
    return status;
  }
  if (absl::Status status = Ready(); !status.ok()) return status;
  const std::shared_ptr<RingLock> lock = locks_.Of(request.ring);
  uint64_t judged = 0;
  for (int attempt = 0; attempt < limits::kMaxCommitAttempts; ++attempt) {
    auto deleted = DeleteOnce(*lock, request, judged);
    if (!deleted.ok()) return deleted.status();
    if (!deleted->has_value()) continue;
    PurgeDeleted();
    return **std::move(deleted);
  }
  return LostAllRaces(request.ring);
}

absl::StatusOr<std::optional<v1::DeleteRingResponse>> Membership::DeleteOnce(
    RingLock& lock, const DeletionRequest& request, uint64_t& judged) {
  MutexLock catalog(catalog_);
  absl::Status status = Check(request.check, CallStage::kRead);
  if (!status.ok()) return status;
  MutexLock held(lock.state);
  if (auto behind = CatchUp(lock); !behind.ok()) return behind.status();
  auto state = Find(request.ring);
  // The ring of a retry may be gone, or be another ring of the same name.
  auto first = FirstDeletion(state.ok() ? state->get() : nullptr, request);
  if (!first.ok() || first->has_value()) return first;
  if (!state.ok()) return state.status();
  // A ring that was created again after the first attempt was not meant.
  if (judged != 0) status = CheckIncarnation((*state)->head(), judged);
  judged = (*state)->incarnation;
  if (status.ok()) status = CheckDeletion(**state, request);
  if (!status.ok()) return status;
  const Deletion deletion = PlanDeletion(**state, request);
  // Fails if a ring migrates from it, which this server may not know.
  status = refusals_.Changed(options_.store->Delete(deletion, [&request] {
    return Check(request.check, CallStage::kCommit);
  }));
  if (LostRace(status)) return std::nullopt;
  if (!status.ok()) return status;
  DeletedRing deleted;
  deleted.head = (*state)->head();
  deleted.record = deletion.record;
  Withdraw(lock);
  v1::DeleteRingResponse response;
  *response.mutable_ring() = InfoOf(deleted);
  return response;
}

absl::StatusOr<std::optional<v1::DeleteRingResponse>> Membership::FirstDeletion(
    const RingState* state, const DeletionRequest& request) const {
  if (request.request_id.empty()) return std::nullopt;
  const uint64_t digest = DigestOfDeletion(request);
  v1::DeleteRingResponse first;
  // The deleted rings of this name that are kept.
  const auto kept = options_.store->Deleted();
  if (!kept.ok()) return kept.status();
  for (const DeletedRing& ring : *kept) {
    if (ring.head.spec.name() != request.ring ||
        ring.record.deletion().request_id() != request.request_id) {
      continue;
    }
    if (ring.record.request_digest() != digest) {
      return DeletionIdReused(request.request_id);
    }
    *first.mutable_ring() = InfoOf(ring);
    return first;
  }
  if (state == nullptr) return std::nullopt;
  // The ring may have been deleted by this request, and then restored.
  for (const auto& record : state->history) {
    const v1::Change& change = record->change();
    if (change.request_id() == request.request_id) {
      return DeletionIdReused(request.request_id);
    }
    if (change.undeleted().request_id() != request.request_id) continue;
    if (record->deletion_digest() != digest) {
      return DeletionIdReused(request.request_id);
    }
    // The ring as it was deleted: the restoration changed no node.
    v1::RingInfo& info = *first.mutable_ring();
    info = InfoOf(*state);
    info.set_epoch(change.epoch() - 1);
    info.set_fingerprint(change.fingerprint());
    *info.mutable_deletion() = change.undeleted();
    first.set_restored_epoch(change.epoch());
    return first;
  }
  return std::nullopt;
}

Deletion Membership::PlanDeletion(const RingState& state,
                                  const DeletionRequest& request) const {
  Deletion planned;
  planned.ring = state.name();
  planned.incarnation = state.incarnation;
  planned.epoch = state.epoch;
  planned.record.set_request_digest(DigestOfDeletion(request));
  planned.record.set_node_count(
      static_cast<uint32_t>(state.ring().nodes().size()));
  planned.record.set_data_bytes(DataBytes(state));
  const std::string& from = state.ring().spec().migrating_from();
  if (!from.empty()) {
    if (const auto source = Find(from); source.ok()) {
      planned.record.set_source_incarnation((*source)->incarnation);
    }
  }
  const absl::Time now = options_.now();
  v1::RingDeletion& deletion = *planned.record.mutable_deletion();
  *deletion.mutable_delete_time() = ToTimestamp(now);
  deletion.set_actor(request.actor);
  deletion.set_stated_actor(request.stated_actor);
  deletion.set_reason(request.reason);
  deletion.set_request_id(request.request_id);
  if (options_.keep_deleted > absl::ZeroDuration() &&
      planned.record.data_bytes() <= limits::kMaxDeletedRingBytes) {
    *deletion.mutable_expire_time() = ToTimestamp(now + options_.keep_deleted);
  }
  return planned;
}

void Membership::PurgeDeleted() const {
  auto kept = options_.store->Deleted();
  if (!kept.ok()) return;
  for (const DeletedRing& ring :
       DueForPurge(*std::move(kept), options_.now())) {
    if (!options_.store->Purge(ring).ok()) return;
  }
}

absl::StatusOr<std::vector<DeletedRing>> Membership::DeletedRings() const {
  if (absl::Status status = Ready(); !status.ok()) return status;
  auto kept = options_.store->Deleted();
  if (!kept.ok()) return kept.status();
  const absl::Time now = options_.now();
  std::erase_if(*kept, [now](const DeletedRing& ring) {
    return ToTime(ring.record.deletion().expire_time()) <= now;
  });
  return kept;
}

// --- Restoring a ring ---
//
// The ring continues with its incarnation, at its next epoch. That is safe,
// because a deletion ends its history: nothing else can have used that epoch.
// Clients and servers that still hold the ring follow it by one change.
absl::StatusOr<Membership::CreatedRing> Membership::UndeleteRing(
    const UndeletionRequest& request) {
  if (absl::Status status = ValidateRingRequest(request); !status.ok()) {
    return status;
  }
  if (absl::Status status = Ready(); !status.ok()) return status;
  ChangeRequest change;
  change.ring = request.ring;
  change.undeleted.emplace();
  change.request_id = request.request_id;
  change.expected_incarnation = request.incarnation;
  change.reason = request.reason;
  change.actor = request.actor;
  change.stated_actor = request.stated_actor;
  change.check = request.check;
  const std::shared_ptr<RingLock> lock = locks_.Of(request.ring);
  for (int attempt = 0; attempt < limits::kMaxCommitAttempts; ++attempt) {
    auto present = FindNewest(request.ring, request.check);
    if (present.ok()) {
      auto first = FirstReply(**present, change);
      if (!first.ok()) return first.status();
      if (!first->has_value()) return RingExists(request.ring);
      return CreatedRing{*present, **std::move(first)};
    }
    if (ReasonOf(present.status()) != v1::ERROR_REASON_RING_NOT_FOUND) {
      return present.status();
    }
    auto found = FindDeleted(request);
    if (!found.ok()) {
      // Another call may have restored the ring since it was not found.
      if (LostRace(found.status()) &&
          FindNewest(request.ring, request.check).ok()) {
        continue;
      }
      return found.status();
    }
    change.undeleted = std::move(found->record);
    // A ring with the name of the source is the source only if it has its
    // incarnation.
    const std::string& from = found->state->ring().spec().migrating_from();
    change.end_migration = false;
    if (!from.empty()) {
      auto source = FindNewest(from, request.check);
      if (!source.ok() && !LostRace(source.status())) return source.status();
      change.end_migration =
          !source.ok() ||
          (*source)->incarnation != change.undeleted->source_incarnation();
    }
    MutexLock catalog(catalog_);
    MutexLock held(lock->state);
    auto restored = RestoreRing(*lock, *found->state, change);
    const v1::ErrorReason reason = ReasonOf(restored.status());
    if (!LostRace(restored.status()) &&
        reason != v1::ERROR_REASON_RING_EXISTS) {
      return restored;
    }
  }
  return LostAllRaces(request.ring);
}

absl::StatusOr<Membership::RingToRestore> Membership::FindDeleted(
    const UndeletionRequest& request) const {
  const auto kept = DeletedRings();
  if (!kept.ok()) return kept.status();
  const auto chosen = std::find_if(
      kept->begin(), kept->end(), [&request](const DeletedRing& ring) {
        return ring.head.spec.name() == request.ring &&
               (request.incarnation == 0 ||
                request.incarnation == ring.head.incarnation);
      });
  if (chosen == kept->end()) {
    return DeletedRingNotFound(request.ring, request.incarnation);
  }
  const auto stored =
      options_.store->LoadDeleted(request.ring, chosen->head.incarnation);
  if (!stored.ok()) return stored.status();
  auto state = RestoreState(*stored);
  if (!state.ok()) {
    return Refusal(v1::ERROR_REASON_STORE_UNAVAILABLE,
                   state.status().message());
  }
  // A late retry must not restore a ring that was deleted again since.
  if (!request.request_id.empty()) {
    for (const auto& record : (*state)->history) {
      if (record->change().request_id() != request.request_id) continue;
      return Refusal(
          v1::ERROR_REASON_REQUEST_ID_REUSED,
          absl::StrCat("request_id: ", Quoted(request.request_id),
                       " was used at epoch ", record->change().epoch(),
                       ", before the ring was deleted; use a new request_id"),
          "request_id");
    }
  }
  return RingToRestore{*std::move(state), chosen->record};
}

absl::StatusOr<Membership::CreatedRing> Membership::RestoreRing(
    RingLock& lock, const RingState& deleted, const ChangeRequest& change) {
  // Phase 1: check the limits, and plan the change.
  absl::Status status = CheckRingCount();
  if (!status.ok()) return status;
  const uint64_t added = PointsOf(deleted);
  const uint64_t others = points_added_.fetch_add(added);
  const absl::Cleanup subtract = [&] { points_added_ -= added; };
  status = CheckPointsLeft(added + others, PointsLeft(deleted.name()));
  if (!status.ok()) return status;
  auto plan = PlanChange(deleted, change, options_.now());
  if (!plan.ok()) return plan.status();
  RingState& next = *plan->next;
  next.history = deleted.history;
  next.history_bytes = deleted.history_bytes;
  next.Remember(std::make_shared<const stored::v1::ChangeRecord>(
      std::move(plan->record)));
  TrimHistory(next);
  // Phase 2: store it.
  clockwise::Commit commit;
  commit.ring = deleted.name();
  commit.incarnation = deleted.incarnation;
  commit.record = *next.history.back();
  commit.history_changes = options_.history_changes;
  commit.dropped_epoch = next.epoch - next.history.size();
  status = refusals_.Changed(options_.store->Undelete(
      commit, [&change] { return Check(change.check, CallStage::kCommit); }));
  if (!status.ok()) return status;
  // Phase 3: publish it.
  next.InheritCounters(nullptr);
  next.counters->changes[static_cast<size_t>(plan->kind)].fetch_add(1);
  Publish(lock, plan->next);
  return CreatedRing{plan->next, std::move(plan->change)};
}

}  // namespace clockwise
