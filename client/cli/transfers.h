// Who gives how much of the hash space to whom, added up from moves. Pure
// functions.
#ifndef CLOCKWISE_CLIENT_CLI_TRANSFERS_H_
#define CLOCKWISE_CLIENT_CLI_TRANSFERS_H_

#include <string>
#include <vector>

#include "client/cli/terminal.h"
#include "clockwise/v1/placement.pb.h"

namespace clockwise::cli {

// What one node takes over from another. `from` is empty where nobody owned it.
struct Transfer {
  std::string from;
  std::string to;
  double ratio = 0;  // of hash space × owners, as Move.ratio
};

using Moves = google::protobuf::RepeatedPtrField<v1::Move>;

// The transfers in `moves`, greatest first. In a range with several owners only
// those count that did not own it before; each is paired with one that owns it
// no more, in the order of owners. The ratios sum to the moves'.
std::vector<Transfer> Transfers(const Moves& moves);

// `transfers` as a table of few rows, the rest as their sum. Empty if there are
// none. `truncated` says that the moves were not all of them, which is told.
std::string TransferTable(const std::vector<Transfer>& transfers,
                          bool truncated, const Terminal& terminal);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_TRANSFERS_H_
