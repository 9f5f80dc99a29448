// Connection makes the command's calls to its servers. It uses the calls of the
// client library, with the command's waits and error texts. Thread-compatible.
//
// Errors: the result of Explain (failure.h) for the status of the call.
#ifndef CLOCKWISE_CLIENT_CLI_CONNECTION_H_
#define CLOCKWISE_CLIENT_CLI_CONNECTION_H_

#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/cli/connection_fault.h"
#include "client/lib/call.h"
#include "client/lib/targets.h"
#include "clockwise/options.h"
#include "clockwise/v1/placement.grpc.pb.h"
#include "service/channel/credentials_source.h"

namespace clockwise::cli {

// Rule for repeating a failed call.
enum class Retry {
  // The call cannot be repeated safely. It goes to the next server only if it
  // certainly did not reach one.
  kNever,
  // Calls each server once. For reads.
  kOtherServers,
  // Calls each server a few times. For changes with a request_id, and for reads
  // within a long task.
  kFewTimes,
};

struct ConnectionOptions {
  // Targets of gRPC, separated by commas, or one unix:PATH: a checked value of
  // --server.
  std::string servers;
  // The options of the credentials, to find out why no connection is made.
  Tls tls;
  absl::Duration timeout;  // of each call, all attempts together
  // Names of the contexts that the servers, and the options of the credentials,
  // are from; empty: none.
  std::string context;
  std::string credentials_context;
};

// Returns the targets in ConnectionOptions::servers.
std::vector<std::string> ServersOf(absl::string_view servers);

class Connection {
 public:
  using Stub = v1::PlacementService::Stub;
  template <typename Request, typename Response>
  using Method = grpc::Status (Stub::*)(grpc::ClientContext*, const Request&,
                                        Response*);

  // The first call connects.
  Connection(ConnectionOptions options,
             std::shared_ptr<CredentialsSource> credentials);

  // Sends `name` with each call, as the name of the user for the history of
  // changes. Empty: $USER@HOST. A name that metadata cannot carry is not sent.
  void StateActor(const std::string& name);

  template <typename Request, typename Response>
  [[nodiscard]] absl::Status Call(Method<Request, Response> method,
                                  const Request& request, Response* response,
                                  Retry retry = Retry::kOtherServers) {
    return Run(retry, [&](Stub& stub, grpc::ClientContext& context) {
      return (stub.*method)(&context, request, response);
    });
  }

  // For streams, which the caller opens itself. stub() returns the stub of the
  // server in use. Explain() explains how a stream ended. UseNextServer()
  // selects the next server; if the stream was silent, the server in use gets a
  // new connection.
  std::shared_ptr<Stub> stub() { return targets_.stub(targets_.preferred()); }
  absl::Status Explain(const absl::Status& status);
  void UseNextServer(bool was_silent);

  size_t server_count() const { return targets_.size(); }
  absl::Duration timeout() const { return options_.timeout; }

  // Returns a random number from 0 to 1, for Backoff.
  double Random();

 private:
  absl::Status Run(Retry retry, client::Attempt attempt);

  absl::Status ExplainOutcome(const client::Outcome& outcome);
  // Returns why no connection is made, if the servers show it; looked for once.
  const std::optional<ConnectionFault>& Fault();

  const ConnectionOptions options_;
  const std::string name_;  // of the servers, in errors
  bool has_looked_ = false;
  std::optional<ConnectionFault> fault_;
  client::Targets targets_;
  std::minstd_rand random_;
  std::string actor_;  // empty: not stated
};

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_CONNECTION_H_
