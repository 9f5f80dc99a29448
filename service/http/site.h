// Site serves the pages of the HTTP port other than metrics and probes: the
// ring page and its JSON. Thread-safe.
#ifndef CLOCKWISE_SERVICE_HTTP_SITE_H_
#define CLOCKWISE_SERVICE_HTTP_SITE_H_

#include "service/http/api/api.h"
#include "service/http/http_message.h"

namespace clockwise {

//   GET /              the ring page
//   GET /page/NAME     its files
//   GET /api/v1/...    see Api
class Site {
 public:
  explicit Site(Api::Options options) : api_(std::move(options)) {}

  HttpReply Respond(const HttpRequest& request);

 private:
  Api api_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_HTTP_SITE_H_
