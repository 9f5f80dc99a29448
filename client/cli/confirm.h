// Asks the user before a command takes away more than a plan can show or a
// later change can give back: a ring, or most of its nodes.
#ifndef CLOCKWISE_CLIENT_CLI_CONFIRM_H_
#define CLOCKWISE_CLIENT_CLI_CONFIRM_H_

#include <CLI/CLI.hpp>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace clockwise::cli {

// Adds --yes to `command`.
void AddYesFlag(CLI::App* command, bool& yes);

// Shows `fact` and asks for `word` on the terminal. Returns OK if the user
// typed `word`, or if `yes` is true; then it does not ask. kBadUsage: standard
// input is not a terminal, as in a script. kRefused: the user typed something
// else.
[[nodiscard]] absl::Status Confirm(absl::string_view fact,
                                   absl::string_view word, bool yes);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_CONFIRM_H_
