// Monitoring serves metrics, health checks and the ring page of a running
// server on the HTTP port. Thread-safe.
#ifndef CLOCKWISE_SERVICE_SERVER_MONITORING_H_
#define CLOCKWISE_SERVICE_SERVER_MONITORING_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "service/http/api/ring_events.h"
#include "service/http/http_server.h"
#include "service/http/site.h"
#include "service/membership/membership.h"
#include "service/metrics/collector.h"
#include "service/rpc/server.h"
#include "service/server/options.h"
#include "service/server/security.h"
#include "service/server/self_probe.h"

namespace clockwise {

class Monitoring {
 public:
  // The parts of the server that it reads. They must outlive it.
  struct Parts {
    Membership* membership;
    RpcStats* stats;
    Security* security;
    RpcServer* rpc;
    SelfProbe* probe;
  };

  // Starts the HTTP port. Fails as HttpServer::Start does.
  static absl::StatusOr<std::unique_ptr<Monitoring>> Start(
      const ServerOptions& options, const Parts& parts);

  std::string address() const { return http_->address(); }

  // Calls HttpServer::Stop.
  void Stop() { http_->Stop(); }

 private:
  Monitoring(const ServerOptions& options, const Parts& parts);

  const MetricsCollector metrics_;
  Site site_;
  RingEvents news_;
  std::unique_ptr<HttpServer> http_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_SERVER_MONITORING_H_
