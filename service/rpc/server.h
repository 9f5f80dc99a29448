// The gRPC server: listens, and serves placement, health and reflection.
// Thread-compatible. It owns the handlers; what Options point to outlives it.
#ifndef CLOCKWISE_SERVICE_RPC_SERVER_H_
#define CLOCKWISE_SERVICE_RPC_SERVER_H_

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>

#include <chrono>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "service/membership/membership.h"
#include "service/metrics/rpc_stats.h"
#include "service/rpc/access_gate.h"
#include "service/rpc/placement_service.h"
#include "service/runtime/mutex.h"
#include "service/tls/tls_material.h"

namespace clockwise {

class RpcServer {
 public:
  struct Options {
    std::string listen;  // HOST:PORT (port 0: a free one) or unix:PATH
    std::chrono::milliseconds heartbeat = std::chrono::seconds(5);
    // A peer that is silent for so long is asked whether it is there, and its
    // connection ended if it does not answer within a third of that.
    std::chrono::milliseconds keepalive = std::chrono::seconds(30);
    bool serving = true;  // what health checkers are told until StartServing
    Membership* membership = nullptr;
    RpcStats* stats = nullptr;
    ServingLimits limits;
    // Null: everybody may do all; nothing is told; plaintext.
    std::shared_ptr<const PolicySource> policy;
    AuditLog* audit = nullptr;
    std::shared_ptr<const TlsSource> tls;
    ServerFacts facts;  // for GetStatus
  };

  // In words for an operator: InvalidArgument, the address makes no sense;
  // Unavailable, it is taken or not this machine's.
  static absl::StatusOr<std::unique_ptr<RpcServer>> Start(
      const Options& options);

  // Ends at once what is still open.
  ~RpcServer();

  // What is listened on, with the port really taken.
  const std::string& address() const { return address_; }
  WatchFigures Figures() const { return handlers_.Figures(); }
  const AccessGate& gate() const { return gate_; }
  // Whether health checkers are told that it is going away.
  bool leaving() const { return handlers_.draining(); }
  // What GetStatus answers to who may read all rings.
  v1::GetStatusResponse Status() const {
    return handlers_.Status([](absl::string_view) { return true; });
  }

  // Tells health checkers that this server can serve, unless it is going away.
  void StartServing();
  // Tells health checkers that this server is going away; calls are served on.
  void EnterLameDuck();
  // Ends watch streams, refuses new calls with UNAVAILABLE, and returns once
  // the calls under way are answered, at the latest after `grace`. Idle
  // connections and the calls of gRPC's own services (health, reflection) do
  // not delay it.
  void Drain(std::chrono::milliseconds grace);

 private:
  explicit RpcServer(const Options& options);

  using Time = std::chrono::steady_clock::time_point;
  // Waits until no call is under way; false: some still were at `until`.
  bool WaitForCalls(Time until) const;

  const AccessGate gate_;
  PlacementServiceHandlers handlers_;
  // Asked at each handshake, which gRPC does not keep them alive for.
  std::shared_ptr<grpc::ServerCredentials> credentials_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
  Mutex mu_;
  bool leaving_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_SERVER_H_
