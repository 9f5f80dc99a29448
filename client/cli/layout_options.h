// Options that set a ring's layout and what goes with it. Stateless.
#ifndef CLOCKWISE_CLIENT_CLI_LAYOUT_OPTIONS_H_
#define CLOCKWISE_CLIENT_CLI_LAYOUT_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "clockwise/v1/placement.pb.h"

namespace clockwise::cli {

// Adds --partition-bits and --set to `command`.
void AddPartitionBitsOption(CLI::App* command, uint32_t& bits);
void AddSetOption(CLI::App* command, std::vector<std::string>& settings);

// Sets fields of `settings` by "name=value", and entries of its maps by
// "name.key=value". Bad usage: there is no such field, or it takes no such
// value.
[[nodiscard]] absl::Status SetSettings(const std::vector<std::string>& texts,
                                       v1::LayoutSettings& settings);

// Node.points of "5", "-5" and "0-5460", parted by commas. Bad usage.
[[nodiscard]] absl::Status SetPoints(absl::string_view text, v1::Node& node);

// The settings that a layout takes: "key_hash, hash_tag".
std::string SettingNames(v1::Layout layout);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_LAYOUT_OPTIONS_H_
