#include "service/server/monitoring.h"

#include <functional>
#include <string>
#include <utility>

#include "absl/strings/str_split.h"

namespace clockwise {
namespace {

MetricNames NamesIn(const ServerOptions& options, const Security& security) {
  if (options.metrics_names == "hashed") return MetricNames::kHashed;
  const bool hidden = options.metrics_names == "off" ||
                      (options.metrics_names == "auto" &&
                       security.policy() != nullptr && !IsLocal(options.http));
  return hidden ? MetricNames::kOff : MetricNames::kOn;
}

MetricsCollector::Options MetricsOptions(const ServerOptions& options,
                                         const Monitoring::Parts& parts) {
  MetricsCollector::Options metrics;
  metrics.membership = parts.membership;
  metrics.rpc_stats = parts.stats;
  metrics.watch_figures = [parts] { return parts.rpc->Figures(); };
  metrics.security_figures = [parts] {
    SecurityFigures figures = parts.security->Figures();
    parts.rpc->gate().AddFigures(figures);
    figures.probe_failures = parts.probe->failures();
    return figures;
  };
  metrics.max_node_series = options.max_node_series;
  metrics.names = NamesIn(options, *parts.security);
  metrics.build_info = {{"version", CLOCKWISE_VERSION}};
  return metrics;
}

// True if the HTTP port serves the ring page and /api/v1. It does not check
// tokens or roles, so by default an access policy turns these pages off.
bool ServesPages(const ServerOptions& options, const Security& security) {
  return options.ring_page == "on" ||
         (options.ring_page == "auto" && security.policy() == nullptr);
}

HttpReply PagesAreOff() {
  HttpReply reply;
  reply.status = 403;
  reply.body =
      "the ring page is off; --ring-page=on turns it on for every client that "
      "can reach this port\n";
  return reply;
}

}  // namespace

Monitoring::Monitoring(const ServerOptions& options, const Parts& parts)
    : metrics_(MetricsOptions(options, parts)),
      site_({parts.membership, [parts] { return parts.rpc->Status(); }}),
      news_(*parts.membership) {}

absl::StatusOr<std::unique_ptr<Monitoring>> Monitoring::Start(
    const ServerOptions& options, const Parts& parts) {
  std::unique_ptr<Monitoring> monitoring(new Monitoring(options, parts));
  HttpServer::Options http;
  http.address = options.http;
  if (options.security.http_tls) http.tls = parts.security->tls();
  http.metrics = &monitoring->metrics_;
  http.hosts = absl::StrSplit(options.http_hosts, ',', absl::SkipWhitespace());
  http.stream_time = Milliseconds(options.serving.connection_seconds);
  http.connections = options.serving.http_connections;
  http.event_streams = options.serving.http_event_streams;
  http.request_time = Milliseconds(options.serving.http_request_seconds);
  http.reached = [parts](Limit limit) { parts.stats->Reached(limit); };
  http.alive = [parts] { return parts.probe->alive(); };
  // Ready as soon as the rings are loaded. Later, they are served from memory
  // even if the store is not available.
  http.ready = [parts] {
    return parts.rpc->leaving()
               ? absl::UnavailableError("the server is draining")
               : parts.membership->Ready();
  };
  http.trusted = [parts] { return parts.membership->store_trust().ok(); };
  if (ServesPages(options, *parts.security)) {
    http.pages = [site = &monitoring->site_](const HttpRequest& request) {
      return site->Respond(request);
    };
    http.find_ring = [parts](const std::string& ring,
                             std::function<void(const absl::Status&)> done) {
      parts.rpc->FindRing(ring, std::move(done));
    };
    http.news = [news = &monitoring->news_] { return news->Take(); };
  } else {
    http.pages = [](const HttpRequest&) { return PagesAreOff(); };
  }
  auto server = HttpServer::Start(std::move(http));
  if (!server.ok()) return server.status();
  monitoring->http_ = *std::move(server);
  return monitoring;
}

}  // namespace clockwise
