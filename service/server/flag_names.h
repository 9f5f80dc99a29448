// Converts the names of flags, for both programs. Stateless.
//
// Flags are in kebab-case: --virtual-nodes. Flags with underscores, as in
// earlier versions, are accepted everywhere, but never shown.
#ifndef CLOCKWISE_SERVICE_SERVER_FLAG_NAMES_H_
#define CLOCKWISE_SERVICE_SERVER_FLAG_NAMES_H_

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace clockwise {

// Returns `name` in kebab-case: "virtual_nodes" becomes "virtual-nodes".
std::string KebabCase(absl::string_view name);

// Returns the environment variable of the server's flag `name` (without the
// dashes): "virtual-nodes" has CLOCKWISE_VIRTUAL_NODES.
std::string EnvironmentName(absl::string_view name);

// Returns `arguments` (without the program's name) with the flags of `app` and
// its commands in kebab-case. Does not change values, words after "--", and
// words that are no flag. A flag that requires a value in one command must do
// so in every command.
std::vector<std::string> WithKebabCaseFlags(const CLI::App& app,
                                            std::vector<std::string> arguments);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_SERVER_FLAG_NAMES_H_
