// The command's one channel to a server, and calls on it. Thread-compatible.
//
// Errors: what Explain makes of a call's status.
#ifndef CLOCKWISE_CLIENT_CLI_CONNECTION_H_
#define CLOCKWISE_CLIENT_CLI_CONNECTION_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/security/credentials.h>

#include <memory>
#include <random>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "clockwise/v1/placement.grpc.pb.h"

namespace clockwise::cli {

// Whether a call that found no server, or lost it, is made again: only right
// where a second call does no harm (it reads, or bears a request_id).
enum class Retry { kNever, kFewTimes };

class Connection {
 public:
  using Stub = v1::PlacementService::Stub;
  template <typename Request, typename Response>
  using Method = grpc::Status (Stub::*)(grpc::ClientContext*, const Request&,
                                        Response*);

  // `server` is HOST:PORT, unix:PATH or another target of gRPC. `timeout` is
  // for each call, all its attempts together. Connects with the first call.
  Connection(std::string server,
             const std::shared_ptr<grpc::ChannelCredentials>& credentials,
             absl::Duration timeout);

  template <typename Request, typename Response>
  [[nodiscard]] absl::Status Call(Method<Request, Response> method,
                                  const Request& request, Response* response,
                                  Retry retry = Retry::kNever) {
    return Run(retry, [&](grpc::ClientContext* context) {
      return (stub_.get()->*method)(context, request, response);
    });
  }

  // For streams, whose calls are the caller's own.
  Stub& stub() { return *stub_; }
  absl::Status Explain(const grpc::Status& status) const;

  const std::string& server() const { return server_; }
  absl::Duration timeout() const { return timeout_; }

  // From 0 to 1, for Backoff.
  double Random();

 private:
  absl::Status Run(Retry retry,
                   absl::FunctionRef<grpc::Status(grpc::ClientContext*)> call);

  const std::string server_;
  const absl::Duration timeout_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<Stub> stub_;
  std::minstd_rand random_;
};

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_CONNECTION_H_
