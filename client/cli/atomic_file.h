// A file that is there whole or not at all. Stateless.
#ifndef CLOCKWISE_CLIENT_CLI_ATOMIC_FILE_H_
#define CLOCKWISE_CLIENT_CLI_ATOMIC_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace clockwise::cli {

// Writes `bytes` to the file `path`: beside it first, then renamed over it, so
// that who reads it sees the old file or the new one. What is no ordinary file
// (a pipe, /dev/stdout) is written to as it is. INTERNAL names the path and
// what the system says.
[[nodiscard]] absl::Status WriteWholeFile(const std::string& path,
                                          absl::string_view bytes);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_ATOMIC_FILE_H_
