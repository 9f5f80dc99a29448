// Who gives how much of the hash space to whom, as a table. Pure functions.
#ifndef CLOCKWISE_CLIENT_CLI_TABLES_TRANSFERS_H_
#define CLOCKWISE_CLIENT_CLI_TABLES_TRANSFERS_H_

#include <string>

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

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_TABLES_TRANSFERS_H_
