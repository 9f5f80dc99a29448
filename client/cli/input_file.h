// Reads files that users name. Stateless.
#ifndef CLOCKWISE_CLIENT_CLI_INPUT_FILE_H_
#define CLOCKWISE_CLIENT_CLI_INPUT_FILE_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"

namespace clockwise::cli {

// Returns the contents of the file `path`, or of standard input if `path` is
// "-", but at most `most` + 1 bytes: a longer result means that the file is too
// large. Bad usage: the file cannot be read; the message has the error of the
// operating system.
absl::StatusOr<std::string> ReadInputFile(const std::string& path, size_t most);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_INPUT_FILE_H_
