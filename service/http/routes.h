// Decides what each request to the HTTP port is answered with. Stateless.
#ifndef CLOCKWISE_SERVICE_HTTP_ROUTES_H_
#define CLOCKWISE_SERVICE_HTTP_ROUTES_H_

#include "absl/strings/string_view.h"
#include "service/http/http_message.h"
#include "service/http/http_server.h"

namespace clockwise {

// Returns true if the target is the stream of events.
bool IsEventStream(const HttpServer::Options& options,
                   absl::string_view target);
bool IsEventStream(const HttpReply& reply);

// Returns the start of a stream of events, or its refusal.
HttpReply EventStreamReply(bool has_room);

// Returns the reply to any other request. It may take seconds. It throws only
// what a page throws.
HttpReply Route(const HttpServer::Options& options, absl::string_view method,
                absl::string_view target);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_HTTP_ROUTES_H_
