// DrawRing draws a ring as a circle: the owners, and inside of it what moved.
// Pure functions.
#ifndef CLOCKWISE_CLIENT_CLI_DRAWING_RING_DRAWING_H_
#define CLOCKWISE_CLIENT_CLI_DRAWING_RING_DRAWING_H_

#include <vector>

#include "client/cli/drawing/node_style.h"
#include "client/cli/drawing/svg.h"
#include "service/ring/arcs.h"

namespace clockwise::cli {

// Distances from the centre, in pixels. Arcs of added nodes reach kRingRadius,
// arcs of other nodes end a little inside it.
inline constexpr double kRingRadius = 110;
inline constexpr double kRingHole = 60;

// The circle starts at the top and runs clockwise. Its size in bytes is bounded
// by kMaxArcs.
void DrawRing(const ArcList& list, const std::vector<NodeLook>& looks,
              Point centre, Svg& svg);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_DRAWING_RING_DRAWING_H_
