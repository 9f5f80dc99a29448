// Converts messages to JSON, as both programs print it. Stateless.
#ifndef CLOCKWISE_SERVICE_API_JSON_H_
#define CLOCKWISE_SERVICE_API_JSON_H_

#include <string>

#include "absl/status/statusor.h"
#include "google/protobuf/util/json_util.h"

namespace clockwise {

// Converts a message in protobuf's JSON mapping to one line. Fields with
// default values are included, so that programs can rely on every field.
inline absl::StatusOr<std::string> ToJson(
    const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  std::string json;
  const auto status =
      google::protobuf::util::MessageToJsonString(message, &json, options);
  if (!status.ok()) return absl::InternalError(status.ToString());
  return json;
}

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_API_JSON_H_
