// RpcServer is the gRPC server. It serves placement, health and reflection.
// Thread-compatible. It owns the handlers. The objects that Options point to
// must outlive it.
#ifndef CLOCKWISE_SERVICE_RPC_SERVER_H_
#define CLOCKWISE_SERVICE_RPC_SERVER_H_

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
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
    std::string listen;  // HOST:PORT (port 0: any free port) or unix:PATH
    std::chrono::milliseconds heartbeat = std::chrono::seconds(5);
    // Time without data after which the server pings a peer. It closes the
    // connection if the peer does not answer within a third of that time.
    std::chrono::milliseconds keepalive = std::chrono::seconds(30);
    bool serving = true;  // health status until StartServing
    Membership* membership = nullptr;
    RpcStats* stats = nullptr;
    ServingLimits limits;
    // Null means: all callers have all rights; no audit log; plaintext.
    std::shared_ptr<const PolicySource> policy;
    AuditLog* audit = nullptr;
    std::shared_ptr<const TlsSource> tls;
    ServerFacts facts;  // for GetStatus
  };

  // Starts the server. Failures have a message for operators:
  //   INVALID_ARGUMENT  the address is not valid.
  //   UNAVAILABLE       the address is in use, or not of this machine.
  static absl::StatusOr<std::unique_ptr<RpcServer>> Start(
      const Options& options);

  // Ends all open calls at once.
  ~RpcServer();

  // Returns the address, with the actual port.
  const std::string& address() const { return address_; }
  WatchFigures Figures() const { return handlers_.Figures(); }
  const AccessGate& gate() const { return gate_; }
  // True after EnterLameDuck.
  bool leaving() const { return handlers_.draining(); }
  // Returns the answer of GetStatus for the HTTP port, which has no roles: with
  // all rings, and with the store's address only if there is no policy.
  v1::GetStatusResponse Status() const {
    return handlers_.Status([](absl::string_view) { return true; },
                            !gate_.guarded());
  }

  // Searches the shared store for a ring that is not known, for the HTTP port.
  // Does not block. Calls `done` once, on any thread: OK if the ring is known
  // now, else the error of a call that names it.
  void FindRing(const std::string& ring,
                std::function<void(const absl::Status&)> done) {
    handlers_.FindRing(ring, std::move(done));
  }

  // Sets the health status to SERVING, except after EnterLameDuck.
  void StartServing();
  // Sets the health status to NOT_SERVING. The server continues to serve calls.
  void EnterLameDuck();
  // Ends watch streams and rejects new calls with UNAVAILABLE. Blocks until all
  // running calls are answered, but not longer than about `grace`. Does not
  // wait for idle connections or calls of gRPC's own services (health,
  // reflection).
  void Drain(std::chrono::milliseconds grace);

 private:
  explicit RpcServer(const Options& options);

  using Time = std::chrono::steady_clock::time_point;
  // Blocks until no call is running. Returns false if some still run at
  // `until`.
  bool WaitForCalls(Time until) const;

  const AccessGate gate_;
  PlacementServiceHandlers handlers_;
  // Used in each handshake, but gRPC does not keep them alive.
  std::shared_ptr<grpc::ServerCredentials> credentials_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
  Mutex mu_;
  bool leaving_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_SERVER_H_
