#include "service/rpc/placement_service.h"

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/limits.h"
#include "service/rpc/audit.h"
#include "service/rpc/change_log.h"
#include "service/rpc/request_traits.h"

namespace clockwise {
namespace {

// True if the handler itself looks for a ring that is not known: it creates or
// restores it, or it may have deleted it before (a retry).
template <typename Request>
bool MayNameNoRing(const Request& request) {
  if constexpr (std::is_same_v<Request, v1::DeleteRingRequest>) {
    return !request.request_id().empty();
  } else {
    return std::is_same_v<Request, v1::CreateRingRequest> ||
           std::is_same_v<Request, v1::UndeleteRingRequest>;
  }
}

// Parses a request. Counts the changes first: an empty one has two bytes, and
// needs 64 once it is parsed.
template <typename Request>
absl::Status ParseBounded(const grpc::ByteBuffer& bytes, Request& request) {
  if constexpr (requires { Request::kChangesFieldNumber; }) {
    const size_t changes = CountField(bytes, Request::kChangesFieldNumber);
    if (changes > limits::kMaxChangesPerRequest) {
      return FieldRefusal("changes",
                          absl::StrCat(changes, " changes; send 1 to ",
                                       limits::kMaxChangesPerRequest));
    }
  }
  if constexpr (requires { Request::kNodesFieldNumber; }) {
    const size_t nodes = CountField(bytes, Request::kNodesFieldNumber);
    if (nodes > limits::kMaxChangesPerRequest) {
      return FieldRefusal("nodes", absl::StrCat(nodes, " nodes; send at most ",
                                                limits::kMaxChangesPerRequest));
    }
  }
  return ParseRequest(bytes, request);
}

}  // namespace

PlacementServiceHandlers::PlacementServiceHandlers(
    Membership& membership, RpcStats& stats, const ServingLimits& limits,
    const AccessGate& gate, AuditLog* audit, ServerFacts facts,
    std::chrono::milliseconds heartbeat)
    : membership_(membership),
      stats_(stats),
      limits_(limits),
      gate_(gate),
      audit_(audit),
      facts_(std::move(facts)),
      budget_(limits.pending_bytes, stats),
      reader_(membership),
      waiters_(membership, reader_, limits.waiting_calls, stats),
      locate_handler_(membership, waiters_, gate, budget_, limits.queued_calls,
                      stats),
      locate_streams_(locate_handler_, budget_, gate, limits, calls_, stats,
                      heartbeat),
      watch_(membership, reader_, limits, calls_, stats, heartbeat),
      changes_(limits::kChangeThreads, limits.queued_calls,
               WorkQueue::Priority::kNormal),
      plans_(limits::kPlanThreads, limits.queued_calls,
             WorkQueue::Priority::kLow),
      short_reads_(limits::kReadThreads, limits.queued_calls,
                   WorkQueue::Priority::kNormal),
      long_reads_(limits::kReadThreads, limits.queued_calls,
                  WorkQueue::Priority::kLow) {
  membership_.Listen([this](const std::string& ring) {
    waiters_.Wake();
    watch_.Wake(ring);
  });
}

PlacementServiceHandlers::~PlacementServiceHandlers() {
  reader_.Stop();  // it calls the listener
  membership_.Listen(nullptr);
}

void PlacementServiceHandlers::Drain() {
  closed_ = true;
  waiters_.Drain();
  locate_streams_.Drain();
  watch_.Drain();
}

// A large answer may wait until the client reads, so it is counted until gRPC
// has sent it. gRPC sends small answers at once, and its default reactor is
// cheaper.
template <typename Request>
PlacementServiceHandlers::Reactor* PlacementServiceHandlers::HandleLocate(
    Method method, Context* context, const Bytes* bytes, Bytes* response) {
  const auto start = std::chrono::steady_clock::now();
  MethodStats* const stats = &stats_.Of(method);
  std::optional<LocateHandler::Reply> answer;
  const grpc::Slice request = ToSlice(*bytes);
  if (closed_.load(std::memory_order_relaxed)) {
    answer = Draining();
  } else {
    answer = locate_handler_.Locate<Request>(*context, method, request);
  }
  if (answer.has_value() &&
      (!answer->ok() || (*answer)->size() <= limits::kSmallBytes)) {
    // The call may have ended before Finish returns.
    Reactor* const reactor = context->DefaultReactor();
    UnaryCall(context, reactor, response, stats, start).Finish(*answer);
    return reactor;
  }
  auto* const reactor = new CallsUnderWay::UnaryReactor(calls_);
  const UnaryCall call(context, reactor, response, stats, start, &budget_);
  if (answer.has_value()) {
    call.Finish(*answer);
  } else {
    locate_handler_.Wait<Request>(
        *context, method, request,
        [call](const LocateHandler::Reply& later) { call.Finish(later); });
  }
  return reactor;
}

template <Method kMethod>
void PlacementServiceHandlers::Audit(const Admitted& admitted,
                                     const absl::Status& outcome,
                                     uint64_t epoch) const {
  if constexpr (RowOf(kMethod)->audit == CallAudit::kAudited) {
    if (audit_ == nullptr) return;
    v1::AuditEntry entry = admitted.entry;
    SetOutcome(outcome, entry);
    entry.set_epoch(epoch);
    audit_->Add(std::move(entry));
  }
}

template <Method kMethod, typename Request>
absl::Status PlacementServiceHandlers::Admit(const Context& context,
                                             const Bytes& bytes,
                                             Request& request,
                                             Admitted& admitted) const {
  constexpr CallScope kScope = RowOf(kMethod)->scope;
  const absl::Status parsed = ParseBounded(bytes, request);
  admitted.peer = context.peer();
  absl::string_view ring = AccessGate::kEveryRing;
  if constexpr (kScope == CallScope::kOneRing) {
    static_assert(
        requires { RingOf(request); },
        "The table says that the method is about one ring: add an "
        "overload of RingOf for its request to requests.h.");
    ring = RingOf(request);
  }
  absl::Status status = parsed;
  if (parsed.ok()) {
    if constexpr (kScope == CallScope::kAllRings) {
      status = FindReadable<kMethod>(context, admitted);
    } else {
      status = gate_.Admit(context, kMethod, ring, admitted.caller);
    }
    admitted.rings = {std::string(ring)};
    // This comes before any look at the source, so an error does not say
    // whether it exists.
    if constexpr (requires { SourceOf(request); }) {
      if (status.ok() && !SourceOf(request).empty()) {
        status = gate_.Check(context, kMethod, SourceOf(request));
        admitted.rings.emplace_back(SourceOf(request));
      }
    }
  }
  if constexpr (RowOf(kMethod)->queue == CallQueue::kChanges) {
    if (status.ok()) status = ReadStatedActor(context, admitted.stated_actor);
  }
  if constexpr (RowOf(kMethod)->audit == CallAudit::kAudited) {
    if (audit_ == nullptr) return status;
    admitted.entry = EntryOf(kMethod, admitted.peer);
    if (parsed.ok()) Describe(request, ring, admitted.entry);
    SetCaller(admitted.caller, admitted.entry);
    admitted.entry.set_stated_actor(admitted.stated_actor);
    if (!status.ok()) Audit<kMethod>(admitted, status, 0);
  }
  return status;
}

template <Method kMethod>
absl::Status PlacementServiceHandlers::CheckAgain(const Context& context,
                                                  Admitted& admitted) const {
  if constexpr (RowOf(kMethod)->scope == CallScope::kAllRings) {
    return FindReadable<kMethod>(context, admitted);
  }
  absl::Status status;
  for (const std::string& ring : admitted.rings) {
    if (status.ok()) status = gate_.Check(context, kMethod, ring);
  }
  return status;
}

template <Method kMethod>
absl::Status PlacementServiceHandlers::FindReadable(const Context& context,
                                                    Admitted& admitted) const {
  auto readable = gate_.Readable(context, kMethod);
  if (!readable.ok()) return readable.status();
  admitted.readable = *std::move(readable);
  if constexpr (kMethod == Method::kGetStatus) {
    admitted.sees_store = gate_.HasAnyRole(context, Role::kOperator);
  }
  return absl::OkStatus();
}

template <Method kMethod, typename Request, typename Response>
absl::StatusOr<Response> PlacementServiceHandlers::Work(
    Request request, const Admitted& admitted, const CallCheck& of_call) {
  // A retry that gets the first reply, and a change of nothing, send nothing to
  // the store. They are not logged.
  bool sent = false;
  const CallCheck check = [&](CallStage stage) {
    absl::Status open = Check(of_call, stage);
    sent |= open.ok() && stage == CallStage::kCommit;
    return open;
  };
  if constexpr (std::is_same_v<Request, v1::GetStatusRequest>) {
    return Status(admitted.readable, admitted.sees_store);
  } else if constexpr (RowOf(kMethod)->scope == CallScope::kAllRings) {
    return HandleRequest(membership_, request, admitted.readable);
  } else if constexpr (std::is_same_v<Request, v1::CreateRingRequest>) {
    const std::string ring = request.spec().name();
    auto answer =
        HandleRequest(membership_, std::move(request), admitted.caller.name,
                      check, admitted.stated_actor);
    if (answer.ok() && answer->has_change() && sent) {
      LogChange(ring, answer->change());
    }
    return answer;
  } else if constexpr (std::is_same_v<Request, v1::DeleteRingRequest>) {
    auto answer = HandleRequest(
        membership_, request, admitted.caller.name,
        [this](const std::string& ring) { return watch_.StreamsOf(ring); },
        check, admitted.stated_actor);
    if (answer.ok() && sent) LogDeletion(answer->ring());
    return answer;
  } else if constexpr (std::is_same_v<Request, v1::UndeleteRingRequest>) {
    auto answer = HandleRequest(membership_, request, admitted.caller.name,
                                check, admitted.stated_actor);
    if (answer.ok() && sent) LogChange(request.ring(), answer->change());
    return answer;
  } else if constexpr (requires { ToChangeRequest(request, std::string()); }) {
    ChangeRequest asked =
        ToChangeRequest(std::move(request), admitted.caller.name);
    asked.stated_actor = admitted.stated_actor;
    asked.check = check;
    auto change = membership_.Apply(asked);
    if (!change.ok()) return change.status();
    if (sent) LogChange(asked.ring, *change);
    Response answer;
    *answer.mutable_change() = *std::move(change);
    return answer;
  } else if constexpr (requires {
                         HandleRequest(membership_, request, check);
                       }) {
    return HandleRequest(membership_, request, check);
  } else {
    return HandleRequest(membership_, request);
  }
}

template <Method kMethod, typename Request>
bool PlacementServiceHandlers::AddToQueue(const Request& request,
                                          const Admitted& admitted,
                                          std::function<void()> run,
                                          std::function<void()> drop) {
  if constexpr (RowOf(kMethod)->queue == CallQueue::kChanges) {
    WorkQueue& queue = IsPlan(request) ? plans_ : changes_;
    return queue.Add(std::string(MeantRing(RingOf(request))), std::move(run),
                     std::move(drop));
  } else {
    WorkQueue& queue =
        TakesLong(membership_, request) ? long_reads_ : short_reads_;
    return queue.Add(
        admitted.caller.name.empty() ? admitted.peer : admitted.caller.name,
        std::move(run), std::move(drop));
  }
}

void PlacementServiceHandlers::FindRing(
    const std::string& ring, std::function<void(const absl::Status&)> done) {
  EpochWaiters::Waiter waiter;
  waiter.ring = ring;
  waiter.peer = "HTTP";  // all requests share the places of one connection
  waiter.deadline = waiter.since + std::chrono::milliseconds(
                                       limits::kHttpRingSearchMilliseconds);
  waiter.cancelled = [] { return false; };
  waiter.done = [done =
                     std::move(done)](const absl::StatusOr<StatePtr>& state) {
    done(state.status());
  };
  waiters_.Add(std::move(waiter));
}

template <Method kMethod, typename Request>
void PlacementServiceHandlers::WhenRingIsKnown(
    const Request& request, const Admitted& admitted,
    const std::shared_ptr<QueuedCall>& queued, std::function<void()> found,
    std::function<void(const absl::Status&)> refuse) {
  if constexpr (RowOf(kMethod)->scope == CallScope::kOneRing) {
    EpochWaiters::Waiter waiter;
    waiter.ring = std::string(MeantRing(RingOf(request)));
    if (!MayNameNoRing(request) &&
        membership_.MayBeUnseen(membership_.Find(waiter.ring).status())) {
      waiter.peer = admitted.peer;
      waiter.deadline = queued->answer_by();
      waiter.cancelled = [queued] { return queued->Over(); };
      waiter.done = [found = std::move(found), refuse = std::move(refuse)](
                        const absl::StatusOr<StatePtr>& state) {
        state.ok() ? found() : refuse(state.status());
      };
      waiters_.Add(std::move(waiter));
      return;
    }
  }
  found();
}

template <Method kMethod, typename Request, typename Response>
PlacementServiceHandlers::Reactor* PlacementServiceHandlers::Enqueue(
    Context* context, const Bytes* bytes, Bytes* response) {
  // Phase 1: count the call, and check the caller.
  auto* const reactor = new CallsUnderWay::UnaryReactor(calls_);
  const UnaryCall call(context, reactor, response, &stats_.Of(kMethod),
                       std::chrono::steady_clock::now(), &budget_);
  auto request = std::make_shared<Request>();
  auto admitted = std::make_shared<Admitted>();
  if (absl::Status status =
          Admit<kMethod>(*context, *bytes, *request, *admitted);
      !status.ok()) {
    call.Finish(status);
    return reactor;
  }
  // `closed_` is read after the call is counted. Therefore, when Drain was
  // called and no call is counted, no change can begin whose answer would be
  // lost.
  auto memory = closed_
                    ? absl::StatusOr<ByteBudget::Lease>(Draining())
                    : budget_.Take(context->peer(), request->SpaceUsedLong());
  if (!memory.ok()) {
    Audit<kMethod>(*admitted, memory.status(), 0);
    call.Finish(memory.status());
    return reactor;
  }
  const bool changes =
      RowOf(kMethod)->queue == CallQueue::kChanges && !IsPlan(*request);
  auto queued = std::make_shared<QueuedCall>(
      call, changes ? QueuedCall::Kind::kChange : QueuedCall::Kind::kRead,
      [this, admitted](const Context& caller) {
        return CheckAgain<kMethod>(caller, *admitted);
      });
  // Phase 2: queue the call. The work or the deadline answers it, whichever is
  // first. As soon as the deadline is added, `context` may no longer exist.
  const auto deadline =
      deadlines_.Add(queued->answer_by(), [queued] { queued->Expire(); });
  const auto refuse = [this, queued, deadline,
                       admitted](const absl::Status& refused) {
    deadlines_.Remove(deadline);
    Audit<kMethod>(*admitted, refused, 0);
    queued->Refuse(refused);
  };
  const auto drop = [this, refuse] {
    stats_.Reached(Limit::kQueuedCalls);
    refuse(QueueIsFull(limits_.queued_calls));
  };
  const auto run = [this, queued, deadline, request, admitted,
                    held = std::make_shared<ByteBudget::Lease>(
                        *std::move(memory))] {
    const absl::Status begun = queued->Begin();
    if (begun.ok()) {
      const absl::StatusOr<Response> answer = Work<kMethod, Request, Response>(
          std::move(*request), *admitted,
          [&](CallStage stage) { return queued->Check(stage); });
      Audit<kMethod>(*admitted, answer.status(), EpochIn(answer));
      queued->Finish(answer);
    } else {
      Audit<kMethod>(*admitted, begun, 0);
    }
    deadlines_.Remove(deadline);
  };
  // If the queue is full, the call is rejected now, or when another caller
  // takes its place.
  WhenRingIsKnown<kMethod>(
      *request, *admitted, queued,
      [this, request, admitted, run, drop] {
        if (!AddToQueue<kMethod>(*request, *admitted, run, drop)) drop();
      },
      refuse);
  return reactor;
}

// The queued methods of the table. The handlers of the other methods follow.
#define CLOCKWISE_DEFINE_NoQueue(name)
#define CLOCKWISE_DEFINE_Reads(name)                                        \
  PlacementServiceHandlers::Reactor* PlacementServiceHandlers::name(        \
      Context* context, const Bytes* bytes, Bytes* response) {              \
    return Enqueue<Method::k##name, v1::name##Request, v1::name##Response>( \
        context, bytes, response);                                          \
  }
