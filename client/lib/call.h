// Calls whichever server answers. Stateless.
#ifndef CLOCKWISE_CLIENT_LIB_CALL_H_
#define CLOCKWISE_CLIENT_LIB_CALL_H_

#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include "absl/functional/function_ref.h"
#include "client/lib/retries.h"
#include "client/lib/targets.h"
#include "clockwise/v1/placement.grpc.pb.h"

namespace clockwise::client {

// One attempt of a call.
using Attempt = absl::FunctionRef<grpc::Status(v1::PlacementService::Stub&,
                                               grpc::ClientContext&)>;

// Makes attempts at one server after the other, first at the preferred one,
// until one succeeds or `policy` ends the call. The server that succeeded is
// preferred from then on. Blocks for `policy.timeout` at most.
Outcome CallServers(Targets& targets, const RetryPolicy& policy,
                    Attempt attempt);

}  // namespace clockwise::client

#endif  // CLOCKWISE_CLIENT_LIB_CALL_H_
