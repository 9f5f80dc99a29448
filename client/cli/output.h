// Output writes the command's data to standard output (or another descriptor),
// in large pieces for speed. Thread-compatible.
//
// Errors: OutputClosed: the reader closed the output (SIGPIPE must be ignored).
// INTERNAL: the output cannot be written.
#ifndef CLOCKWISE_CLIENT_CLI_OUTPUT_H_
#define CLOCKWISE_CLIENT_CLI_OUTPUT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "service/api/json.h"

namespace clockwise::cli {

class Output {
 public:
  explicit Output(int file_descriptor) : file_descriptor_(file_descriptor) {}

  // Converts each later line of JSON to a YAML document.
  void ConvertToYaml() { to_yaml_ = true; }

  // Appends `text` to the buffer: whole lines. Writes the buffer when it is
  // large enough.
  [[nodiscard]] absl::Status Write(absl::string_view text);

  // Appends ToJson(message) as one line.
  [[nodiscard]] absl::Status WriteJson(const google::protobuf::Message& message,
                                       JsonLists lists = JsonLists::kAll);

  // Writes the buffer.
  [[nodiscard]] absl::Status Flush();

 private:
  const int file_descriptor_;
  bool to_yaml_ = false;
  bool has_document_ = false;
  std::string kept_;
};

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_OUTPUT_H_
