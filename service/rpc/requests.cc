#include "service/rpc/requests.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/api/validate.h"
#include "service/limits.h"
#include "service/membership/change_plan.h"
#include "service/membership/comparison.h"
#include "service/membership/restore.h"
#include "service/ring/work_budget.h"
#include "service/rpc/access_gate.h"
#include "service/rpc/locate/locate.h"
#include "service/store/backup.h"

namespace clockwise {
namespace {

// A read of this many nodes and slots takes a few milliseconds.
constexpr size_t kShortRead = 20'000;

absl::Status NotAPageToken(absl::string_view page_token) {
  return FieldRefusal("page_token",
                      absl::StrCat(Quoted(page_token),
                                   " is not valid for this request; start "
                                   "again without page_token"));
}

// Returns a change with the fields that all five requests have.
template <typename Request>
ChangeRequest CommonFields(Request& request, std::string actor) {
  ChangeRequest change;
  change.ring = request.ring();
  change.request_id = request.request_id();
  change.expected_epoch = request.expected_epoch();
  change.expected_incarnation = request.expected_incarnation();
  change.validate_only = request.validate_only();
  change.reason = request.reason();
  if constexpr (requires { request.include_moves(); }) {
    change.include_moves = request.include_moves();
  }
  change.actor = std::move(actor);
  change.fields = FieldNames::kOne;
  return change;
}

// Copies the fields that DeleteRing and UndeleteRing have in common.
template <typename Request>
void CopyCommon(const Request& request, std::string actor,
                const CallCheck& check, std::string stated_actor,
                RingRequest& copy) {
  copy.ring = request.ring();
  copy.request_id = request.request_id();
  copy.reason = request.reason();
  copy.actor = std::move(actor);
  copy.stated_actor = std::move(stated_actor);
  copy.check = check;
}

}  // namespace

ChangeRequest ToChangeRequest(v1::AddNodeRequest request, std::string actor) {
  ChangeRequest change = CommonFields(request, std::move(actor));
  v1::NodeChange& add = change.changes.emplace_back();
  *add.mutable_add() = std::move(*request.mutable_node());
  add.set_allow_update(request.allow_update());
  return change;
}

ChangeRequest ToChangeRequest(v1::UpdateNodeRequest request,
                              std::string actor) {
  ChangeRequest change = CommonFields(request, std::move(actor));
  v1::NodeUpdate& update = *change.changes.emplace_back().mutable_update();
  *update.mutable_node() = std::move(*request.mutable_node());
  *update.mutable_update_mask() = std::move(*request.mutable_update_mask());
  return change;
}

ChangeRequest ToChangeRequest(v1::RemoveNodeRequest request,
                              std::string actor) {
  ChangeRequest change = CommonFields(request, std::move(actor));
  change.changes.emplace_back().set_remove(request.node_id());
  return change;
}

ChangeRequest ToChangeRequest(v1::ApplyChangesRequest request,
                              std::string actor) {
  ChangeRequest change = CommonFields(request, std::move(actor));
  change.fields = FieldNames::kMany;
  change.changes.assign(
      std::make_move_iterator(request.mutable_changes()->begin()),
      std::make_move_iterator(request.mutable_changes()->end()));
  return change;
}

ChangeRequest ToChangeRequest(v1::EndMigrationRequest request,
                              std::string actor) {
  ChangeRequest change = CommonFields(request, std::move(actor));
  change.end_migration = true;
  return change;
}

bool TakesLong(const Membership& membership,
               const v1::GetRingRequest& request) {
  const auto state = membership.Find(request.ring());
  if (!state.ok()) return false;
  const Ring& ring = (*state)->ring();
  // An older epoch is built from the nodes.
  const bool slots =
      request.include_points() ||
      (request.epoch() != 0 && request.epoch() != (*state)->epoch) ||
      ring.spec().layout() == v1::LAYOUT_PARTITIONED;
  return ring.nodes().size() + (slots ? ring.slots() : 0) > kShortRead;
}

bool TakesLong(const Membership& membership,
               const v1::CompareEpochsRequest& request) {
  const auto state = membership.Find(request.ring());
  return state.ok() &&
         (*state)->ring().nodes().size() + (*state)->ring().slots() >
             kShortRead;
}

bool TakesLong(const Membership&, const v1::ListChangesRequest& request) {
  return request.page_size() > limits::kDefaultPageSize;
}

absl::StatusOr<v1::CreateRingResponse> HandleRequest(
    Membership& membership, v1::CreateRingRequest request, std::string actor,
    const CallCheck& check, std::string stated_actor) {
  ChangeRequest first;
  first.fields = FieldNames::kNodes;
  for (v1::Node& node : *request.mutable_nodes()) {
    *first.changes.emplace_back().mutable_add() = std::move(node);
  }
  first.request_id = request.request_id();
  first.validate_only = request.validate_only();
  first.reason = request.reason();
  first.actor = std::move(actor);
  first.stated_actor = std::move(stated_actor);
  first.check = check;
  auto created = membership.CreateRing(request.spec(), first);
  if (!created.ok()) return created.status();
  v1::CreateRingResponse response;
  *response.mutable_ring() = InfoOf(*created->state);
  if (!first.changes.empty()) {
    *response.mutable_change() = std::move(created->change);
  }
  return response;
}

absl::StatusOr<v1::DeleteRingResponse> HandleRequest(
    Membership& membership, const v1::DeleteRingRequest& request,
    std::string actor,
    std::function<uint64_t(const std::string& ring)> watch_streams,
    const CallCheck& check, std::string stated_actor) {
  DeletionRequest deletion;
  CopyCommon(request, std::move(actor), check, std::move(stated_actor),
             deletion);
  deletion.expected_epoch = request.expected_epoch();
  deletion.expected_incarnation = request.expected_incarnation();
  deletion.force = request.force();
  deletion.watch_streams = std::move(watch_streams);
  return membership.DeleteRing(deletion);
}

absl::StatusOr<v1::UndeleteRingResponse> HandleRequest(
    Membership& membership, const v1::UndeleteRingRequest& request,
    std::string actor, const CallCheck& check, std::string stated_actor) {
  UndeletionRequest undeletion;
  CopyCommon(request, std::move(actor), check, std::move(stated_actor),
             undeletion);
  undeletion.incarnation = request.incarnation();
  auto restored = membership.UndeleteRing(undeletion);
  if (!restored.ok()) return restored.status();
  v1::UndeleteRingResponse response;
  *response.mutable_ring() = InfoOf(*restored->state);
  *response.mutable_change() = std::move(restored->change);
  return response;
}

absl::StatusOr<v1::GetRingResponse> HandleRequest(
    const Membership& membership, const v1::GetRingRequest& request) {
  auto state = membership.Find(request.ring());
  if (!state.ok()) return state.status();
  auto ring = RingAt(**state, request.epoch(), "epoch");
  if (!ring.ok()) return ring.status();
  const uint64_t epoch =
      request.epoch() == 0 ? (*state)->epoch : request.epoch();
  v1::GetRingResponse response;
  *response.mutable_snapshot() =
      SnapshotOf(**state, *ring, epoch, request.include_points());
  return response;
}

absl::StatusOr<v1::BackupRingResponse> HandleRequest(
    const Membership& membership, const v1::BackupRingRequest& request) {
  auto state = membership.Find(request.ring());
  if (!state.ok()) return state.status();
  auto bytes = BackupBytes({StoredOf(**state)});
  if (!bytes.ok()) {
    return Refusal(v1::ERROR_REASON_LIMIT_REACHED, bytes.status().message());
  }
  v1::BackupRingResponse response;
  response.set_backup(*std::move(bytes));
  return response;
}

StatePtr PreviousOf(const Membership& membership, const RingState& state) {
  const std::string& from = state.ring().spec().migrating_from();
  if (from.empty()) return nullptr;
  return membership.Find(from).value_or(nullptr);
}

absl::StatusOr<v1::LocateResponse> HandleRequest(
    const Membership& membership, const v1::LocateRequest& request) {
  const grpc::Slice bytes(request.SerializeAsString());
  LocateQuery query;
  absl::Status status = ReadQuery<v1::LocateRequest>(bytes, query);
  if (!status.ok()) return status;
  auto state = membership.Find(query.ring);
  if (!state.ok()) return state.status();
  const StatePtr previous = PreviousOf(membership, **state);
  auto answer = LocateReply(**state, query, previous.get());
  if (!answer.ok()) return answer.status();
  v1::LocateResponse response;
  response.ParseFromArray(answer->begin(), static_cast<int>(answer->size()));
  return response;
}

absl::StatusOr<v1::CompareEpochsResponse> HandleRequest(
    const Membership& membership, const v1::CompareEpochsRequest& request,
    const CallCheck& check) {
  auto state = membership.Find(request.ring());
  if (!state.ok()) return state.status();
  auto before = RingAt(**state, request.from_epoch(), "from_epoch");
  if (!before.ok()) return before.status();
  auto after = RingAt(**state, request.to_epoch(), "to_epoch");
  if (!after.ok()) return after.status();
  absl::Status open = Check(check, CallStage::kPlan);
  if (!open.ok()) return open;
  v1::CompareEpochsResponse response;
  const uint64_t newest = (*state)->epoch;
  response.set_from_epoch(request.from_epoch() ? request.from_epoch() : newest);
  response.set_to_epoch(request.to_epoch() ? request.to_epoch() : newest);
  response.set_incarnation((*state)->incarnation);
  // The smallest ratio of PARTITIONED costs a plan, so it has a plan's budget.
  WorkBudget budget(membership.plan_steps(),
                    [&check] { return !Check(check, CallStage::kPlan).ok(); });
  *response.mutable_comparison() =
      ComparisonOf(*before, *after, Relation::kAny, true, &budget);
  if (absl::IsCancelled(budget.status())) return budget.status();
  return response;
}

absl::StatusOr<v1::ListChangesResponse> HandleRequest(
    const Membership& membership, const v1::ListChangesRequest& request) {
  auto size = PageSize(request.page_size());
  if (!size.ok()) return size.status();
  auto state = membership.Find(request.ring());
  if (!state.ok()) return state.status();
  // A page token is the epoch of the first change of the page. Changes that are
  // made between two pages therefore do not repeat or skip entries.
  uint64_t epoch = (*state)->epoch;
  if (!request.page_token().empty() &&
      (!absl::SimpleAtoi(request.page_token(), &epoch) ||
       epoch > (*state)->epoch)) {
    return NotAPageToken(request.page_token());
  }
  v1::ListChangesResponse response;
  const auto& history = (*state)->history;
  for (auto record = history.rbegin(); record != history.rend(); ++record) {
    const v1::Change& change = (*record)->change();
    if (change.epoch() > epoch) continue;
    if (static_cast<uint32_t>(response.changes_size()) == *size) {
      response.set_next_page_token(absl::StrCat(change.epoch()));
      break;
    }
    *response.add_changes() = ChangeOf(**record);
  }
  return response;
}

namespace {

// A page token is the number of the first ring of the page. A deletion between
// two pages can repeat a ring.
absl::StatusOr<v1::ListRingsResponse> ListDeleted(
    const Membership& membership, const v1::ListRingsRequest& request,
    uint32_t size, const Readable& readable) {
  size_t skip = 0;
  if (!request.page_token().empty() &&
      !absl::SimpleAtoi(request.page_token(), &skip)) {
    return NotAPageToken(request.page_token());
  }
  const auto rings = membership.DeletedRings();
  if (!rings.ok()) return rings.status();
  v1::ListRingsResponse response;
  response.set_partial(!readable(AccessGate::kEveryRing));
  size_t number = 0;
  for (const DeletedRing& ring : *rings) {
    if (!readable(ring.head.spec.name()) || number++ < skip) continue;
    if (static_cast<uint32_t>(response.rings_size()) == size) {
      response.set_next_page_token(absl::StrCat(number - 1));
      break;
    }
    *response.add_rings() = InfoOf(ring);
  }
  return response;
}

}  // namespace

absl::StatusOr<v1::ListRingsResponse> HandleRequest(
    const Membership& membership, const v1::ListRingsRequest& request,
    const Readable& readable) {
  if (absl::Status status = membership.Ready(); !status.ok()) return status;
  auto size = PageSize(request.page_size());
  if (!size.ok()) return size.status();
  // A page token is the name of the first ring of the page, which may have been
  // deleted since.
  if (!request.page_token().empty() &&
      !ValidateId("page_token", request.page_token()).ok()) {
    return NotAPageToken(request.page_token());
  }
  if (request.deleted())
    return ListDeleted(membership, request, *size, readable);
  v1::ListRingsResponse response;
  response.set_partial(!readable(AccessGate::kEveryRing));
  for (const StatePtr& state : membership.Rings()) {
    if (state->name() < request.page_token()) continue;
    if (!readable(state->name())) continue;
    if (static_cast<uint32_t>(response.rings_size()) == *size) {
      response.set_next_page_token(state->name());
      break;
    }
    *response.add_rings() = InfoOf(*state);
  }
  return response;
}

}  // namespace clockwise
