// A ring drawn as a circle: who owns what, and inside of it what moved. Pure
// functions.
#ifndef CLOCKWISE_CLIENT_CLI_DRAWING_RING_DRAWING_H_
#define CLOCKWISE_CLIENT_CLI_DRAWING_RING_DRAWING_H_

#include <vector>

#include "client/cli/drawing/node_style.h"
#include "client/cli/drawing/svg.h"
#include "service/ring/arcs.h"

namespace clockwise::cli {

// Pixels from the centre. Arcs of added nodes reach out to kRingRadius, those
// of others stay a little below.
inline constexpr double kRingRadius = 110;
inline constexpr double kRingHole = 60;

// The circle starts at the top and runs clockwise. Bytes: bounded by kMaxArcs.
void DrawRing(const ArcList& list, const std::vector<NodeLook>& looks,
              Point centre, Svg& svg);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_DRAWING_RING_DRAWING_H_
