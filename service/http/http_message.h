// The request and the reply of a page of the HTTP port. Values.
#ifndef CLOCKWISE_SERVICE_HTTP_HTTP_MESSAGE_H_
#define CLOCKWISE_SERVICE_HTTP_HTTP_MESSAGE_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace clockwise {

struct HttpRequest {
  // The decoded segments of the path. /api/v1/rings/a%2Fb has "api", "v1",
  // "rings" and "a/b"; / has none.
  std::vector<std::string> path;
  std::multimap<std::string, std::string> parameters;  // decoded
};

struct HttpReply {
  int status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

// Returns the path of a request target: the part before the query, still
// encoded.
absl::string_view PathOf(absl::string_view target);

// Splits and decodes a request target. A '%' without two hexadecimal digits is
// kept.
HttpRequest ParseTarget(absl::string_view target);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_HTTP_HTTP_MESSAGE_H_
