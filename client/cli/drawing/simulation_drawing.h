// DrawSimulation draws a simulation as one picture, for slides: a panel for
// each spec with its ring, its shares and what the change moved. Pure
// functions.
#ifndef CLOCKWISE_CLIENT_CLI_DRAWING_SIMULATION_DRAWING_H_
#define CLOCKWISE_CLIENT_CLI_DRAWING_SIMULATION_DRAWING_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "client/cli/simulation.h"
#include "service/ring/arcs.h"

namespace clockwise::cli {

struct Panel {
  Figures figures;
  ArcList ring;
};

// Returns the picture as a self-contained SVG document, always below 2 MB.
// There is at least one panel, and all `panels` are for the same change of
// `nodes`. The footer shows `command`.
std::string DrawSimulation(const NodesAround& nodes,
                           const std::vector<Panel>& panels,
                           absl::string_view command);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_DRAWING_SIMULATION_DRAWING_H_
