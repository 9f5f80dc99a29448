// Locate and BatchLocate as pure functions of a ring's state. Stateless.
#ifndef CLOCKWISE_SERVICE_RPC_LOCATE_H_
#define CLOCKWISE_SERVICE_RPC_LOCATE_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clockwise/v1/placement.pb.h"
#include "service/membership/ring_state.h"

namespace clockwise {

// The bounds of a request. FIELD_INVALID.
absl::Status Validate(const v1::LocateRequest& request);
absl::Status Validate(const v1::BatchLocateRequest& request);

// Answers a valid request, and counts its keys. `previous` is the state of the
// ring that `state` migrates from: null if it migrates from none, or that ring
// cannot be found. RING_EMPTY.
absl::StatusOr<v1::LocateResponse> Answer(const RingState& state,
                                          const v1::LocateRequest& request,
                                          const RingState* previous = nullptr);
absl::StatusOr<v1::BatchLocateResponse> Answer(
    const RingState& state, const v1::BatchLocateRequest& request,
    const RingState* previous = nullptr);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_LOCATE_H_
