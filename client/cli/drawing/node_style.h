// The style of nodes in all pictures of a simulation. Pure functions.
#ifndef CLOCKWISE_CLIENT_CLI_DRAWING_NODE_STYLE_H_
#define CLOCKWISE_CLIENT_CLI_DRAWING_NODE_STYLE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "client/cli/simulation.h"

namespace clockwise::cli {

// Colour for what a change added or moved, and for nothing else.
inline constexpr char kAccent[] = "#d81b60";

// Maximum number of nodes for which labels fit.
inline constexpr size_t kMaxLabelled = 12;

struct NodeLook {
  std::string colour;
  bool added = false;
  std::string label;  // the node's number; empty if there are too many
};

// Returns the look of each node after the change. Nodes that were there before
// have colours of a ramp (viridis). These also differ in lightness, so they are
// distinct in grey and for people who cannot distinguish red and green.
std::vector<NodeLook> LooksOf(const NodesAround& nodes);

// Returns the colour at `part` (0 to 1) of the ramp.
std::string RampColour(double part);

// Returns black or white, whichever is easier to read on `colour` ("#rrggbb").
const char* InkOn(absl::string_view colour);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_DRAWING_NODE_STYLE_H_
