// A ring's nodes as the members of its layout's profile. Stateless.
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

// Whether a ring of `spec`, whatever other nodes it has, can have `node`.
// FIELD_INVALID names the node's field.
absl::Status CheckNode(const v1::RingSpec& spec, const v1::Node& node);

// The indexes of `nodes` in the order in which they were configured: in which
// they joined, or by id in layouts to which that is nothing.
std::vector<uint32_t> ConfiguredOrder(const LayoutRule& rule,
                                      const NodeList& nodes);

// The nodes of `order`, as members. NODES_UNPLACEABLE names the node that the
// layout cannot place, and why.
absl::StatusOr<std::vector<profile::Member>> MembersOf(
    const v1::RingSpec& spec, const LayoutRule& rule, const NodeList& nodes,
    const std::vector<uint32_t>& order);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_MEMBERS_H_
