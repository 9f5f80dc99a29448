// How the nodes of a simulation look in all of its pictures. Pure functions.
#ifndef CLOCKWISE_CLIENT_CLI_DRAWING_NODE_STYLE_H_
#define CLOCKWISE_CLIENT_CLI_DRAWING_NODE_STYLE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "client/cli/simulation.h"

namespace clockwise::cli {

// Of what a change added or moved, and of nothing else.
inline constexpr char kAccent[] = "#d81b60";

// With more nodes than this there is no room for labels.
inline constexpr size_t kMaxLabelled = 12;

struct NodeLook {
  std::string colour;
  bool added = false;
  std::string label;  // the node's number; empty if there are too many
};

// Of each node after the change. Those that were there before have colours of
// a ramp (viridis), which differ in lightness too: also to eyes that do not
// tell red from green, and in grey.
std::vector<NodeLook> LooksOf(const NodesAround& nodes);

// The colour at `part` (0 to 1) of the ramp.
std::string RampColour(double part);

// Black or white, whichever reads better on `colour` ("#rrggbb").
const char* InkOn(absl::string_view colour);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_DRAWING_NODE_STYLE_H_
