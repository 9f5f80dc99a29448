#include "service/membership/change_plan.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "service/api/refusal.h"
#include "service/api/validate.h"
#include "service/membership/comparison.h"
#include "service/membership/timestamp.h"
#include "service/ring/hash.h"
#include "service/ring/next_ring.h"
#include "service/ring/partition_moves.h"

namespace clockwise {
namespace {

// Returns a hash of the change that is requested. It distinguishes a retry from
// a reused request_id. EndMigration is hashed as a request without changes.
// include_moves only selects what the reply contains, so it is not hashed.
uint64_t DigestOf(const ChangeRequest& request) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);  // labels are a map
    for (const v1::NodeChange& change : request.changes) {
      coded.WriteVarint64(change.ByteSizeLong());
      change.SerializeToCodedStream(&coded);
    }
    coded.WriteLittleEndian64(request.expected_epoch);
    coded.WriteString(request.reason);
    // Digests of older versions do not have it.
    if (request.expected_incarnation != 0) {
      coded.WriteLittleEndian64(request.expected_incarnation);
    }
    if (request.undeleted.has_value()) coded.WriteString("undelete");
  }
  return Xxh3(bytes);
}

// Sets the nodes before the change, and the ids of the added nodes.
void SetBefore(const stored::v1::ChangeRecord& record, v1::Change& change) {
  *change.mutable_before() = record.before();
  absl::flat_hash_set<absl::string_view> before;
  for (const v1::Node& node : record.before()) before.insert(node.id());
  for (const v1::Node& node : change.upserted()) {
    if (!before.contains(node.id())) change.add_added_ids(node.id());
  }
}

// Clears the lists that history does not keep. They are computed again from the
// rings.
void ClearLists(v1::Comparison& comparison) {
  comparison.clear_moves();
  comparison.clear_moves_truncated();
  comparison.clear_transfers();
  comparison.clear_transfers_truncated();
  comparison.clear_share_changes();
}

}  // namespace

absl::Status CheckExpected(const RingState& state, uint64_t incarnation,
                           uint64_t epoch) {
  if (incarnation != 0 && incarnation != state.incarnation) {
    return Refusal(
        v1::ERROR_REASON_EPOCH_CONFLICT,
        absl::StrFormat("expected_incarnation: ring %s has incarnation %016x, "
                        "not %016x: it was deleted and created again; read the "
                        "ring and plan again",
                        Quoted(state.name()), state.incarnation, incarnation),
        "expected_incarnation");
  }
  if (epoch != 0 && epoch != state.epoch) {
    return Refusal(v1::ERROR_REASON_EPOCH_CONFLICT,
                   absl::StrCat("expected_epoch: ring ", Quoted(state.name()),
                                " is at epoch ", state.epoch, ", not ", epoch,
                                "; read the ring and plan again"),
                   "expected_epoch");
  }
  return absl::OkStatus();
}

absl::Status ValidateRequest(const ChangeRequest& request) {
  if (absl::Status status = ValidateRequestId(request.request_id);
      !status.ok()) {
    return status;
  }
  return ValidateReason(request.reason);
}

v1::Change ChangeOf(const stored::v1::ChangeRecord& record) {
  v1::Change change = record.change();
  SetBefore(record, change);
  return change;
}

absl::StatusOr<std::optional<v1::Change>> FirstReply(
    const RingState& state, const ChangeRequest& request) {
  if (request.request_id.empty()) return std::nullopt;
  for (auto it = state.history.rbegin(); it != state.history.rend(); ++it) {
    const stored::v1::ChangeRecord& record = **it;
    if (record.change().request_id() != request.request_id) continue;
    if (record.request_digest() != DigestOf(request)) {
      return Refusal(
          v1::ERROR_REASON_REQUEST_ID_REUSED,
          absl::StrCat("request_id: ", Quoted(request.request_id),
                       " was used for a different request at epoch ",
                       record.change().epoch(), "; use a new request_id"),
          "request_id");
    }
    v1::Change answer = ChangeOf(record);
    if (request.include_moves) {
      auto before = RingAt(state, answer.epoch() - 1, "request_id");
      if (!before.ok()) return before.status();
      auto after = RingAt(state, answer.epoch(), "request_id");
      if (!after.ok()) return after.status();
      *answer.mutable_comparison() =
          ComparisonOf(*before, *after, Relation::kNext, true);
    }
    return answer;
  }
  return std::nullopt;
}

