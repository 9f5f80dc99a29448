// Locate and BatchLocate as functions of a ring's state. The answers are
// written as bytes, from parts that the state holds in serialised form.
// Stateless.
#ifndef CLOCKWISE_SERVICE_RPC_LOCATE_LOCATE_H_
#define CLOCKWISE_SERVICE_RPC_LOCATE_LOCATE_H_

#include <grpcpp/support/slice.h>

#include "absl/status/statusor.h"
#include "service/membership/ring_state.h"
#include "service/rpc/locate/locate_query.h"

namespace clockwise {

// Return a serialised v1::LocateResponse or v1::BatchLocateResponse for a valid
// query, and count its keys. `previous` is the state of the ring that `state`
// migrates from; null if it does not migrate, or if that ring does not exist.
// RING_EMPTY: the ring has no nodes. CANCELLED: query.stopped has ended it.
absl::StatusOr<grpc::Slice> LocateReply(const RingState& state,
                                        const LocateQuery& query,
                                        const RingState* previous = nullptr);
absl::StatusOr<grpc::Slice> BatchLocateReply(
    const RingState& state, const LocateQuery& query,
    const RingState* previous = nullptr);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_LOCATE_LOCATE_H_
