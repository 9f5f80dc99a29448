// Chooses the reply to each request to the HTTP port. Stateless.
#ifndef CLOCKWISE_SERVICE_HTTP_ROUTES_H_
#define CLOCKWISE_SERVICE_HTTP_ROUTES_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "service/http/http_message.h"
#include "service/http/http_server.h"

namespace clockwise {

// The work that a request needs.
enum class RouteKind {
  kSmall,        // a small reply, at once: probes and errors
  kScrape,       // /metrics
  kEventStream,  // GET /api/v1/events
  kPage,         // all else: it may take seconds
};
RouteKind KindOf(const HttpServer::Options& options, absl::string_view method,
                 absl::string_view target);

bool IsEventStream(const HttpReply& reply);

// Returns the start of an event stream, or the error if there is no room.
HttpReply EventStreamReply(bool has_room);

// Returns true if the request must be rejected because of its Host header (see
// HttpServer::Options::hosts). Probes are never rejected.
bool IsForeignHost(const HttpServer::Options& options, absl::string_view host,
                   absl::string_view target);
HttpReply ForeignHostReply();

// Returns the error for a request beyond the bounds of its kind.
HttpReply BusyReply();

// Returns the reply to any other request. After an exception, the reply has
// status 500 and does not show it. `searched`: see HttpRequest.
HttpReply Route(const HttpServer::Options& options, absl::string_view method,
                absl::string_view target,
                const std::optional<absl::Status>& searched = std::nullopt);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_HTTP_ROUTES_H_
