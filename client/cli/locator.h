// Locator answers look-ups of `clockwise locate`: from a server, or from a
// mirror of the ring in this process. Thread-compatible.
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

// All requests are for the ring of the session.
class Locator {
 public:
  virtual ~Locator() = default;
  [[nodiscard]] virtual absl::Status Locate(const v1::LocateRequest& request,
                                            v1::LocateResponse* response) = 0;
  [[nodiscard]] virtual absl::Status BatchLocate(
      const v1::BatchLocateRequest& request,
      v1::BatchLocateResponse* response) = 0;
};

// Returns a locator that calls a server. The session must outlive it.
absl::StatusOr<std::unique_ptr<Locator>> NewRemoteLocator(Session& session);

// Returns a locator with a local mirror. Waits for the ring at `min_epoch` or
// later. If no server answers, it uses the ring in `ring_file` (if not empty)
// and prints a message.
absl::StatusOr<std::unique_ptr<Locator>> NewLocalLocator(
    Session& session, const std::string& ring_file, uint64_t min_epoch);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_LOCATOR_H_
