// What a change moved, for people: who takes over how much from whom, shares
// before and after, evenness, zones. Pure functions.
#ifndef CLOCKWISE_CLIENT_CLI_TABLES_MOVES_REPORT_H_
#define CLOCKWISE_CLIENT_CLI_TABLES_MOVES_REPORT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "client/cli/terminal.h"
#include "clockwise/v1/placement.pb.h"

namespace clockwise::cli {

// As v1::Comparison has them: greatest first.
using Transfers = google::protobuf::RepeatedPtrField<v1::Transfer>;

// Who gives: "(nobody)" where nobody owned it.
absl::string_view Giver(const v1::Transfer& transfer);

// `transfers` as a table of few rows, the rest as their sum. Empty if there are
// none. `truncated` says that they are not all, which is told.
std::string TransferTable(const Transfers& transfers, bool truncated,
                          const Terminal& terminal);

// The nodes whose share changes most, with what is due to each; the rest as
// their number. Empty if there are none.
std::string SharesTable(std::vector<v1::ShareChange> changes,
                        const Terminal& terminal);

// "balance: fullest node 1.051 → 1.020 of its due, emptiest 0.93 → 0.97" and a
// line's end; empty where neither side has nodes.
std::string BalanceLine(const v1::Balance& before, const v1::Balance& after,
                        const Terminal& terminal);

// Whether partitions have their owners in distinct zones; empty where there are
// no partitions or no zones.
std::string ZonesLine(uint32_t partitions, uint32_t zones,
                      uint32_t shortfall_before, uint32_t shortfall_after,
                      const Terminal& terminal);

// Which nodes cannot own what is due to them; empty if all can.
std::string CappedLine(std::vector<std::string> ids);

// "2.1 % get another primary among their owners (no data moves)"; empty if none
// do.
std::string HandoverLine(double ratio);

// A few of `ids`, the rest as their number.
std::string SomeIds(std::vector<std::string> ids);

// All of the above, for `comparison`.
std::string MovesReport(const v1::Comparison& comparison,
                        const Terminal& terminal);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_TABLES_MOVES_REPORT_H_
