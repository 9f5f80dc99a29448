#include "service/rpc/placement_service.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/ring/refusal.h"
#include "service/rpc/audit.h"
#include "service/rpc/log_change.h"
#include "service/rpc/queued_call.h"
#include "service/rpc/request_traits.h"
#include "service/rpc/requests.h"

namespace clockwise {

PlacementServiceHandlers::PlacementServiceHandlers(
    Membership& membership, RpcStats& stats, const ServingLimits& limits,
    const Gate& gate, AuditLog* audit, ServerFacts facts,
    std::chrono::milliseconds heartbeat)
    : membership_(membership),
      stats_(stats),
      limits_(limits),
      gate_(gate),
      audit_(audit),
      facts_(std::move(facts)),
      waiters_(membership, limits.waiting_calls, stats),
      locator_(membership, waiters_, gate),
      locate_streams_(locator_, limits.locate_streams, stats),
      watch_(membership, limits, stats, heartbeat),
      changes_(1, limits.queued_calls),
      reads_(1, limits.queued_calls) {
  membership_.Listen([this](const std::string& ring) {
    waiters_.Wake();
    watch_.Wake(ring);
  });
}

PlacementServiceHandlers::~PlacementServiceHandlers() {
  membership_.Listen(nullptr);
}

void PlacementServiceHandlers::Drain() {
  waiters_.Drain();
  locate_streams_.Drain();
  watch_.Drain();
}

template <typename Request>
PlacementServiceHandlers::Reactor* PlacementServiceHandlers::AnswerLocate(
    Method method, Context* context, const Bytes* bytes, Bytes* response) {
  const UnaryCall call(context, response, &stats_.Of(method));
  // The call may be over before Wait returns.
  Reactor* reactor = call.reactor();
  const grpc::Slice request = ToSlice(*bytes);
  if (const auto answer = locator_.Locate<Request>(*context, method, request)) {
    call.Finish(*answer);
  } else {
    locator_.Wait<Request>(
        *context, request,
        [call](const Locator::Answer& later) { call.Finish(later); });
  }
  return reactor;
}

void PlacementServiceHandlers::Audit(v1::AuditEntry entry,
                                     const absl::Status& outcome,
                                     uint64_t epoch) const {
  if (audit_ == nullptr) return;
  SetOutcome(outcome, entry);
  entry.set_epoch(epoch);
  audit_->Add(std::move(entry));
}

template <typename Request>
absl::Status PlacementServiceHandlers::Admit(
    Method method, const Context& context, const Bytes& bytes, Request& request,
    Gate::Caller& caller, v1::AuditEntry& entry) const {
  const absl::Status parsed = ParseRequest(bytes, request);
  absl::Status status = parsed;
  if constexpr (kOfOneRing<Request>) {
    if (parsed.ok()) {
      status = gate_.Admit(context, method, RingOf(request), caller);
    }
  }
  if constexpr (kAudited<Request>) {
    if (audit_ == nullptr) return status;
    entry = EntryOf(method, context.peer());
    if (parsed.ok()) Describe(request, entry);
    SetCaller(caller, entry);
    if (!status.ok()) Audit(entry, status, 0);
  }
  return status;
}

template <typename Request, typename Work>
PlacementServiceHandlers::Reactor* PlacementServiceHandlers::Queue(
    Method method, Context* context, const Bytes* bytes, Bytes* response,
    Work work) {
  const UnaryCall call(context, response, &stats_.Of(method));
  Reactor* reactor = call.reactor();
  auto request = std::make_shared<Request>();
  v1::AuditEntry entry;
  Gate::Caller caller;
  if (absl::Status status =
          Admit(method, *context, *bytes, *request, caller, entry);
      !status.ok()) {
    call.Finish(status);
    return reactor;
  }
  const bool changes = ChangesSomething(*request);
  auto queued = std::make_shared<QueuedCall>(
      call, changes ? QueuedCall::Kind::kChange : QueuedCall::Kind::kRead);
  // Once it is queued, the context may be gone at any time.
  const auto deadline =
      deadlines_.Add(call.AnswerBy(), [queued] { queued->Expire(); });
  WorkQueue& queue = changes ? changes_ : reads_;
  const bool added = queue.Add(
      [this, queued, deadline, request, work, entry, actor = caller.name] {
        if (queued->Begin()) {
          const auto answer = work(std::move(*request), actor);
          if constexpr (kAudited<Request>) {
            Audit(entry, answer.status(), EpochIn(answer));
          }
          queued->Finish(answer);
        } else if constexpr (kAudited<Request>) {
          Audit(entry, absl::CancelledError("its caller waits no more"), 0);
        }
        deadlines_.Remove(deadline);
      });
  if (added) return reactor;
  deadlines_.Remove(deadline);
  stats_.Reached(Limit::kQueuedCalls);
  const absl::Status refused =
      Overloaded(absl::StrCat(limits_.queued_calls, " calls wait already"));
  if constexpr (kAudited<Request>) Audit(entry, refused, 0);
  queued->Refuse(refused);
  return reactor;
}

template <typename Request, typename Response>
PlacementServiceHandlers::Reactor* PlacementServiceHandlers::Change(
    Method method, Context* context, const Bytes* bytes, Bytes* response) {
  return Queue<Request>(
      method, context, bytes, response,
      [this](Request request,
             const std::string& actor) -> absl::StatusOr<Response> {
        const ChangeRequest asked = ToChangeRequest(std::move(request), actor);
        auto change = membership_.Apply(asked);
        if (!change.ok()) return change.status();
        if (!asked.validate_only) LogChange(asked.ring, *change);
        Response answer;
        *answer.mutable_change() = *std::move(change);
        return answer;
      });
}

template <typename Request>
PlacementServiceHandlers::Reactor* PlacementServiceHandlers::Ask(
    Method method, Context* context, const Bytes* bytes, Bytes* response) {
  return Queue<Request>(method, context, bytes, response,
                        [this](const Request& request, const std::string&) {
                          return Answer(membership_, request);
                        });
}

PlacementServiceHandlers::Reactor* PlacementServiceHandlers::Locate(
    Context* context, const Bytes* request, Bytes* response) {
  return AnswerLocate<v1::LocateRequest>(Method::kLocate, context, request,
                                         response);
}

PlacementServiceHandlers::Reactor* PlacementServiceHandlers::BatchLocate(
    Context* context, const Bytes* request, Bytes* response) {
  return AnswerLocate<v1::BatchLocateRequest>(Method::kBatchLocate, context,
                                              request, response);
}

LocateStreams::Reactor* PlacementServiceHandlers::LocateStream(
    Context* context) {
  return locate_streams_.Open(context);
}

PlacementServiceHandlers::Reactor* PlacementServiceHandlers::AddNode(
    Context* context, const Bytes* request, Bytes* response) {
  return Change<v1::AddNodeRequest, v1::AddNodeResponse>(
      Method::kAddNode, context, request, response);
}

PlacementServiceHandlers::Reactor* PlacementServiceHandlers::UpdateNode(
    Context* context, const Bytes* request, Bytes* response) {
  return Change<v1::UpdateNodeRequest, v1::UpdateNodeResponse>(
      Method::kUpdateNode, context, request, response);
}

PlacementServiceHandlers::Reactor* PlacementServiceHandlers::RemoveNode(
    Context* context, const Bytes* request, Bytes* response) {
  return Change<v1::RemoveNodeRequest, v1::RemoveNodeResponse>(
      Method::kRemoveNode, context, request, response);
}

PlacementServiceHandlers::Reactor* PlacementServiceHandlers::ApplyChanges(
    Context* context, const Bytes* request, Bytes* response) {
  return Change<v1::ApplyChangesRequest, v1::ApplyChangesResponse>(
      Method::kApplyChanges, context, request, response);
}

PlacementServiceHandlers::Reactor* PlacementServiceHandlers::GetRing(
    Context* context, const Bytes* request, Bytes* response) {
  return Ask<v1::GetRingRequest>(Method::kGetRing, context, request, response);
}

PlacementServiceHandlers::Reactor* PlacementServiceHandlers::CompareEpochs(
    Context* context, const Bytes* request, Bytes* response) {
  return Ask<v1::CompareEpochsRequest>(Method::kCompareEpochs, context, request,
                                       response);
}

PlacementServiceHandlers::Reactor* PlacementServiceHandlers::ListChanges(
    Context* context, const Bytes* request, Bytes* response) {
  return Ask<v1::ListChangesRequest>(Method::kListChanges, context, request,
                                     response);
}

PlacementServiceHandlers::Reactor* PlacementServiceHandlers::CreateRing(
    Context* context, const Bytes* request, Bytes* response) {
  return Ask<v1::CreateRingRequest>(Method::kCreateRing, context, request,
                                    response);
}

PlacementServiceHandlers::Reactor* PlacementServiceHandlers::DeleteRing(
    Context* context, const Bytes* request, Bytes* response) {
  return Ask<v1::DeleteRingRequest>(Method::kDeleteRing, context, request,
                                    response);
}

PlacementServiceHandlers::Reactor* PlacementServiceHandlers::EndMigration(
    Context* context, const Bytes* request, Bytes* response) {
  return Change<v1::EndMigrationRequest, v1::EndMigrationResponse>(
      Method::kEndMigration, context, request, response);
}

template <typename Request, typename Work>
PlacementServiceHandlers::Reactor* PlacementServiceHandlers::List(
    Method method, Context* context, const Bytes* bytes, Bytes* response,
    Work work) {
  auto readable = gate_.Readable(*context, method);
  if (!readable.ok()) {
    const UnaryCall call(context, response, &stats_.Of(method));
    Reactor* reactor = call.reactor();
    call.Finish(readable.status());
    return reactor;
  }
  return Queue<Request>(method, context, bytes, response,
                        [work, readable = *std::move(readable)](
                            const Request& request, const std::string&) {
                          return work(request, readable);
                        });
}

PlacementServiceHandlers::Reactor* PlacementServiceHandlers::ListRings(
    Context* context, const Bytes* bytes, Bytes* response) {
  return List<v1::ListRingsRequest>(
      Method::kListRings, context, bytes, response,
      [this](const v1::ListRingsRequest& request, const Readable& readable) {
        return Answer(membership_, request, readable);
      });
}

PlacementServiceHandlers::Reactor* PlacementServiceHandlers::GetStatus(
    Context* context, const Bytes* bytes, Bytes* response) {
  return List<v1::GetStatusRequest>(
      Method::kGetStatus, context, bytes, response,
      [this](const v1::GetStatusRequest&, const Readable& readable)
          -> absl::StatusOr<v1::GetStatusResponse> {
        return Status(readable);
      });
}

v1::GetStatusResponse PlacementServiceHandlers::Status(
    const Readable& readable) const {
  v1::GetStatusResponse response =
      StatusOf(membership_, watch_.Figures(), facts_, readable);
  response.set_draining(draining_);
  return response;
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* PlacementServiceHandlers::Watch(
    Context* context, const Bytes* request) {
  return watch_.Open(*request, MachineOf(context->peer()),
                     [this, context](const std::string& ring) {
                       if (!gate_.guarded()) return absl::OkStatus();
                       Gate::Caller caller;
                       return gate_.Admit(*context, Method::kWatch, ring,
                                          caller);
                     });
}

}  // namespace clockwise
