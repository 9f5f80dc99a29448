// How many owner slots are due to each node when whole partitions are assigned.
// Stateless; integers throughout, so that every machine says the same.
//
// What is due to a node, as a real number, is the fairest there is ("water
// filling"): in proportion to weight, but a node can own a partition once only,
// and zones come first. With at least as many zones as owners per partition, a
// zone can own each partition once only; with fewer, every zone owns each at
// least once. Its quota is that number rounded down or up. Such a table always
// exists: owning each partition to the part q/partitions fulfils every bound,
// the bounds form a network, and networks with whole bounds have whole
// solutions (Hoffman and Kruskal 1956).
#ifndef CLOCKWISE_SERVICE_RING_ASSIGN_QUOTA_H_
#define CLOCKWISE_SERVICE_RING_ASSIGN_QUOTA_H_

#include <cstdint>
#include <vector>

#include "service/ring/node_list.h"

namespace clockwise {

struct Quotas {
  std::vector<uint32_t> least;  // by node: what is due, rounded down
  // By node: what was cut off, in units of its group; 0: nothing, else the node
  // may get one more.
  std::vector<uint64_t> remainder;
  // By node. Nodes that share a bound: those of a zone that got all or the
  // least that it can, and all others together.
  std::vector<uint32_t> group;
  std::vector<uint32_t> extras;  // by group: how many of its nodes get one more
};

// Of all owners: `partitions` × `owners` slots; 1 <= owners <= nodes.
// O(nodes log nodes).
Quotas ReplicaQuotas(const NodeList& nodes, const Zones& zones,
                     uint64_t partitions, uint64_t owners);

// Of primaries: in proportion to weight, whatever the zones.
Quotas PrimaryQuotas(const NodeList& nodes, uint64_t partitions);

// The nodes that own less than their weight's due under ReplicaQuotas, because
// they, or their zone, own every partition already. Ascending indexes.
std::vector<uint32_t> CappedNodes(const NodeList& nodes, const Zones& zones,
                                  uint64_t owners);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_ASSIGN_QUOTA_H_
