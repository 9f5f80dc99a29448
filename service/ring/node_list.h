// Defines the nodes of a ring as a value: immutable nodes, sorted by ID
// (bytewise), shared between the rings of different epochs.
#ifndef CLOCKWISE_SERVICE_RING_NODE_LIST_H_
#define CLOCKWISE_SERVICE_RING_NODE_LIST_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "clockwise/v1/placement.pb.h"

namespace clockwise {

using NodePtr = std::shared_ptr<const v1::Node>;
using NodeList = std::vector<NodePtr>;

// Returns the index of node `id`, or of the first node after it.
size_t LowerBound(const NodeList& nodes, absl::string_view id);

// Returns the node `id`; null if there is none.
NodePtr FindNode(const NodeList& nodes, absl::string_view id);

// Changes of a node list, by ID. A node is inserted or replaced; null removes
// it.
using NodeChanges = std::map<std::string, NodePtr, std::less<>>;

// Returns `nodes` with the changes applied. Removing an absent node has no
// effect. O(nodes + changes).
NodeList WithChanges(const NodeList& nodes, const NodeChanges& changes);

// The zones of a node list as numbers from 0, in the order in which the list
// first names them. Nodes without a zone share the zone "".
struct Zones {
  std::vector<uint32_t> of_node;  // by index into the list
  uint32_t count = 0;
};
Zones NumberZones(const NodeList& nodes);

// Returns for each node of `before` its index in `after`; kGone if it is
// absent.
inline constexpr uint32_t kGone = ~0u;
std::vector<uint32_t> IndexesAfter(const NodeList& before,
                                   const NodeList& after);

// Checks whether `nodes` is sorted by ID without duplicates.
bool IsSorted(const NodeList& nodes);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_NODE_LIST_H_
