// Functions that format a simulation: a table for people, JSON for programs.
// Pure functions.
#ifndef CLOCKWISE_CLIENT_CLI_TABLES_SIMULATION_TABLE_H_
#define CLOCKWISE_CLIENT_CLI_TABLES_SIMULATION_TABLE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "client/cli/simulation.h"
#include "client/cli/terminal.h"

namespace clockwise::cli {

// Returns for example "10 nodes, then 1 more", or "10 nodes, 1 added, 2
// removed".
std::string ChangeText(const NodesAround& nodes);

// Returns a table with a row for each of `figures`, followed by a legend. There
// is at least one row, and all are for the same change of `nodes`.
std::string FiguresTable(const NodesAround& nodes,
                         const std::vector<Figures>& figures,
                         const Terminal& terminal);

// Returns `figures` as one line of JSON: layout, virtualNodes (if not 0),
// partitionBits (if not 0), replicas, nodesBefore, nodesAfter; balanceBefore,
// balanceAfter, primaryBalanceBefore, primaryBalanceAfter (each peakToMean,
// stddev, minToMean); movedRatio, minimumMovedRatio, movedToMinimum (null if
// nothing had to move). If keys were counted: keys (count, peakToMean,
// movedRatio). 64-bit numbers are decimal strings.
std::string FiguresJson(const Figures& figures);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_TABLES_SIMULATION_TABLE_H_
