// Calls to whichever server answers. Thread-safe.
#ifndef CLOCKWISE_CLIENT_LIB_REMOTE_H_
#define CLOCKWISE_CLIENT_LIB_REMOTE_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/lib/targets.h"
#include "clockwise/client.h"
#include "clockwise/v1/placement.grpc.pb.h"

namespace clockwise::client {

class Remote {
 public:
  Remote(const Options& options, Targets& targets)
      : options_(options), targets_(targets) {}

  absl::StatusOr<RemoteOwners> Locate(std::string_view key, uint32_t replicas,
                                      uint64_t min_epoch);
  absl::StatusOr<ChangeResult> Apply(const ChangeSet& changes,
                                     const ChangeOptions& options);

 private:
  using Attempt = std::function<grpc::Status(v1::PlacementService::Stub&,
                                             grpc::ClientContext&)>;
  // Makes the attempt at one server after the other, first at the one that
  // answered last, until one answered or the time is over. `lost_races`:
  // whether ABORTED is a reason to try again.
  absl::Status Call(const Attempt& attempt, bool lost_races);

  const Options options_;
  Targets& targets_;
};

}  // namespace clockwise::client

#endif  // CLOCKWISE_CLIENT_LIB_REMOTE_H_
