// Remote makes the library's RPCs, look-ups and changes, to any server that
// answers. Thread-safe. `targets` must outlive it.
#ifndef CLOCKWISE_CLIENT_LIB_REMOTE_H_
#define CLOCKWISE_CLIENT_LIB_REMOTE_H_

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "client/lib/targets.h"
#include "clockwise/client.h"

namespace clockwise::client {

class Remote {
 public:
  Remote(const Options& options, Targets& targets)
      : options_(options), targets_(targets) {}

  absl::StatusOr<RemoteOwners> Locate(std::string_view key, uint32_t replicas,
                                      uint64_t min_epoch,
                                      uint64_t min_incarnation);
  absl::StatusOr<ChangeResult> Apply(const ChangeSet& changes,
                                     const ChangeOptions& options);

 private:
  const Options options_;
  Targets& targets_;
};

}  // namespace clockwise::client

#endif  // CLOCKWISE_CLIENT_LIB_REMOTE_H_
