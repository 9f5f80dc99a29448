// The command's data on its way to standard output (or another descriptor), in
// pieces large enough to be cheap. Thread-compatible.
//
// Errors: OutputClosed when nobody reads any more (SIGPIPE must be ignored);
// INTERNAL when it cannot be written.
#ifndef CLOCKWISE_CLIENT_CLI_OUTPUT_H_
#define CLOCKWISE_CLIENT_CLI_OUTPUT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace clockwise::cli {

class Output {
 public:
  explicit Output(int file_descriptor) : file_descriptor_(file_descriptor) {}

  // Kept until Flush, or until there is enough for a write.
  [[nodiscard]] absl::Status Write(absl::string_view text);

  // ToJson(message) as one line.
  [[nodiscard]] absl::Status WriteJson(
      const google::protobuf::Message& message);

  // Writes what is kept.
  [[nodiscard]] absl::Status Flush();

 private:
  const int file_descriptor_;
  std::string kept_;
};

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_OUTPUT_H_
