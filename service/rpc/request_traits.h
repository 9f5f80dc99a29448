// What requests and answers have in common, whatever their types. Stateless.
#ifndef CLOCKWISE_SERVICE_RPC_REQUEST_TRAITS_H_
#define CLOCKWISE_SERVICE_RPC_REQUEST_TRAITS_H_

#include <cstdint>
#include <string>
#include <type_traits>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "clockwise/v1/placement.pb.h"
#include "service/ring/validate.h"

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

// A ring's name as requests spell it: "" is the default one.
inline absl::string_view MeantRing(absl::string_view ring) {
  return ring.empty() ? kDefaultRing : ring;
}

// Whether a request is about one ring.
template <typename Request>
constexpr bool kOfOneRing = requires(const Request& request) {
  request.ring();
}
|| requires(const Request& request) { request.spec(); };

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
