// WriteWholeFile replaces a file atomically. Stateless.
#ifndef CLOCKWISE_CLIENT_CLI_ATOMIC_FILE_H_
#define CLOCKWISE_CLIENT_CLI_ATOMIC_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace clockwise::cli {

// Writes `bytes` to the file `path`: to a new file beside it first, which then
// replaces it by a rename. A reader sees the old file or the new one. Anything
// else than a regular file (a pipe, /dev/stdout) is written to directly.
// INTERNAL: the message has the path and the error of the operating system.
[[nodiscard]] absl::Status WriteWholeFile(const std::string& path,
                                          absl::string_view bytes);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_ATOMIC_FILE_H_
