#include "service/rpc/placement_service.h"

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/rpc/audit.h"
#include "service/rpc/queued_call.h"
#include "service/rpc/request_traits.h"
#include "service/runtime/log.h"

namespace clockwise {
namespace {

// Logs a change that was made, and a warning for each goal that it does not
// reach. `meant` is the name of the ring in the request.
void LogChange(absl::string_view meant, const v1::Change& change) {
  const std::string ring(MeantRing(meant));
  LogInfo("ring changed",
          {{"ring", ring},
           {"epoch", absl::StrCat(change.epoch())},
           {"upserted", absl::StrCat(change.upserted_size())},
           {"removed", absl::StrCat(change.removed_ids_size())},
           {"moved", absl::StrCat(change.comparison().moved_ratio())},
           {"actor", change.actor()},
           {"request_id", change.request_id()}});
  if (change.comparison().zone_shortfall_after() >
      change.comparison().zone_shortfall_before()) {
    LogWarning("too few zones for some partitions",
               {{"ring", ring},
                {"partitions",
                 absl::StrCat(change.comparison().zone_shortfall_after())},
                {"zones", absl::StrCat(change.comparison().zone_count())}});
  }
  if (change.comparison().capped_ids_size() > 0) {
    LogWarning("weights too large: nodes cannot own their fair share",
               {{"ring", ring},
                {"nodes", absl::StrCat(change.comparison().capped_ids_size())},
                {"first", change.comparison().capped_ids(0)}});
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
  return ParseRequest(bytes, request);
}

// Takes the memory of a queued request from the budget. OVERLOADED.
absl::StatusOr<std::shared_ptr<ByteBudget::Lease>> HoldRequest(
    const google::protobuf::Message& request, const std::string& peer,
    ByteBudget& budget) {
  auto held = std::make_shared<ByteBudget::Lease>();
  const size_t bytes = request.SpaceUsedLong();
  if (bytes <= limits::kSmallBytes) return held;
  auto lease = budget.Take(peer, bytes);
  if (!lease.ok()) return lease.status();
  *held = *std::move(lease);
  return held;
}

absl::Status QueueIsFull(size_t most) {
  return Overloaded(absl::StrCat(most,
                                 " calls are queued already, the maximum "
                                 "(--max-queued-calls); retry in 1 second, or "
                                 "call another server"));
}

// Size of a batch in bytes up to which its answer is small: at most 256 keys
// with 64 owners each.
constexpr size_t kSmallRequest = 512;

// Returns how many of the `all` places in a queue may be taken by the changes
// of one ring, or by the reads of one caller. The others are left to others.
constexpr size_t PlacesOfOneKey(size_t all) { return all - all / 4; }

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
      waiters_(membership, limits.waiting_calls, stats),
      locate_handler_(membership, waiters_, gate, budget_),
      locate_streams_(locate_handler_, gate, limits, calls_, stats, heartbeat),
      watch_(membership, limits, calls_, stats, heartbeat),
      changes_(limits::kChangeThreads, limits.queued_calls,
               PlacesOfOneKey(limits.queued_calls)),
      plans_(limits::kPlanThreads, limits.queued_calls,
             PlacesOfOneKey(limits.queued_calls)),
      reads_(limits::kReadThreads, limits.queued_calls,
             PlacesOfOneKey(limits.queued_calls)) {
  membership_.Listen([this](const std::string& ring) {
    waiters_.Wake();
    watch_.Wake(ring);
  });
}

PlacementServiceHandlers::~PlacementServiceHandlers() {
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
  CallsUnderWay::UnaryReactor* counted = nullptr;
  if (std::is_same_v<Request, v1::BatchLocateRequest> &&
      bytes->Length() > kSmallRequest) {
    counted = new CallsUnderWay::UnaryReactor(calls_);
  }
  Reactor* const reactor =
      counted != nullptr ? counted : context->DefaultReactor();
  const UnaryCall call =
      counted != nullptr
          ? UnaryCall(context, counted, response, &stats_.Of(method), &budget_)
          : UnaryCall(context, reactor, response, &stats_.Of(method));
  // The call may have ended before Wait returns.
  if (closed_.load(std::memory_order_relaxed)) {
    call.Finish(Draining());
    return reactor;
  }
  const grpc::Slice request = ToSlice(*bytes);
  if (const auto answer =
          locate_handler_.Locate<Request>(*context, method, request)) {
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
      auto readable = gate_.Readable(context, kMethod);
      status = readable.status();
      if (readable.ok()) admitted.readable = *std::move(readable);
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
    if constexpr (kMethod == Method::kGetStatus) {
      admitted.sees_store = gate_.HasAnyRole(context, Role::kOperator);
    }
  }
  if constexpr (RowOf(kMethod)->audit == CallAudit::kAudited) {
    if (audit_ == nullptr) return status;
    admitted.entry = EntryOf(kMethod, context.peer());
    if (parsed.ok()) Describe(request, ring, admitted.entry);
    SetCaller(admitted.caller, admitted.entry);
    if (!status.ok()) Audit<kMethod>(admitted, status, 0);
  }
  return status;
}

template <Method kMethod>
absl::Status PlacementServiceHandlers::CheckAgain(
    const Context& context, const Admitted& admitted) const {
  absl::Status status;
  for (const std::string& ring : admitted.rings) {
    if (status.ok()) status = gate_.Check(context, kMethod, ring);
  }
  return status;
}

template <Method kMethod, typename Request, typename Response>
absl::StatusOr<Response> PlacementServiceHandlers::Work(
    Request request, const Admitted& admitted, const CallCheck& check) {
  if constexpr (std::is_same_v<Request, v1::GetStatusRequest>) {
    return Status(admitted.readable, admitted.sees_store);
  } else if constexpr (RowOf(kMethod)->scope == CallScope::kAllRings) {
    return HandleRequest(membership_, request, admitted.readable);
  } else if constexpr (requires { ToChangeRequest(request, std::string()); }) {
    ChangeRequest asked =
        ToChangeRequest(std::move(request), admitted.caller.name);
    asked.check = check;
    auto change = membership_.Apply(asked);
    if (!change.ok()) return change.status();
    if (!asked.validate_only) LogChange(asked.ring, *change);
    Response answer;
    *answer.mutable_change() = *std::move(change);
    return answer;
  } else if constexpr (RowOf(kMethod)->queue == CallQueue::kChanges) {
    return HandleRequest(membership_, request, check);
  } else {
    return HandleRequest(membership_, request);
  }
}

template <Method kMethod, typename Request>
PlacementServiceHandlers::Adder PlacementServiceHandlers::AdderFor(
    const Request& request, const Admitted& admitted) {
  if constexpr (RowOf(kMethod)->queue == CallQueue::kChanges) {
    WorkQueue& queue = IsPlan(request) ? plans_ : changes_;
    return [&queue, ring = std::string(MeantRing(RingOf(request)))](
               std::function<void()> work) {
      return queue.Add(ring, std::move(work));
    };
  } else {
    return [this, &admitted](std::function<void()> work) {
      return reads_.Add(admitted.caller.name, std::move(work));
    };
  }
}

template <Method kMethod, typename Request, typename Response>
PlacementServiceHandlers::Reactor* PlacementServiceHandlers::Enqueue(
    Context* context, const Bytes* bytes, Bytes* response) {
  // Phase 1: count the call, and check the caller.
  auto* const reactor = new CallsUnderWay::UnaryReactor(calls_);
  const UnaryCall call(context, reactor, response, &stats_.Of(kMethod),
                       &budget_);
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
  if (closed_) {
    const absl::Status refused = Draining();
    Audit<kMethod>(*admitted, refused, 0);
    call.Finish(refused);
    return reactor;
  }
  if constexpr (RowOf(kMethod)->queue == CallQueue::kInline) {
    call.Finish(Work<kMethod, Request, Response>(std::move(*request), *admitted,
                                                 nullptr));
    return reactor;
  }
  auto memory = HoldRequest(*request, context->peer(), budget_);
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
  const auto add = AdderFor<kMethod>(*request, *admitted);
  const bool added = add([this, queued, deadline, request, admitted,
                          held = *std::move(memory)] {
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
  });
  // Phase 3: if the queue is full, reject the call.
  if (added) return reactor;
  deadlines_.Remove(deadline);
  stats_.Reached(Limit::kQueuedCalls);
  const absl::Status refused = QueueIsFull(limits_.queued_calls);
  Audit<kMethod>(*admitted, refused, 0);
  queued->Refuse(refused);
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
#define CLOCKWISE_DEFINE_Inline(name) CLOCKWISE_DEFINE_Reads(name)
#define CLOCKWISE_ROW(name, type, role, scope, queue, audit) \
  CLOCKWISE_DEFINE_##queue(name)
CLOCKWISE_METHODS(CLOCKWISE_ROW)
#undef CLOCKWISE_ROW
#undef CLOCKWISE_DEFINE_Inline
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
  if (!sees_store) {  // "etcd:" remains of etcd:HOST:PORT
    std::string& store = *response.mutable_store();
    store.resize(std::min(store.size(), store.find(':') + 1));
    response.clear_store_distrust();  // it names addresses or paths
  }
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
