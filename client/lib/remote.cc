#include "client/lib/remote.h"

#include <grpcpp/client_context.h>

#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "client/lib/call.h"
#include "client/lib/node_conversion.h"
#include "client/lib/retries.h"

namespace clockwise::client {
namespace {

constexpr absl::Duration kFirstWait = absl::Milliseconds(20);
constexpr absl::Duration kLongestWait = absl::Seconds(1);

v1::ApplyChangesRequest ToRequest(const std::string& ring,
                                  const ChangeSet& changes,
                                  const ChangeOptions& options) {
  v1::ApplyChangesRequest request;
  request.set_ring(ring);
  for (const Node& node : changes.add) {
    v1::NodeChange& change = *request.add_changes();
    *change.mutable_add() = ToProto(node);
    change.set_allow_update(options.allow_update);
  }
  for (const Node& node : changes.update) {
    *request.add_changes()->mutable_update() = ToUpdate(node);
  }
  for (const std::string& id : changes.remove) {
    request.add_changes()->set_remove(id);
  }
  request.set_request_id(options.request_id);
  request.set_expected_epoch(options.expected_epoch);
  request.set_expected_incarnation(options.expected_incarnation);
  request.set_validate_only(options.plan_only);
  request.set_reason(options.reason);
  if (options.request_id.empty() && !options.plan_only) {
    std::random_device random;
    request.set_request_id(absl::StrCat("client-",
                                        absl::Hex(random(), absl::kZeroPad8),
                                        absl::Hex(random(), absl::kZeroPad8),
                                        absl::Hex(random(), absl::kZeroPad8)));
  }
  return request;
}

// Returns the policy for calls that may be repeated: reads, and changes with a
// request_id. `lost_races`: true if ABORTED is repeated.
RetryPolicy PolicyOf(const Options& options, bool lost_races) {
  RetryPolicy policy;
  policy.timeout = absl::FromChrono(options.call_timeout);
  policy.first_wait = kFirstWait;
  policy.longest_wait = kLongestWait;
  policy.repeat_aborted = lost_races;
  return policy;
}

// Returns the failure of a change. A refusal of the last attempt does not hold
// for an attempt before it whose answer was lost.
absl::Status FailureOf(const Outcome& outcome) {
  if (!outcome.maybe_applied || MayPass(outcome.status)) return outcome.status;
  return absl::UnavailableError(absl::StrCat(
      "the change may have been applied: the answer to an attempt was lost, "
      "and the server refuses the next one: ",
      outcome.status.message()));
}

}  // namespace

absl::StatusOr<RemoteOwners> Remote::Locate(std::string_view key,
                                            uint32_t replicas,
                                            uint64_t min_epoch,
                                            uint64_t min_incarnation) {
  v1::LocateRequest request;
  request.set_ring(options_.ring);
  request.set_key(std::string(key));
  request.set_replica_count(replicas);
  request.set_min_epoch(min_epoch);
  request.set_min_incarnation(min_incarnation);
  v1::LocateResponse response;
  const absl::Status status =
      CallServers(
          targets_, PolicyOf(options_, /*lost_races=*/false),
          [&](v1::PlacementService::Stub& stub, grpc::ClientContext& context) {
            return stub.Locate(&context, request, &response);
          })
          .status;
  if (!status.ok()) return status;
  RemoteOwners found;
  for (v1::Owner& owner : *response.mutable_owners()) {
    Node& node = found.owners.emplace_back();
    node.id = std::move(*owner.mutable_node_id());
    node.address = std::move(*owner.mutable_address());
    node.zone = std::move(*owner.mutable_zone());
  }
  found.epoch = response.epoch();
  found.incarnation = response.incarnation();
  found.fingerprint = response.fingerprint();
  return found;
}

absl::StatusOr<ChangeResult> Remote::Apply(const ChangeSet& changes,
                                           const ChangeOptions& options) {
  const v1::ApplyChangesRequest request =
      ToRequest(options_.ring, changes, options);
  v1::ApplyChangesResponse response;
  const Outcome outcome = CallServers(
      targets_,
      PolicyOf(options_, /*lost_races=*/options.expected_epoch == 0 &&
                             options.expected_incarnation == 0),
      [&](v1::PlacementService::Stub& stub, grpc::ClientContext& context) {
        return stub.ApplyChanges(&context, request, &response);
      });
  if (!outcome.status.ok()) return FailureOf(outcome);
  const v1::Change& change = response.change();
  ChangeResult result;
  result.epoch = change.epoch();
  result.incarnation = change.incarnation();
  result.fingerprint = change.fingerprint();
  result.moved_ratio = change.comparison().moved_ratio();
  result.minimum_moved_ratio = change.comparison().minimum_moved_ratio();
  result.peak_to_mean_before =
      change.comparison().balance_before().peak_to_mean();
  result.peak_to_mean_after =
      change.comparison().balance_after().peak_to_mean();
  return result;
}

}  // namespace clockwise::client
