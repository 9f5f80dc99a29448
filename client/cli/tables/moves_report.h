// Functions that report what a change moved, for people: the transfers between
// nodes, shares before and after, balance, zones. Pure functions.
#ifndef CLOCKWISE_CLIENT_CLI_TABLES_MOVES_REPORT_H_
#define CLOCKWISE_CLIENT_CLI_TABLES_MOVES_REPORT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "client/cli/terminal.h"
#include "clockwise/v1/placement.pb.h"

namespace clockwise::cli {

// Transfers as in v1::Comparison: largest first.
using Transfers = google::protobuf::RepeatedPtrField<v1::Transfer>;

// Returns the previous owner; "(none)" if there was none.
absl::string_view Giver(const v1::Transfer& transfer);

// Returns `transfers` as a short table, with the sum of the other rows. Empty
// if there are none. If `truncated`, the text says that the list is not
// complete.
std::string TransferTable(const Transfers& transfers, bool truncated,
                          const Terminal& terminal);

// Returns the nodes whose share changes most, with the fair share of each, and
// the number of other nodes. Empty if there are none.
std::string SharesTable(std::vector<v1::ShareChange> changes,
                        const Terminal& terminal);

// Returns "balance: fullest node 1.051 → 1.020 of its fair share, emptiest
// 0.930 → 0.970" and a newline; empty if neither side has nodes.
std::string BalanceLine(const v1::Balance& before, const v1::Balance& after,
                        const Terminal& terminal);

// Returns whether partitions have their owners in distinct zones; empty if
// there are no partitions or no zones.
std::string ZonesLine(uint32_t partitions, uint32_t zones,
                      uint32_t shortfall_before, uint32_t shortfall_after,
                      const Terminal& terminal);

// Returns which nodes cannot own their fair share; empty if all can.
std::string CappedLine(std::vector<std::string> ids);

// Returns "2.10 % of the hash space gets another primary among its owners; that
// moves no data" and a newline; empty if `ratio` is 0.
std::string HandoverLine(double ratio);

// Returns the first of `ids`, and the number of the others.
std::string SomeIds(std::vector<std::string> ids);

// Returns all of the above for `comparison`.
std::string MovesReport(const v1::Comparison& comparison,
                        const Terminal& terminal);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_TABLES_MOVES_REPORT_H_