namespace {

// Copies to `change` what history keeps of the request.
void CopyRequest(const ChangeRequest& request, v1::Change& change) {
  change.set_actor(request.actor);
  change.set_stated_actor(request.stated_actor);
  change.set_reason(request.reason);
  change.set_request_id(request.request_id);
  if (request.undeleted.has_value()) {
    *change.mutable_undeleted() = request.undeleted->deletion();
  }
}

}  // namespace

absl::StatusOr<ChangePlan> PlanChange(const RingState& state,
                                      const ChangeRequest& request,
                                      absl::Time now, const Ring* previous,
                                      WorkBudget* budget) {
  absl::Status status = CheckExpected(state, request.expected_incarnation,
                                      request.expected_epoch);
  if (!status.ok()) return status;
  absl::StatusOr<Edit> edit = Edit();
  if (!request.end_migration && !request.undeleted.has_value()) {
    edit = EditNodes(state.ring().spec(), state.ring().nodes(), request.changes,
                     request.fields);
  }
  if (!edit.ok()) return edit.status();
  const std::string& migrating_from = state.ring().spec().migrating_from();
  const bool ends = request.end_migration && !migrating_from.empty();
  ChangePlan plan;
  v1::Change& change = plan.change;
  change.set_incarnation(state.incarnation);
  if (edit->empty() && !ends && !request.undeleted.has_value()) {
    change.set_epoch(state.epoch);
    change.set_fingerprint(state.ring().fingerprint());
    *change.mutable_comparison() =
        ComparisonOf(state.measured, state.measured, Relation::kNext, false);
    return plan;
  }
  absl::StatusOr<std::shared_ptr<const Ring>> ring;
  if (ends) {
    ring = state.ring().AfterMigration();
    change.set_ended_migration_from(migrating_from);
  } else if (request.undeleted.has_value()) {
    ring = state.measured.ring;
  } else {
    ring = NextRing(state.ring(), std::move(edit->nodes), previous, budget);
  }
  if (!ring.ok()) {
    return NameNodeField(ring.status(), request.changes, request.fields);
  }
  plan.kind = request.undeleted.has_value() ? ChangeKind::kUndelete
              : ends                        ? ChangeKind::kEndMigration
                                            : edit->kind;
  plan.next = std::make_shared<RingState>(*std::move(ring), state.incarnation,
                                          state.epoch + 1);
  change.set_epoch(plan.next->epoch);
  change.set_fingerprint(plan.next->ring().fingerprint());
  *change.mutable_accept_time() = ToTimestamp(now);
  CopyRequest(request, change);
  for (const NodePtr& node : edit->upserted) *change.add_upserted() = *node;
  for (std::string& id : edit->removed_ids) {
    change.add_removed_ids(std::move(id));
  }
  *change.mutable_comparison() =
      ComparisonOf(state.measured, plan.next->measured, Relation::kNext,
                   request.include_moves);
  stored::v1::ChangeRecord& record = plan.record;
  for (const NodePtr& node : edit->before) *record.add_before() = *node;
  record.set_request_digest(DigestOf(request));
  if (request.undeleted.has_value()) {
    record.set_deletion_digest(request.undeleted->request_digest());
  }
  *record.mutable_change() = change;
  ClearLists(*record.mutable_change()->mutable_comparison());
  SetBefore(record, change);
  if (PartitionsOf(state.ring().spec()) > 0) {
    *record.mutable_partitions() =
        MovesBetween(state.ring(), plan.next->ring());
  }
  return plan;
}

}  // namespace clockwise
