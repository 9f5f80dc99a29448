// What a change of nodes does to a ring, worked out without a server, on the
// rings that a server would build: exact figures, and keys counted beside them.
// Pure functions.
#ifndef CLOCKWISE_CLIENT_CLI_SIMULATION_H_
#define CLOCKWISE_CLIENT_CLI_SIMULATION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/key_sample.h"
#include "clockwise/v1/placement.pb.h"
#include "service/ring/node_list.h"
#include "service/ring/ring.h"

namespace clockwise::cli {

// The nodes of a ring, and those after a change.
struct NodesAround {
  NodeList before;
  NodeList after;
};

// node-00001 to the number of `nodes`; then the first `removed` of them are
// gone, and `added` new ones stand behind the last. So modulo hashing is seen
// at its best: no other node's number changes by an addition. Wants
// removed <= nodes and nodes + added <= kMaxSimulatedNodes.
NodesAround NumberedNodes(uint32_t nodes, uint32_t added, uint32_t removed);

// Returns `nodes`, whose ids differ, as a server would have them once they
// joined a new ring in this order, with their defaults. FIELD_INVALID.
absl::StatusOr<NodeList> JoinedNodes(std::span<const v1::Node> nodes);

// The ring of one spec before and after the change of nodes.
struct RingPair {
  std::shared_ptr<const Ring> before;
  std::shared_ptr<const Ring> after;
};

// Builds both as a server would, the second as what follows on the first. The
// refusals of NormalizeSpec (service/ring/layout_settings.h) and of NextRing.
absl::StatusOr<RingPair> BuildRings(const v1::RingSpec& spec,
                                    const NodesAround& nodes);

// What becomes of keys that are located in both rings. Zeros without keys.
struct KeyFigures {
  uint64_t keys = 0;
  double peak_to_mean = 0;  // after the change: of keys × owners on a node
  double moved_ratio = 0;   // part of keys × owners that gets a new node
};

struct Figures {
  v1::RingSpec spec;  // with its defaults
  size_t nodes_before = 0;
  size_t nodes_after = 0;
  // Exact, as v1::Comparison has them.
  v1::Balance balance_before;
  v1::Balance balance_after;
  v1::Balance primary_balance_before;
  v1::Balance primary_balance_after;
  double moved_ratio = 0;
  double minimum_moved_ratio = 0;
  // Share over its due of each node after the change, in the ring's order.
  std::vector<double> loads;
  KeyFigures keys;

  // Moved over the least possible; 0 where nothing had to move.
  double moved_to_minimum() const {
    return minimum_moved_ratio > 0 ? moved_ratio / minimum_moved_ratio : 0;
  }
};

// `keys` must have been hashed in the rings' layout. O(points × owners) and
// O(keys × owners × log points).
Figures FiguresOf(const RingPair& rings, const KeySample& keys);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_SIMULATION_H_
