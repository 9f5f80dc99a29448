// Computes how many owner slots each node gets when whole partitions are
// assigned. Stateless. Uses integers only, so that all machines agree.
//
// The fair share of a node is a real number, computed by "water filling". It is
// proportional to weight, but a node can own a partition only once, and zones
// come first. With at least as many zones as owners per partition, a zone owns
// each partition at most once. With fewer zones, each zone owns each partition
// at least once. The quota is the fair share rounded down or up.
//
// A table with these quotas always exists. If each node owns q / partitions of
// each partition, all bounds are fulfilled as real numbers. The bounds form a
// network, and a network with integer bounds has an integer solution (Hoffman
// and Kruskal 1956).
#ifndef CLOCKWISE_SERVICE_RING_ASSIGN_QUOTA_H_
#define CLOCKWISE_SERVICE_RING_ASSIGN_QUOTA_H_

#include <cstdint>
#include <vector>

#include "service/ring/node_list.h"

namespace clockwise {

struct Quotas {
  std::vector<uint32_t> least;  // by node: fair share, rounded down
  // The fraction that was cut off, by node, in units of its group. 0: none.
  // Otherwise the node may get one extra.
  std::vector<uint64_t> remainder;
  // The group of each node. A group is a set of nodes with a common total: the
  // nodes of a zone that is at its bound, or all other nodes.
  std::vector<uint32_t> group;
  std::vector<uint32_t> extras;  // by group: number of nodes that get one more
};

// Returns the quotas of all owners: `partitions` × `owners` slots. Requires 1
// <= owners <= nodes. O(nodes log nodes).
Quotas ReplicaQuotas(const NodeList& nodes, const Zones& zones,
                     uint64_t partitions, uint64_t owners);

// Returns the quotas of primaries: proportional to weight, regardless of zones.
Quotas PrimaryQuotas(const NodeList& nodes, uint64_t partitions);

// Returns the nodes that own less than their weight's share under
// ReplicaQuotas, because they or their zone own every partition already.
// Indexes, ascending.
std::vector<uint32_t> CappedNodes(const NodeList& nodes, const Zones& zones,
                                  uint64_t owners);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_ASSIGN_QUOTA_H_
