// How well a PARTITIONED ring's owners are spread, and whom its bounds hold
// back. Stateless; other layouts are never short.
#ifndef CLOCKWISE_SERVICE_RING_SPREAD_H_
#define CLOCKWISE_SERVICE_RING_SPREAD_H_

#include <cstdint>
#include <string>
#include <vector>

#include "service/ring/ring.h"

namespace clockwise {

// Partitions whose owners are in fewer zones than there are owners; 0 if no
// node has a zone. O(partitions × replicas²).
uint32_t ZoneShortfall(const Ring& ring);

// Ids of the nodes that own less than their weight's due, because they, or
// their zone, own every partition already.
std::vector<std::string> CappedIds(const Ring& ring);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_SPREAD_H_
