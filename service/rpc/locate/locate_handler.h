// LocateHandler answers look-ups from the newest state of a ring. Look-ups that
// require a later epoch, or a ring that another server may have created, wait.
// Large batches are answered on threads of their
// own, so that other look-ups do not wait for them; clients take turns.
// Thread-safe. The other objects that it uses must outlive it.
#ifndef CLOCKWISE_SERVICE_RPC_LOCATE_LOCATE_HANDLER_H_
#define CLOCKWISE_SERVICE_RPC_LOCATE_LOCATE_HANDLER_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/slice.h>

#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "service/membership/membership.h"
#include "service/rpc/access_gate.h"
#include "service/rpc/byte_budget.h"
#include "service/rpc/epoch_waiters.h"
#include "service/rpc/locate/locate_query.h"
#include "service/runtime/work_queue.h"

namespace clockwise {

class LocateHandler {
 public:
  using Reply = absl::StatusOr<grpc::Slice>;

  LocateHandler(const Membership& membership, EpochWaiters& waiters,
                const AccessGate& gate, ByteBudget& budget, size_t queued_calls,
                RpcStats& stats);

  // Checks the caller of `method`, and answers a v1::LocateRequest or
  // v1::BatchLocateRequest. Returns nullopt if its min_epoch is not reached, if
  // the shared store may have its ring, or if it takes long; the caller must
  // then call Wait. Sets `ring`, unless null,
  // to the ring of the request.
  template <typename Request>
  std::optional<Reply> Locate(const grpc::CallbackServerContext& context,
                              Method method, const grpc::Slice& request,
                              std::string* ring = nullptr) const;

  // Calls `later` with the answer when the request's min_epoch is reached, or
  // when the store was read,
  // perhaps before this function returns, and perhaps on another thread. Checks
  // the caller again then, because its role may have changed. OVERLOADED: too
  // many calls wait. `context` must live until then.
  template <typename Request>
  void Wait(const grpc::CallbackServerContext& context, Method method,
            const grpc::Slice& request,
            const std::function<void(Reply)>& later);

 private:
  // Returns the answer to a caller of `method` that may read the ring.
  template <typename Request>
  Reply ReplyFrom(const grpc::CallbackServerContext& context, Method method,
                  const RingState& state, const LocateQuery& query) const;
  // Answers a request that has waited. `reached`: the state, or an error.
  template <typename Request>
  Reply AnswerLate(const grpc::CallbackServerContext& context, Method method,
                   const grpc::Slice& request,
                   const absl::StatusOr<StatePtr>& reached) const;

  const Membership& membership_;
  EpochWaiters& waiters_;
  const AccessGate& gate_;
  ByteBudget& budget_;
  const size_t queued_calls_;
  RpcStats& stats_;
  WorkQueue batches_;  // by connection; last, its work uses the others
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_LOCATE_LOCATE_HANDLER_H_