#define CLOCKWISE_DEFINE_Changes(name) CLOCKWISE_DEFINE_Reads(name)
#define CLOCKWISE_ROW(name, type, role, scope, queue, audit) \
  CLOCKWISE_DEFINE_##queue(name)
CLOCKWISE_METHODS(CLOCKWISE_ROW)
#undef CLOCKWISE_ROW
#undef CLOCKWISE_DEFINE_Changes
#undef CLOCKWISE_DEFINE_Reads
#undef CLOCKWISE_DEFINE_NoQueue

// The handlers of these methods always check the ring that each message names,
// so the table must say the same.
static_assert(RowOf(Method::kLocate)->scope == CallScope::kOneRing);
static_assert(RowOf(Method::kBatchLocate)->scope == CallScope::kOneRing);
static_assert(RowOf(Method::kLocateStream)->scope == CallScope::kOneRing);
static_assert(RowOf(Method::kWatch)->scope == CallScope::kOneRing);

PlacementServiceHandlers::Reactor* PlacementServiceHandlers::Locate(
    Context* context, const Bytes* request, Bytes* response) {
  return HandleLocate<v1::LocateRequest>(Method::kLocate, context, request,
                                         response);
}

PlacementServiceHandlers::Reactor* PlacementServiceHandlers::BatchLocate(
    Context* context, const Bytes* request, Bytes* response) {
  return HandleLocate<v1::BatchLocateRequest>(Method::kBatchLocate, context,
                                              request, response);
}

LocateStreams::Reactor* PlacementServiceHandlers::LocateStream(
    Context* context) {
  return locate_streams_.Open(context);
}

v1::GetStatusResponse PlacementServiceHandlers::Status(const Readable& readable,
                                                       bool sees_store) const {
  v1::GetStatusResponse response =
      StatusOf(membership_, watch_.Figures(), facts_, readable);
  if (!sees_store) HideStore(response);
  response.set_draining(draining_);
  return response;
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* PlacementServiceHandlers::Watch(
    Context* context, const Bytes* request) {
  return watch_.Open(*request, NetworkOf(context->peer()),
                     [this, context](const std::string& ring) {
                       return gate_.Check(*context, Method::kWatch, ring);
                     });
}

}  // namespace clockwise
