// Nodes as a server would have them once they joined a ring. Pure function.
#ifndef CLOCKWISE_CLIENT_CLI_JOINED_NODES_H_
#define CLOCKWISE_CLIENT_CLI_JOINED_NODES_H_

#include <span>

#include "absl/status/statusor.h"
#include "service/ring/node_list.h"

namespace clockwise::cli {

// `nodes`, whose ids differ, with their defaults, as the first of a ring, in
// this order. FIELD_INVALID.
absl::StatusOr<NodeList> JoinedNodes(std::span<const v1::Node> nodes);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_JOINED_NODES_H_
