// Options for a ring's layout and its settings. Stateless.
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

// Sets fields of `spec.settings` from "name=value", and entries of its maps
// from "name.key=value". Bad usage: the layout of `spec` does not have the
// setting (the message names those that it has), or the value is not valid.
[[nodiscard]] absl::Status SetSettings(const std::vector<std::string>& texts,
                                       v1::RingSpec& spec);

// Checks that the layout of `spec` has the fields virtual_node_count and
// partition_bits, if they are set: a server would ignore them. The error of
// FIELD_INVALID calls them by `virtual_nodes` and `partition_bits`.
[[nodiscard]] absl::Status CheckLayoutFields(const v1::RingSpec& spec,
                                             absl::string_view virtual_nodes,
                                             absl::string_view partition_bits);
// The same for the options --virtual-nodes and --partition-bits: bad usage.
[[nodiscard]] absl::Status CheckLayoutOptions(const v1::RingSpec& spec);

// Sets Node.points from numbers and ranges separated by commas: "5", "-5",
// "0-5460". Bad usage: the text is invalid.
[[nodiscard]] absl::Status SetPoints(absl::string_view text, v1::Node& node);

// Returns the settings that a layout has: "key_hash, hash_tag".
std::string SettingNames(v1::Layout layout);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_LAYOUT_OPTIONS_H_
