// Converts a ring's nodes to the members of its layout's profile. Stateless.
#ifndef CLOCKWISE_SERVICE_RING_MEMBERS_H_
#define CLOCKWISE_SERVICE_RING_MEMBERS_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clockwise/v1/placement.pb.h"
#include "service/ring/layout.h"
#include "service/ring/node_list.h"

namespace clockwise {

// Checks whether a ring of `spec` can have `node`, regardless of other nodes.
// FIELD_INVALID: the message names the field of the node.
absl::Status CheckNode(const v1::RingSpec& spec, const v1::Node& node);

// Returns the indexes of `nodes` in configured order: the order in which they
// joined, or by ID in layouts that do not depend on it.
std::vector<uint32_t> ConfiguredOrder(const LayoutRule& rule,
                                      const NodeList& nodes);

// Returns the nodes of `order` as members. NODES_UNPLACEABLE: the layout cannot
// place a node; the message names it and the reason, and the field is
// nodes["ID"].FIELD, or nodes.FIELD if no single node is at fault.
absl::StatusOr<std::vector<profile::Member>> MembersOf(
    const v1::RingSpec& spec, const LayoutRule& rule, const NodeList& nodes,
    const std::vector<uint32_t>& order);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_MEMBERS_H_
