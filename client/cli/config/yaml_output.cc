#include "client/cli/config/yaml_output.h"

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "client/cli/config/message_reader.h"
#include "client/cli/config/yaml_text.h"
#include "client/cli/failure.h"
#include "client/cli/text.h"
#include "service/limits.h"

namespace clockwise::cli {
namespace {

// Returns a scalar or an empty collection on one line; empty for others.
std::string OnOneLine(const YAML::Node& node) {
  if (node.IsNull()) return "null";
  if (node.IsScalar()) {
    return node.Tag() == "!" ? YamlText(node.Scalar()) : node.Scalar();
  }
  if (node.size() > 0) return "";
  return node.IsMap() ? "{}" : "[]";
}

// Appends the lines of a map or list. The depth is that of the command's own
// JSON.
void AppendBlock(const YAML::Node& node, size_t indent, std::string& yaml) {
  const std::string blanks(indent, ' ');
  for (const auto& item : node) {
    const YAML::Node value = node.IsMap() ? item.second : YAML::Node(item);
    const std::string line = OnOneLine(value);
    const size_t start = yaml.size();
    if (node.IsMap()) {
      absl::StrAppend(&yaml, blanks, YamlText(item.first.Scalar()), ":",
                      line.empty() ? "" : " ", line, "\n");
      if (line.empty()) AppendBlock(value, indent + 2, yaml);
      continue;
    }
    if (line.empty()) {
      // The first line of the block begins after the dash.
      AppendBlock(value, indent + 2, yaml);
      yaml[start + indent] = '-';
    } else {
      absl::StrAppend(&yaml, blanks, "- ", line, "\n");
    }
  }
}

}  // namespace

absl::StatusOr<std::string> YamlOfJson(absl::string_view json) {
  if (json.size() > limits::kMaxRingConfigBytes) {
    return BadUsage(absl::StrCat("--output=yaml: the output has more than ",
                                 Grouped(limits::kMaxRingConfigBytes),
                                 " bytes; use --output=json"));
  }
  const auto root = ParseYaml(json, "output");
  if (!root.ok()) return root.status();
  const std::string line = OnOneLine(*root);
  if (!line.empty()) return absl::StrCat(line, "\n");
  std::string yaml;
  AppendBlock(*root, 0, yaml);
  return yaml;
}

}  // namespace clockwise::cli
