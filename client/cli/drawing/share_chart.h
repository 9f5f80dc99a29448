// DrawShareBars draws the shares of a ring's nodes as bars, largest first, with
// a line for the fair share. Pure functions.
#ifndef CLOCKWISE_CLIENT_CLI_DRAWING_SHARE_CHART_H_
#define CLOCKWISE_CLIENT_CLI_DRAWING_SHARE_CHART_H_

#include <vector>

#include "client/cli/drawing/node_style.h"
#include "client/cli/drawing/svg.h"

namespace clockwise::cli {

// Returns the value at the top of the bars: the largest of `loads` (share /
// fair share), within bounds that keep the fair share visible. All pictures
// side by side have this scale.
double TopOf(const std::vector<double>& loads);

// Draws the bars in `box`, which also has room for the labels below them. If
// there are more nodes than pixels, each bar shows one of the nodes at its
// place in the order; the first bar is the largest. Bars above `top` are cut,
// and marked with a notch if there is room.
void DrawShareBars(const std::vector<double>& loads,
                   const std::vector<NodeLook>& looks, double top,
                   const Box& box, Svg& svg);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_DRAWING_SHARE_CHART_H_
