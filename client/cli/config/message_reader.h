// Reads YAML into messages by their descriptors, so that a new field of a node
// or of a spec needs no code. Thread-compatible.
#ifndef CLOCKWISE_CLIENT_CLI_CONFIG_MESSAGE_READER_H_
#define CLOCKWISE_CLIENT_CLI_CONFIG_MESSAGE_READER_H_

#include <google/protobuf/message.h>
#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <map>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/cli/config/ring_config.h"

namespace clockwise::cli {

// Fields that a file cannot state, each with the reason and what to do.
using ForbiddenFields = std::map<std::string, std::string, std::less<>>;

class MessageReader {
 public:
  // `source`, which errors name, must outlive the reader.
  explicit MessageReader(const std::string& source) : source_(source) {}

  // Sets the fields that `yaml`, a map, states, and their lines in `lines`.
  // `what` is what errors call the message: "a node".
  [[nodiscard]] absl::Status Read(const YAML::Node& yaml,
                                  absl::string_view what,
                                  const ForbiddenFields& forbidden,
                                  google::protobuf::Message& message,
                                  ConfigLines& lines) const;

  // Calls `entry` with each key of `yaml`, which must be a map, and its value.
  // Refuses keys that are not text or that are repeated.
  [[nodiscard]] absl::Status ForEach(
      const YAML::Node& yaml, absl::string_view what,
      absl::FunctionRef<absl::Status(const std::string& key,
                                     const YAML::Node& key_node,
                                     const YAML::Node& value)>
          entry) const;

  // The text of a scalar of that type.
  absl::StatusOr<std::string> ReadText(const YAML::Node& yaml,
                                       absl::string_view field) const;
  absl::StatusOr<bool> ReadBool(const YAML::Node& yaml,
                                absl::string_view field) const;

  absl::Status Fault(const YAML::Node& at, absl::string_view field,
                     absl::string_view what) const;

 private:
  using Field = google::protobuf::FieldDescriptor;

  absl::Status ReadFields(const YAML::Node& yaml, absl::string_view what,
                          const ForbiddenFields& forbidden,
                          const std::string& prefix,
                          google::protobuf::Message& message,
                          ConfigLines& lines) const;
  absl::Status ReadField(const YAML::Node& yaml, const Field& field,
                         const std::string& name,
                         google::protobuf::Message& message,
                         ConfigLines& lines) const;
  absl::Status ReadOne(const YAML::Node& yaml, const Field& field,
                       const std::string& name,
                       google::protobuf::Message& message) const;
  absl::Status ReadMap(const YAML::Node& yaml, const Field& field,
                       const std::string& name,
                       google::protobuf::Message& message) const;
  absl::Status ReadPositions(const YAML::Node& yaml, const Field& field,
                             const std::string& name,
                             google::protobuf::Message& message) const;
  absl::StatusOr<uint32_t> ReadNumber(const YAML::Node& yaml,
                                      absl::string_view field) const;

  const std::string& source_;
};

// Returns the one document of `text`, YAML or JSON. Bad usage: it is not UTF-8,
// not one document, or longer than limits::kMaxRingConfigBytes; the message
// begins with `source` and the line.
absl::StatusOr<YAML::Node> ParseYaml(absl::string_view text,
                                     const std::string& source);

// The line of `yaml`, from 1.
int LineOf(const YAML::Node& yaml);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_CONFIG_MESSAGE_READER_H_
