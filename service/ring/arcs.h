// The circle of a ring as it can be drawn: a bounded number of arcs, each with
// its owner and with what of it a change moved. Pure functions.
#ifndef CLOCKWISE_SERVICE_RING_ARCS_H_
#define CLOCKWISE_SERVICE_RING_ARCS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "service/ring/ring.h"

namespace clockwise {

// At a radius of 100 pixels an arc of one in so many is less than half a pixel.
inline constexpr size_t kMaxArcs = 1440;

// An arc from the end of the one before it (the first: from 0) to `end`, both
// parts of the circle.
struct Arc {
  double end = 0;      // the last arc's is 1
  uint32_t owner = 0;  // after the change, its primary: index into its nodes
  double moved = 0;    // part of its owners that are new, 0 to 1
};

struct ArcList {
  std::vector<Arc> arcs;
  // There were more than kMaxArcs: each arc shows what a random position in it
  // is. So rare owners and moves keep their part of the picture, which they
  // would lose if the most frequent one took the whole arc.
  bool sampled = false;
};

// The arcs of the ring after the change, equal neighbours merged. The circle is
// the hash space; in MODULO, whose slots are no ranges, the least common
// multiple of both numbers of nodes, so that a place on it tells the owner
// before and after. The rings are of one spec and not empty.
ArcList ArcsOf(const Ring& before, const Ring& after);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_ARCS_H_
