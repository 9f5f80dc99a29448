// Locate and BatchLocate as pure functions of a ring's state: answers are
// written as bytes, from what the state has ready. Stateless.
#ifndef CLOCKWISE_SERVICE_RPC_LOCATE_LOCATE_H_
#define CLOCKWISE_SERVICE_RPC_LOCATE_LOCATE_H_

#include <grpcpp/support/slice.h>

#include "absl/status/statusor.h"
#include "service/membership/ring_state.h"
#include "service/rpc/locate/locate_query.h"

namespace clockwise {

// Answer a valid query with a v1::LocateResponse, or v1::BatchLocateResponse,
// and count its keys. `previous` is the state of the ring that `state` migrates
// from: null if it migrates from none, or that ring cannot be found.
// RING_EMPTY.
absl::StatusOr<grpc::Slice> LocateReply(const RingState& state,
                                        const LocateQuery& query,
                                        const RingState* previous = nullptr);
absl::StatusOr<grpc::Slice> BatchLocateReply(
    const RingState& state, const LocateQuery& query,
    const RingState* previous = nullptr);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_LOCATE_LOCATE_H_
