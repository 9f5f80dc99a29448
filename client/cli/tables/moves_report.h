// What a change moved, for people: who takes over how much from whom, shares
// before and after, evenness, zones. Pure functions.
#ifndef CLOCKWISE_CLIENT_CLI_TABLES_MOVES_REPORT_H_
#define CLOCKWISE_CLIENT_CLI_TABLES_MOVES_REPORT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "client/cli/terminal.h"
#include "clockwise/v1/placement.pb.h"

namespace clockwise::cli {

// As v1::Change has them: greatest first.
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

// All of it. `Message` is v1::Change or v1::CompareEpochsResponse, whose fields
// have the same names.
template <typename Message>
std::string MovesReport(const Message& moves, const Terminal& terminal) {
  // Of MODULO none are listed.
  const bool truncated = moves.transfers_truncated() ||
                         (moves.transfers().empty() && moves.moved_ratio() > 0);
  return absl::StrCat(
      HandoverLine(moves.handover_ratio()),
      TransferTable(moves.transfers(), truncated, terminal),
      SharesTable({moves.share_changes().begin(), moves.share_changes().end()},
                  terminal),
      BalanceLine(moves.balance_before(), moves.balance_after(), terminal),
      ZonesLine(moves.partition_count(), moves.zone_count(),
                moves.zone_shortfall_before(), moves.zone_shortfall_after(),
                terminal),
      CappedLine({moves.capped_ids().begin(), moves.capped_ids().end()}));
}

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_TABLES_MOVES_REPORT_H_
