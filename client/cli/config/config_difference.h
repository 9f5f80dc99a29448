// Computes the changes that give a ring the state in a file. Pure functions.
#ifndef CLOCKWISE_CLIENT_CLI_CONFIG_CONFIG_DIFFERENCE_H_
#define CLOCKWISE_CLIENT_CLI_CONFIG_CONFIG_DIFFERENCE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/config/ring_config.h"
#include "clockwise/v1/placement.pb.h"

namespace clockwise::cli {

struct ConfigDifference {
  // Added nodes in the order of the file, then updated ones, then removed ones.
  std::vector<ConfigChange> changes;
  // Nodes of the ring that the file does not name and that stay, by id.
  std::vector<std::string> unnamed_ids;
  // The layout depends on the order of the nodes, and after the changes the
  // ring has them in another order than the file.
  bool order_differs = false;
};

struct DifferenceOptions {
  bool prune = false;  // removes nodes that the file does not name
  // Removes nodes and adds them again, if they have another hash_key in the
  // file, or another order that the layout depends on.
  bool replace = false;
};

// Compares the nodes of `ring` with those that `config`, of the kind kState,
// states. Bad usage: the file states a spec that the ring does not have, or,
// without `replace`, another hash_key for a node.
absl::StatusOr<ConfigDifference> DifferenceOf(const RingConfig& config,
                                              const v1::Snapshot& ring,
                                              const DifferenceOptions& options);

// "+ n1  address: 10.0.0.1:80", "~ n2  weight: 1 -> 2" and "- n3" for what
// `change` adds, updates and removes. `before` is the ring before the change;
// without it (no nodes) the new values of updated nodes are shown.
std::string ChangeLines(const v1::Change& change, const v1::Snapshot& before);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_CONFIG_CONFIG_DIFFERENCE_H_
