// The requests that are answered from membership/ alone, as functions: the ring
// that each is about, and its answer. Stateless.
#ifndef CLOCKWISE_SERVICE_RPC_REQUESTS_H_
#define CLOCKWISE_SERVICE_RPC_REQUESTS_H_

#include <concepts>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "clockwise/v1/placement.pb.h"
#include "service/membership/membership.h"

namespace clockwise {

// The ring on which the caller of a method of CallScope::kOneRing needs the
// method's role. A request that names its ring in another way needs an overload
// of its own here; without one its handler does not compile.
template <typename Request>
concept NamesItsRing = requires(const Request& request) {
  { request.ring() } -> std::same_as<const std::string&>;
};
template <NamesItsRing Request>
const std::string& RingOf(const Request& request) {
  return request.ring();
}
inline const std::string& RingOf(const v1::CreateRingRequest& request) {
  return request.spec().name();
}

// Changes of a ring, in the form that membership/ takes; `actor` is the caller.
ChangeRequest ToChangeRequest(v1::AddNodeRequest request, std::string actor);
ChangeRequest ToChangeRequest(v1::UpdateNodeRequest request, std::string actor);
ChangeRequest ToChangeRequest(v1::RemoveNodeRequest request, std::string actor);
ChangeRequest ToChangeRequest(v1::EndMigrationRequest request,
                              std::string actor);
ChangeRequest ToChangeRequest(v1::ApplyChangesRequest request,
                              std::string actor);

absl::StatusOr<v1::CreateRingResponse> HandleRequest(
    Membership& membership, const v1::CreateRingRequest& request);
absl::StatusOr<v1::DeleteRingResponse> HandleRequest(
    Membership& membership, const v1::DeleteRingRequest& request);
absl::StatusOr<v1::GetRingResponse> HandleRequest(
    const Membership& membership, const v1::GetRingRequest& request);
absl::StatusOr<v1::CompareEpochsResponse> HandleRequest(
    const Membership& membership, const v1::CompareEpochsRequest& request);
absl::StatusOr<v1::ListChangesResponse> HandleRequest(
    const Membership& membership, const v1::ListChangesRequest& request);
// Which rings a caller may read.
using Readable = std::function<bool(absl::string_view ring)>;
absl::StatusOr<v1::ListRingsResponse> HandleRequest(
    const Membership& membership, const v1::ListRingsRequest& request,
    const Readable& readable);
// The state of the ring that `state` migrates from; null: it migrates from
// none, or that ring cannot be found.
StatePtr PreviousOf(const Membership& membership, const RingState& state);
// Of the newest state, whatever the request's min_epoch.
absl::StatusOr<v1::LocateResponse> HandleRequest(
    const Membership& membership, const v1::LocateRequest& request);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_REQUESTS_H_
