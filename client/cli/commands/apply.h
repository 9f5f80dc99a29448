// Makes the changes that a file of `clockwise apply` asks for, or plans them.
#ifndef CLOCKWISE_CLIENT_CLI_COMMANDS_APPLY_H_
#define CLOCKWISE_CLIENT_CLI_COMMANDS_APPLY_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/commands/change.h"
#include "client/cli/config/ring_config.h"
#include "client/cli/session.h"

namespace clockwise::cli {

struct ApplyOptions {
  std::string file;
  bool replace = false;  // see DifferenceOptions; not an option of the command
  bool prune = false;
  bool yes = false;  // may remove most of the nodes without a question
  ChangeOptions change;
};

// Applied is the result of applying a file, or of planning it.
struct Applied {
  v1::ApplyChangesResponse response;
  v1::Snapshot before;   // the ring that was changed
  bool created = false;  // the ring did not exist
  std::vector<std::string> unnamed_ids;
  bool order_differs = false;

  bool changes() const {
    const v1::Change& change = response.change();
    return created || !change.upserted().empty() ||
           !change.removed_ids().empty();
  }
};

// Applies `config` to the ring that the session's global options name. All
// changes are made in one epoch. If the ring changes between reading and
// changing it, the difference is computed again, a few times, unless the
// options ask for an epoch.
//
// Failures: bad usage for what the file cannot ask for, with its line; what the
// server refuses, with the line of the change.
absl::StatusOr<Applied> Apply(const ApplyOptions& options,
                              const RingConfig& config, Session& session);

// The error for a ring that the server would place in another way.
absl::Status OtherRing(absl::string_view ring);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_COMMANDS_APPLY_H_
