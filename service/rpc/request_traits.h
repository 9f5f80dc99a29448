// What requests and answers have in common, whatever their types. Stateless.
#ifndef CLOCKWISE_SERVICE_RPC_REQUEST_TRAITS_H_
#define CLOCKWISE_SERVICE_RPC_REQUEST_TRAITS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "clockwise/v1/placement.pb.h"
#include "service/api/validate.h"

namespace clockwise {

// True if a request of a change only asks for a plan. A plan may take long and
// changes nothing, so it is served with the reads and delays no change.
template <typename Request>
bool IsPlan(const Request& request) {
  if constexpr (requires { request.validate_only(); }) {
    return request.validate_only();
  } else {
    return false;
  }
}

// A ring's name as requests spell it: "" is the default one.
inline absl::string_view MeantRing(absl::string_view ring) {
  return ring.empty() ? kDefaultRing : ring;
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
