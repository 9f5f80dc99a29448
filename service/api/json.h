// Converts messages to JSON, as both programs print it. Stateless.
#ifndef CLOCKWISE_SERVICE_API_JSON_H_
#define CLOCKWISE_SERVICE_API_JSON_H_

#include <string>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"

namespace clockwise {

// Converts a message to one line, in protobuf's JSON mapping with two
// exceptions, so that a value looks the same in every place: a field named
// `fingerprint` is 16 lower-case hexadecimal digits, and a Layout is the name
// that the command takes, such as "hashed". Fields with default values are
// included, so that programs can rely on every field. Needs memory for the
// result only. INTERNAL: a string is not UTF-8.
//
// kOmitMoves leaves out the fields of Comparison that are computed only on
// request (include_moves), such as `moves`. A list of changes never has them.
enum class JsonLists { kAll, kOmitMoves };
absl::StatusOr<std::string> ToJson(const google::protobuf::Message& message,
                                   JsonLists lists = JsonLists::kAll);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_API_JSON_H_
