// Who answers a look-up of `clockwise locate`: a server, or a mirror of the
// ring in this process. Thread-compatible.
#ifndef CLOCKWISE_CLIENT_CLI_LOCATOR_H_
#define CLOCKWISE_CLIENT_CLI_LOCATOR_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/session.h"
#include "clockwise/v1/placement.pb.h"

namespace clockwise::cli {

// The requests name the session's ring.
class Locator {
 public:
  virtual ~Locator() = default;
  [[nodiscard]] virtual absl::Status Locate(const v1::LocateRequest& request,
                                            v1::LocateResponse* response) = 0;
  [[nodiscard]] virtual absl::Status BatchLocate(
      const v1::BatchLocateRequest& request,
      v1::BatchLocateResponse* response) = 0;
};

// The session outlives it.
absl::StatusOr<std::unique_ptr<Locator>> NewRemoteLocator(Session& session);

// Waits for the ring at `min_epoch` or later; if no server answers, takes that
// in `ring_file` (if not empty) and says so.
absl::StatusOr<std::unique_ptr<Locator>> NewLocalLocator(
    Session& session, const std::string& ring_file, uint64_t min_epoch);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_LOCATOR_H_
