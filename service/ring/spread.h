// How well a ring's owners are spread over zones, and whom its bounds hold
// back. Stateless; other layouts than PARTITIONED are never short.
#ifndef CLOCKWISE_SERVICE_RING_SPREAD_H_
#define CLOCKWISE_SERVICE_RING_SPREAD_H_

#include <cstdint>
#include <string>
#include <vector>

#include "service/ring/balance.h"
#include "service/ring/ring.h"

namespace clockwise {

// Partitions whose owners are in fewer zones than there are owners; 0 if no
// node has a zone. O(partitions × replicas²).
uint32_t ZoneShortfall(const Ring& ring);

// Zones among the nodes of a ring; 0 if no node has one.
uint32_t CountZones(const Ring& ring);

// Ids of the nodes that own less than their weight's due, because they, or
// their zone, own every partition already; at most kMaxCappedIds.
std::vector<std::string> CappedIds(const Ring& ring, const Ownership& owned);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_SPREAD_H_
