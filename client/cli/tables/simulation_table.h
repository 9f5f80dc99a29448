// A simulation in words: a table for people, JSON for programs. Pure functions.
#ifndef CLOCKWISE_CLIENT_CLI_TABLES_SIMULATION_TABLE_H_
#define CLOCKWISE_CLIENT_CLI_TABLES_SIMULATION_TABLE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "client/cli/simulation.h"
#include "client/cli/terminal.h"

namespace clockwise::cli {

// "10 nodes, then 1 more", "10 nodes, 1 added, 2 removed".
std::string ChangeText(const NodesAround& nodes);

// A row for each of `figures`, at least one, all of a change of `nodes`; and
// below it what the columns say.
std::string FiguresTable(const NodesAround& nodes,
                         const std::vector<Figures>& figures,
                         const Terminal& terminal);

// `figures` as one line of JSON: layout, virtualNodes (hashed alone),
// partitionBits (partitioned alone), replicas, nodesBefore, nodesAfter;
// balanceBefore, balanceAfter, primaryBalanceBefore, primaryBalanceAfter (each
// peakToMean, stddev, minToMean); movedRatio, minimumMovedRatio,
// movedToMinimum (null where nothing had to move); and, if keys were counted,
// keys (count, peakToMean, movedRatio). 64-bit numbers are decimal strings.
std::string FiguresJson(const Figures& figures);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_TABLES_SIMULATION_TABLE_H_
