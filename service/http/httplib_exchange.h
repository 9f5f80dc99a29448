// Between httplib's messages and ours. Stateless.
#ifndef CLOCKWISE_SERVICE_HTTP_HTTPLIB_EXCHANGE_H_
#define CLOCKWISE_SERVICE_HTTP_HTTPLIB_EXCHANGE_H_

#include <httplib.h>

#include "absl/strings/string_view.h"
#include "service/http/exchange.h"

namespace clockwise {

// Takes out of `request` what httplib would answer at too great a cost.
void Simplify(httplib::Request& request);

HttpRequest Asked(const httplib::Request& request);

void Answer(httplib::Response& response, int status, absl::string_view text,
            const char* type = "text/plain; charset=utf-8");
// The same of a page, which runs no code but ours in a browser.
void Give(const HttpReply& reply, httplib::Response& response);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_HTTP_HTTPLIB_EXCHANGE_H_
