// Divides the circle of a ring into a bounded number of arcs that can be drawn.
// Each arc has its owner and the part that a change moved. Pure functions.
#ifndef CLOCKWISE_SERVICE_RING_ARCS_H_
#define CLOCKWISE_SERVICE_RING_ARCS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "service/ring/ring.h"

namespace clockwise {

// At a radius of 100 pixels, an arc of 1/kMaxArcs is shorter than half a pixel.
inline constexpr size_t kMaxArcs = 1440;

// An arc from the end of the previous one (the first: from 0) to `end`. Both
// are fractions of the circle.
struct Arc {
  double end = 0;      // 1 for the last arc
  uint32_t owner = 0;  // primary after the change: index into its nodes
  double moved = 0;    // fraction of its owners that are new, 0 to 1
};

struct ArcList {
  std::vector<Arc> arcs;
  // True if there were more than kMaxArcs arcs. Then each arc shows one random
  // position within it. So rare owners and moves keep their fraction of the
  // picture. They would disappear if each arc showed its most frequent owner.
  bool sampled = false;
};

// Returns the arcs of the ring after the change; equal neighbours are merged.
// The circle is the hash space. In MODULO, slots are not ranges: the circle is
// the least common multiple of both numbers of nodes. So a position determines
// the owner before and after. Requires non-empty rings of one spec.
ArcList ArcsOf(const Ring& before, const Ring& after);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_ARCS_H_
