// Answers the requests that need only membership/, and returns the ring that a
// request concerns. Stateless.
#ifndef CLOCKWISE_SERVICE_RPC_REQUESTS_H_
#define CLOCKWISE_SERVICE_RPC_REQUESTS_H_

#include <concepts>
#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "clockwise/v1/placement.pb.h"
#include "service/membership/call_check.h"
#include "service/membership/membership.h"

namespace clockwise {

// RingOf returns the ring on which the caller of a CallScope::kOneRing method
// needs the method's role. A request that has no field `ring` needs an overload
// here; without one its handler does not compile.
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

// SourceOf returns the ring that the ring of the request copies owners from; ""
// if there is none. The caller needs the method's role on it, too: its readers
// will read the owners, and it cannot be deleted meanwhile.
inline const std::string& SourceOf(const v1::CreateRingRequest& request) {
  return request.spec().migrating_from();
}

// Convert a request for a change to the form that membership/ requires. `actor`
// is the name of the caller.
ChangeRequest ToChangeRequest(v1::AddNodeRequest request, std::string actor);
ChangeRequest ToChangeRequest(v1::UpdateNodeRequest request, std::string actor);
ChangeRequest ToChangeRequest(v1::RemoveNodeRequest request, std::string actor);
ChangeRequest ToChangeRequest(v1::EndMigrationRequest request,
                              std::string actor);
ChangeRequest ToChangeRequest(v1::ApplyChangesRequest request,
                              std::string actor);

// TakesLong returns true for reads that may take more than a few milliseconds,
// so that other reads need not wait for them.
bool TakesLong(const Membership& membership, const v1::GetRingRequest& request);
bool TakesLong(const Membership& membership,
               const v1::CompareEpochsRequest& request);
bool TakesLong(const Membership& membership,
               const v1::ListChangesRequest& request);
inline bool TakesLong(const Membership&, const v1::BackupRingRequest&) {
  return true;
}
inline bool TakesLong(const Membership&, const v1::ListRingsRequest& request) {
  return request.deleted();  // reads the store
}
inline bool TakesLong(const Membership&, const v1::GetStatusRequest&) {
  return false;
}

// Answer a request.
// `actor` is the name of the caller.
absl::StatusOr<v1::CreateRingResponse> HandleRequest(
    Membership& membership, v1::CreateRingRequest request, std::string actor,
    const CallCheck& check = nullptr, std::string stated_actor = "");
// `watch_streams` returns the number of open Watch streams on a ring.
absl::StatusOr<v1::DeleteRingResponse> HandleRequest(
    Membership& membership, const v1::DeleteRingRequest& request,
    std::string actor,
    std::function<uint64_t(const std::string& ring)> watch_streams,
    const CallCheck& check = nullptr, std::string stated_actor = "");
absl::StatusOr<v1::UndeleteRingResponse> HandleRequest(
    Membership& membership, const v1::UndeleteRingRequest& request,
    std::string actor, const CallCheck& check = nullptr,
    std::string stated_actor = "");
absl::StatusOr<v1::GetRingResponse> HandleRequest(
    const Membership& membership, const v1::GetRingRequest& request);
absl::StatusOr<v1::BackupRingResponse> HandleRequest(
    const Membership& membership, const v1::BackupRingRequest& request);
absl::StatusOr<v1::CompareEpochsResponse> HandleRequest(
    const Membership& membership, const v1::CompareEpochsRequest& request,
    const CallCheck& check = nullptr);
absl::StatusOr<v1::ListChangesResponse> HandleRequest(
    const Membership& membership, const v1::ListChangesRequest& request);
// Returns true for the rings that a caller may read.
using Readable = std::function<bool(absl::string_view ring)>;
absl::StatusOr<v1::ListRingsResponse> HandleRequest(
    const Membership& membership, const v1::ListRingsRequest& request,
    const Readable& readable);
// Returns the state of the ring that `state` migrates from; null if it does not
// migrate, or if that ring does not exist.
StatePtr PreviousOf(const Membership& membership, const RingState& state);
// Answers from the newest state; ignores the request's min_epoch.
absl::StatusOr<v1::LocateResponse> HandleRequest(
    const Membership& membership, const v1::LocateRequest& request);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_REQUESTS_H_
