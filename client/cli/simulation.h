// Functions that compute the effect of a change of nodes on a ring, without a
// server, on the same rings that a server would build. The figures are exact;
// the counts of keys are in addition. Pure functions.
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

// The nodes of a ring before and after a change.
struct NodesAround {
  NodeList before;
  NodeList after;
};

// Returns the nodes node-00001 to `nodes`. In the second list, the first
// `removed` nodes are removed, and `added` new nodes follow the last. This is
// the best case for modulo hashing: an addition does not change another node's
// number. Requires removed <= nodes and nodes + added <= kMaxSimulatedNodes.
NodesAround NumberedNodes(uint32_t nodes, uint32_t added, uint32_t removed);

// Returns `nodes`, whose ids differ, as a server would store them if they
// joined a new ring in this order, with their defaults. FIELD_INVALID: a node
// is invalid.
absl::StatusOr<NodeList> JoinedNodes(std::span<const v1::Node> nodes);

// The ring of one spec, before and after the change of nodes.
struct RingPair {
  std::shared_ptr<const Ring> before;
  std::shared_ptr<const Ring> after;
};

// Builds both rings as a server would; the second one follows from the first.
// Errors: those of NormalizeSpec (service/ring/layout_settings.h) and NextRing.
absl::StatusOr<RingPair> BuildRings(const v1::RingSpec& spec,
                                    const NodesAround& nodes);

// Figures from keys that are looked up in both rings; all 0 without keys.
struct KeyFigures {
  uint64_t keys = 0;
  double peak_to_mean = 0;  // of keys × owners per node, after the change
  double moved_ratio = 0;   // fraction of keys × owners that gets a new node
};

struct Figures {
  v1::RingSpec spec;  // with defaults filled in
  size_t nodes_before = 0;
  size_t nodes_after = 0;
  // Exact figures, as in v1::Comparison.
  v1::Balance balance_before;
  v1::Balance balance_after;
  v1::Balance primary_balance_before;
  v1::Balance primary_balance_after;
  double moved_ratio = 0;
  double minimum_moved_ratio = 0;
  // Share divided by fair share, for each node after the change, in the ring's
  // order.
  std::vector<double> loads;
  KeyFigures keys;

  // Returns moved_ratio / minimum_moved_ratio; 0 if nothing had to move.
  double moved_to_minimum() const {
    return minimum_moved_ratio > 0 ? moved_ratio / minimum_moved_ratio : 0;
  }
};

// Computes the figures. `keys` must include the rings' layout. Cost: O(points ×
// owners) and O(keys × owners × log points).
Figures FiguresOf(const RingPair& rings, const KeySample& keys);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_SIMULATION_H_
