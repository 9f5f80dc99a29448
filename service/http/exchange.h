// What is asked of a page of the HTTP port, and what it answers. Values.
#ifndef CLOCKWISE_SERVICE_HTTP_EXCHANGE_H_
#define CLOCKWISE_SERVICE_HTTP_EXCHANGE_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace clockwise {

struct HttpRequest {
  // The parts of the path, decoded: of /api/v1/rings/a%2Fb "api", "v1", "rings"
  // and "a/b"; of / none.
  std::vector<std::string> path;
  std::multimap<std::string, std::string> parameters;  // decoded
};

struct HttpReply {
  int status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_HTTP_EXCHANGE_H_
