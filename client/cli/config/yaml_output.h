// Converts the command's JSON to YAML, for --output=yaml. Pure functions.
#ifndef CLOCKWISE_CLIENT_CLI_CONFIG_YAML_OUTPUT_H_
#define CLOCKWISE_CLIENT_CLI_CONFIG_YAML_OUTPUT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace clockwise::cli {

// Returns the JSON object `json` in block style. Text stays text for every
// reader of YAML. Bad usage: it is longer than limits::kMaxRingConfigBytes.
absl::StatusOr<std::string> YamlOfJson(absl::string_view json);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_CONFIG_YAML_OUTPUT_H_
