// The shares of a ring's nodes as bars, the fullest first, against the line of
// the fair share. Pure functions.
#ifndef CLOCKWISE_CLIENT_CLI_DRAWING_SHARE_CHART_H_
#define CLOCKWISE_CLIENT_CLI_DRAWING_SHARE_CHART_H_

#include <vector>

#include "client/cli/drawing/node_style.h"
#include "client/cli/drawing/svg.h"

namespace clockwise::cli {

// What the top of the bars stands for, so that pictures side by side have one
// scale: the greatest of `loads` (shares over their dues), within bounds that
// keep the fair share visible.
double TopOf(const std::vector<double>& loads);

// Draws them in `box`, which also has room for the labels below them. Where
// there are more nodes than pixels, each bar is one node of its place in the
// order, the first one the fullest. Bars above `top` are cut, and a notch shows
// it.
void DrawShareBars(const std::vector<double>& loads,
                   const std::vector<NodeLook>& looks, double top,
                   const Box& box, Svg& svg);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_DRAWING_SHARE_CHART_H_
