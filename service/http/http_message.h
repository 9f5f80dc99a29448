// The request and the reply of a page of the HTTP port. Values.
#ifndef CLOCKWISE_SERVICE_HTTP_HTTP_MESSAGE_H_
#define CLOCKWISE_SERVICE_HTTP_HTTP_MESSAGE_H_

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace clockwise {

struct HttpRequest {
  // The decoded segments of the path. /api/v1/rings/a%2Fb has "api", "v1",
  // "rings" and "a/b"; / has none.
  std::vector<std::string> path;
  std::multimap<std::string, std::string> parameters;  // decoded
  // OK, or FIELD_INVALID: the path or a parameter has a malformed escape. The
  // field is "path" or the name of the parameter.
  absl::Status malformed;
  // Result of the search in the shared store for a ring that was not known
  // (HttpReply::unseen_ring); nullopt before it.
  std::optional<absl::Status> searched;
};

struct HttpReply {
  int status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  // If not empty, the reply is not final: the ring is not known here, and
  // another server may have created it.
  std::string unseen_ring;
};

// Returns the path of a request target: the part before the query, still
// encoded.
absl::string_view PathOf(absl::string_view target);

// Splits and decodes a request target. A '+' in the query is a space, as in
// forms (application/x-www-form-urlencoded). A '%' must be followed by two
// hexadecimal digits; else `malformed` of the result is set.
HttpRequest ParseTarget(absl::string_view target);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_HTTP_HTTP_MESSAGE_H_
