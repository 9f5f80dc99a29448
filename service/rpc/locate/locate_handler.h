// LocateHandler answers look-ups from the newest state of a ring. Look-ups that
// require a later epoch wait. Thread-safe. The membership, the waiters and the
// gate must outlive it.
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

namespace clockwise {

class LocateHandler {
 public:
  using Reply = absl::StatusOr<grpc::Slice>;

  LocateHandler(const Membership& membership, EpochWaiters& waiters,
                const AccessGate& gate, ByteBudget& budget)
      : membership_(membership),
        waiters_(waiters),
        gate_(gate),
        budget_(budget) {}

  // Checks the caller of `method`, and answers a v1::LocateRequest or
  // v1::BatchLocateRequest. Returns nullopt if its min_epoch is not reached;
  // the caller must then call Wait. Sets `ring`, unless null, to the ring of
  // the request.
  template <typename Request>
  std::optional<Reply> Locate(const grpc::CallbackServerContext& context,
                              Method method, const grpc::Slice& request,
                              std::string* ring = nullptr) const;

  // Calls `later` with the answer when the request's min_epoch is reached,
  // perhaps before this function returns. Checks the caller again then, because
  // its role may have changed. `context` must live until then.
  template <typename Request>
  void Wait(const grpc::CallbackServerContext& context, Method method,
            const grpc::Slice& request,
            const std::function<void(Reply)>& later);

 private:
  // Returns the answer to a caller of `method` that may read the ring.
  template <typename Request>
  Reply ReplyFrom(const grpc::CallbackServerContext& context, Method method,
                  const RingState& state, const LocateQuery& query) const;

  const Membership& membership_;
  EpochWaiters& waiters_;
  const AccessGate& gate_;
  ByteBudget& budget_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_LOCATE_LOCATE_HANDLER_H_
