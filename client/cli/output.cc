#include "client/cli/output.h"

#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "client/cli/failure.h"

namespace clockwise::cli {
namespace {

constexpr size_t kEnough = size_t{64} * 1024;

}  // namespace

absl::Status Output::Write(absl::string_view text) {
  absl::StrAppend(&kept_, text);
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
