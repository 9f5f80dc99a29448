#include "client/cli/output.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/cli/config/yaml_output.h"
#include "client/cli/failure.h"

namespace clockwise::cli {
namespace {

constexpr size_t kEnough = size_t{64} * 1024;

}  // namespace

absl::Status Output::Write(absl::string_view text) {
  if (!to_yaml_) absl::StrAppend(&kept_, text);
  while (to_yaml_ && !text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    const absl::string_view line = text.substr(0, end);
    text.remove_prefix(end);
    if (!absl::StartsWith(line, "{")) {
      absl::StrAppend(&kept_, line);
      continue;
    }
    const auto yaml = YamlOfJson(line);
    if (!yaml.ok()) return yaml.status();
    absl::StrAppend(&kept_, std::exchange(has_document_, true) ? "---\n" : "",
                    *yaml);
  }
  return kept_.size() < kEnough ? absl::OkStatus() : Flush();
}

absl::Status Output::WriteJson(const google::protobuf::Message& message,
                               JsonLists lists) {
  const auto json = ToJson(message, lists);
  if (!json.ok()) return json.status();
  return Write(absl::StrCat(*json, "\n"));
}

absl::Status Output::Flush() {
  size_t written = 0;
  while (written < kept_.size()) {
    const ssize_t bytes =
        write(file_descriptor_, kept_.data() + written, kept_.size() - written);
    if (bytes >= 0) {
      written += static_cast<size_t>(bytes);
    } else if (errno != EINTR) {
      const int error = errno;
      kept_.clear();
      if (error == EPIPE) return OutputClosed();
      return absl::InternalError(absl::StrCat(
          "cannot write to standard output: ", std::strerror(error)));
    }
  }
  kept_.clear();
  return absl::OkStatus();
}

}  // namespace clockwise::cli
