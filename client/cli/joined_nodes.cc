#include "client/cli/joined_nodes.h"

#include <cstdint>
#include <utility>

#include "service/api/validate.h"

namespace clockwise::cli {

absl::StatusOr<NodeList> JoinedNodes(std::span<const v1::Node> nodes) {
  NodeChanges joined;
  uint64_t ordinal = 0;
  for (const v1::Node& asked : nodes) {
    auto node = NormalizeNode(asked);
    if (!node.ok()) return node.status();
    node->set_ordinal(++ordinal);
    joined[asked.id()] = std::make_shared<const v1::Node>(*std::move(node));
  }
  return WithChanges({}, joined);
}

}  // namespace clockwise::cli
