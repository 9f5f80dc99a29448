// Converts messages to JSON, as both programs print it. Stateless.
#ifndef CLOCKWISE_SERVICE_API_JSON_H_
#define CLOCKWISE_SERVICE_API_JSON_H_

#include <string>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"

namespace clockwise {

// Converts a message in protobuf's JSON mapping to one line. Fields with
// default values are included, so that programs can rely on every field. Long
// lists need memory for the result and for a copy of the message only.
absl::StatusOr<std::string> ToJson(const google::protobuf::Message& message);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_API_JSON_H_
