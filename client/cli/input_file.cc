#include "client/cli/input_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/failure.h"

namespace clockwise::cli {
namespace {

absl::Status InputFault(const std::string& path) {
  const char* error = std::strerror(errno);
  return BadUsage(absl::StrCat(
      "cannot read ", path == "-" ? "standard input" : path, ": ", error));
}

}  // namespace

absl::StatusOr<std::string> ReadInputFile(const std::string& path,
                                          size_t most) {
  const auto close = [](std::FILE* file) {
    if (file != stdin) std::fclose(file);
  };
  const std::unique_ptr<std::FILE, decltype(close)> file(
      path == "-" ? stdin : std::fopen(path.c_str(), "rbe"), close);
  if (file == nullptr) return InputFault(path);
  std::string text(most + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) return InputFault(path);
  return text;
}

}  // namespace clockwise::cli
