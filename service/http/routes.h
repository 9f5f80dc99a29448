// Chooses the reply to each request to the HTTP port. Stateless.
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

// Returns the start of an event stream, or the error if there is no room.
HttpReply EventStreamReply(bool has_room);

// Returns the reply to any other request. It may take seconds. It throws only
// exceptions of the pages.
HttpReply Route(const HttpServer::Options& options, absl::string_view method,
                absl::string_view target);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_HTTP_ROUTES_H_
