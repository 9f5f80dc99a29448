// What requests and answers have in common, whatever their types. Stateless.
#ifndef CLOCKWISE_SERVICE_RPC_REQUEST_TRAITS_H_
#define CLOCKWISE_SERVICE_RPC_REQUEST_TRAITS_H_

#include <cstdint>
#include <string>
#include <type_traits>

#include "absl/status/statusor.h"
#include "clockwise/v1/placement.pb.h"

namespace clockwise {

// Whether a request waits for the store. Plans, which may take long and change
// nothing, go with the reads, so that no change waits for them.
template <typename Request>
bool ChangesSomething(const Request& request) {
  if constexpr (requires { request.validate_only(); }) {
    return !request.validate_only();
  } else {
    return std::is_same_v<Request, v1::CreateRingRequest> ||
           std::is_same_v<Request, v1::DeleteRingRequest>;
  }
}

// The ring that a request is about.
template <typename Request>
const std::string& RingOf(const Request& request) {
  if constexpr (requires { request.spec(); }) {
    return request.spec().name();
  } else {
    return request.ring();
  }
}

// The epoch that an answer tells of; 0: it tells of none.
template <typename Response>
uint64_t EpochIn(const absl::StatusOr<Response>& answer) {
  if constexpr (requires(const Response& response) { response.change(); }) {
    if (answer.ok()) return answer->change().epoch();
  }
  return 0;
}

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_REQUEST_TRAITS_H_
