// Messages as JSON, in protobuf's mapping, as `clockwise --output=json` prints
// them. Stateless.
#ifndef CLOCKWISE_SERVICE_HTTP_API_JSON_H_
#define CLOCKWISE_SERVICE_HTTP_API_JSON_H_

#include <string>

#include "absl/status/statusor.h"
#include "google/protobuf/util/json_util.h"

namespace clockwise {

// On one line, ended by a newline.
inline absl::StatusOr<std::string> ToJson(
    const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  std::string json;
  const auto status =
      google::protobuf::util::MessageToJsonString(message, &json, options);
  if (!status.ok()) return absl::InternalError(status.ToString());
  json += '\n';
  return json;
}

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_HTTP_API_JSON_H_
