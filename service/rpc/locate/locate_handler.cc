#include "service/rpc/locate/locate_handler.h"

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>

#include "service/rpc/locate/locate.h"
#include "service/rpc/queued_call.h"
#include "service/rpc/requests.h"
#include "service/rpc/unary_call.h"

namespace clockwise {
namespace {

// Number of owners up to which a look-up is answered on gRPC's thread. It takes
// about 0.1 ms.
constexpr size_t kShortLookUp = 2'000;

bool TakesLong(size_t keys, uint32_t replicas, const RingState& state) {
  const size_t owners = state.ring().OwnersPerKey(replicas);
  return keys * owners > kShortLookUp ||
         (owners > 1 && state.counters->long_walks);
}

}  // namespace

LocateHandler::LocateHandler(const Membership& membership,
                             EpochWaiters& waiters, const AccessGate& gate,
                             ByteBudget& budget, size_t queued_calls,
                             RpcStats& stats)
    : membership_(membership),
      waiters_(waiters),
      gate_(gate),
      budget_(budget),
      queued_calls_(queued_calls),
      stats_(stats),
      batches_(std::max(2u, std::thread::hardware_concurrency()), queued_calls,
               WorkQueue::Priority::kLow) {}

template <typename Request>
LocateHandler::Reply LocateHandler::ReplyFrom(
    const grpc::CallbackServerContext& context, Method method,
    const RingState& state, const LocateQuery& query) const {
  constexpr auto kAnswer = std::is_same_v<Request, v1::LocateRequest>
                               ? &LocateReply
                               : &BatchLocateReply;
  StatePtr previous = PreviousOf(membership_, state);
  // For a caller that may not read the previous ring, the answer is the same as
  // if that ring did not exist.
  if (previous != nullptr &&
      !gate_.HasRole(context, method, previous->name())) {
    previous = nullptr;
  }
  return kAnswer(state, query, previous.get());
}

template <typename Request>
std::optional<LocateHandler::Reply> LocateHandler::Locate(
    const grpc::CallbackServerContext& context, Method method,
    const grpc::Slice& request, std::string* ring) const {
  LocateQuery query;
  if (absl::Status status = ReadQuery<Request>(request, query); !status.ok()) {
    return status;
  }
  if (ring != nullptr) *ring = std::string(query.ring);
  if (gate_.checks_callers()) {
    absl::Status status = gate_.Check(context, method, query.ring);
    if (!status.ok()) return status;
  }
  const auto state = membership_.Glance(query.ring);
  if (!state.ok()) {
    if (membership_.MayBeUnseen(state.status())) return std::nullopt;
    return state.status();
  }
  if (!HasReached(**state, query.min_epoch, query.min_incarnation) ||
      TakesLong(query.keys.size(), query.replicas, **state)) {
    return std::nullopt;
  }
  return ReplyFrom<Request>(context, method, **state, query);
}

template <typename Request>
LocateHandler::Reply LocateHandler::AnswerLate(
    const grpc::CallbackServerContext& context, Method method,
    const grpc::Slice& request, const absl::StatusOr<StatePtr>& reached) const {
  // Parse again: the bytes of a small slice are in the slice object, so the
  // views of the first query became invalid when it was copied.
  LocateQuery query;
  absl::Status status = ReadQuery<Request>(request, query);
  if (status.ok()) status = gate_.Check(context, method, query.ring);
  if (status.ok()) status = reached.status();
  if (!status.ok()) return status;
  query.stopped = [&context] { return context.IsCancelled(); };
  return ReplyFrom<Request>(context, method, **reached, query);
}

template <typename Request>
void LocateHandler::Wait(const grpc::CallbackServerContext& context,
                         Method method, const grpc::Slice& request,
                         const std::function<void(Reply)>& later) {
  LocateQuery query;
  if (absl::Status status = ReadQuery<Request>(request, query); !status.ok()) {
    return later(status);
  }
  EpochWaiters::Waiter waiter;
  waiter.ring = std::string(query.ring);
  waiter.peer = context.peer();
  // gRPC keeps a copy of a request that arrived in several slices.
  auto lease = budget_.Take(waiter.peer, 2 * request.size());
  if (!lease.ok()) return later(lease.status());
  waiter.min_epoch = query.min_epoch;
  waiter.min_incarnation = query.min_incarnation;
  waiter.deadline = AnswerBy(context);
  waiter.cancelled = [&context] { return context.IsCancelled(); };
  waiter.done = [this, &context, method, request, later, peer = waiter.peer,
                 keys = query.keys.size(), replicas = query.replicas,
                 held = std::make_shared<ByteBudget::Lease>(*std::move(lease))](
                    const absl::StatusOr<StatePtr>& reached) {
    const auto answer = [this, &context, method, request, later, reached,
                         held] {
      later(context.IsCancelled()
                ? absl::CancelledError("the client has cancelled the call")
                : AnswerLate<Request>(context, method, request, reached));
    };
    if (!reached.ok() || !TakesLong(keys, replicas, **reached)) return answer();
    const auto drop = [this, later] {
      stats_.Reached(Limit::kQueuedCalls);
      later(QueueIsFull(queued_calls_));
    };
    if (!batches_.Add(peer, answer, drop)) drop();
  };
  const auto state = membership_.Find(query.ring);
  if (state.ok() &&
      HasReached(**state, query.min_epoch, query.min_incarnation)) {
    return waiter.done(*state);
  }
  waiters_.Add(std::move(waiter));
}

template std::optional<LocateHandler::Reply>
LocateHandler::Locate<v1::LocateRequest>(const grpc::CallbackServerContext&,
                                         Method, const grpc::Slice&,
                                         std::string*) const;
template std::optional<LocateHandler::Reply> LocateHandler::Locate<
    v1::BatchLocateRequest>(const grpc::CallbackServerContext&, Method,
                            const grpc::Slice&, std::string*) const;
template void LocateHandler::Wait<v1::LocateRequest>(
    const grpc::CallbackServerContext&, Method, const grpc::Slice&,
    const std::function<void(Reply)>&);
template void LocateHandler::Wait<v1::BatchLocateRequest>(
    const grpc::CallbackServerContext&, Method, const grpc::Slice&,
    const std::function<void(Reply)>&);

}  // namespace clockwise
