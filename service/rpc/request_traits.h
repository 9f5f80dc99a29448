// Reads fields that requests or responses of several types have in common.
// Stateless.
#ifndef CLOCKWISE_SERVICE_RPC_REQUEST_TRAITS_H_
#define CLOCKWISE_SERVICE_RPC_REQUEST_TRAITS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "clockwise/v1/placement.pb.h"
#include "service/api/validate.h"

namespace clockwise {

// True if a request only requires a plan (validate_only). A plan may take long
// and changes nothing, so it is queued with the reads and delays no change.
template <typename Request>
bool IsPlan(const Request& request) {
  if constexpr (requires { request.validate_only(); }) {
    return request.validate_only();
  } else {
    return false;
  }
}

// Returns the name of the ring in a request: "" means the default ring.
inline absl::string_view MeantRing(absl::string_view ring) {
  return ring.empty() ? kDefaultRing : ring;
}

// Returns the epoch of the change in an answer, else that of the ring; 0 if it
// has neither.
template <typename Response>
uint64_t EpochIn(const absl::StatusOr<Response>& answer) {
  if constexpr (requires(const Response& response) { response.change(); }) {
    if (answer.ok() && answer->has_change()) return answer->change().epoch();
  }
  if constexpr (requires(const Response& response) { response.ring(); }) {
    if (answer.ok()) return answer->ring().epoch();
  }
  return 0;
}

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_REQUEST_TRAITS_H_
