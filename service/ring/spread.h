// Measures how well a ring's owners are distributed over zones, and which nodes
// are held below their share. Stateless. Only PARTITIONED can fall short.
#ifndef CLOCKWISE_SERVICE_RING_SPREAD_H_
#define CLOCKWISE_SERVICE_RING_SPREAD_H_

#include <cstdint>
#include <string>
#include <vector>

#include "service/ring/balance.h"
#include "service/ring/ring.h"

namespace clockwise {

// Returns the number of partitions whose owners are in fewer zones than there
// are owners. 0 if no node has a zone. O(partitions × replicas²).
uint32_t ZoneShortfall(const Ring& ring);

// Returns the number of zones of a ring's nodes; 0 if no node has one.
uint32_t CountZones(const Ring& ring);

// Returns the IDs of nodes that own less than their weight's share, because
// they or their zone own every partition already. At most kMaxCappedIds.
std::vector<std::string> CappedIds(const Ring& ring, const Ownership& owned);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_SPREAD_H_
