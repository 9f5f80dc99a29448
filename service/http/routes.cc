#include "service/http/routes.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "service/http/host_names.h"
#include "service/metrics/exposition.h"

namespace clockwise {
namespace {

constexpr char kEventStream[] = "text/event-stream";
constexpr char kEvents[] = "/api/v1/events";

HttpReply TextReply(int status, absl::string_view text) {
  HttpReply reply;
  reply.status = status;
  reply.body = std::string(text);
  return reply;
}

// Adds headers that keep a browser from running code of other origins.
HttpReply PageReply(HttpReply reply) {
  const auto own = std::move(reply.headers);
  reply.headers = {{"Content-Security-Policy",
                    "default-src 'self'; base-uri 'none'; "
                    "form-action 'self'; frame-ancestors 'none'"},
                   {"X-Content-Type-Options", "nosniff"},
                   {"Referrer-Policy", "no-referrer"},
                   {"Cache-Control", "no-cache"}};
  reply.headers.insert(reply.headers.end(), own.begin(), own.end());
  return reply;
}

// True if the request opens an event stream, or is HEAD of one. The API rejects
// parameters.
bool IsForEvents(const HttpServer::Options& options, absl::string_view target) {
  return options.news && PathOf(target) == kEvents &&
         ParseTarget(target).parameters.empty();
}

HttpReply MetricsReply(const prometheus::Collectable& metrics) {
  HttpReply reply;
  reply.type = "text/plain; version=0.0.4; charset=utf-8";
  reply.body = ExpositionText(metrics.Collect());
  return reply;
}

// A server that does not trust its store is ready, because it still answers
// look-ups. The reason may name addresses, so it is only in GetStatus.
HttpReply ReadyReply(const absl::Status& ready, bool trusted) {
  if (ready.ok() && !trusted) {
    return TextReply(200,
                     "ready for look-ups; changes are rejected because the "
                     "store is not trusted: GetStatus has the reason\n");
  }
  if (ready.ok()) return TextReply(200, "ready\n");
  const std::string line =
      absl::StrReplaceAll(ready.message(), {{"\n", " "}, {"\r", " "}});
  return TextReply(503, absl::StrCat("not ready: ", line, "\n"));
}

HttpReply Choose(const HttpServer::Options& options, absl::string_view method,
                 absl::string_view target,
                 const std::optional<absl::Status>& searched) {
  if (method != "GET" && method != "HEAD") {
    HttpReply reply = TextReply(405, "method not allowed; use GET or HEAD\n");
    reply.headers = {{"Allow", "GET, HEAD"}};
    return reply;
  }
  const absl::string_view path = PathOf(target);
  if (path == "/metrics") return MetricsReply(*options.metrics);
  if (path == "/healthz") {
    return !options.alive || options.alive()
               ? TextReply(200, "ok\n")
               : TextReply(503,
                           "the self-probe failed: the server does not answer "
                           "at its own address\n");
  }
  if (path == "/readyz") {
    return ReadyReply(options.ready(), !options.trusted || options.trusted());
  }
  if (IsForEvents(options, target)) return EventStreamReply(true);  // HEAD
  if (options.pages) {
    HttpRequest request = ParseTarget(target);
    request.searched = searched;
    return PageReply(options.pages(request));
  }
  return TextReply(404, "no such page; use /metrics, /healthz or /readyz\n");
}

}  // namespace

RouteKind KindOf(const HttpServer::Options& options, absl::string_view method,
                 absl::string_view target) {
  if (method != "GET" && method != "HEAD") return RouteKind::kSmall;
  const absl::string_view path = PathOf(target);
  if (path == "/metrics") return RouteKind::kScrape;
  if (path == "/healthz" || path == "/readyz") return RouteKind::kSmall;
  if (IsForEvents(options, target)) {
    return method == "GET" ? RouteKind::kEventStream : RouteKind::kSmall;
  }
  return options.pages ? RouteKind::kPage : RouteKind::kSmall;
}

bool IsEventStream(const HttpReply& reply) {
  return reply.type == kEventStream;
}

HttpReply EventStreamReply(bool has_room) {
  if (has_room) {
    HttpReply reply;
    reply.type = kEventStream;
    reply.body = "retry: 2000\n\n";
    reply.headers = {{"X-Accel-Buffering", "no"}};
    return PageReply(std::move(reply));
  }
  HttpReply reply = TextReply(
      503, "the maximum number of event streams is open; retry later\n");
  reply.headers = {{"Retry-After", "5"}};
  return reply;
}

bool IsForeignHost(const HttpServer::Options& options, absl::string_view host,
                   absl::string_view target) {
  const absl::string_view path = PathOf(target);
  return options.tls == nullptr && path != "/healthz" && path != "/readyz" &&
         !IsOwnHost(host, options.hosts);
}

HttpReply ForeignHostReply() {
  return TextReply(403,
                   "the Host header is neither an IP address nor a known name; "
                   "add the name to --http-hosts\n");
}

HttpReply BusyReply() {
  HttpReply reply = TextReply(
      503, "the server answers too many requests; retry in 1 second\n");
  reply.headers = {{"Retry-After", "1"}};
  return reply;
}

HttpReply Route(const HttpServer::Options& options, absl::string_view method,
                absl::string_view target,
                const std::optional<absl::Status>& searched) {
  try {
    return Choose(options, method, target, searched);
  } catch (...) {
    HttpReply reply;
    reply.status = 500;
    reply.type.clear();
    return reply;
  }
}

}  // namespace clockwise
