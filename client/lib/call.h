// CallServers makes one call to any server that answers. Stateless.
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

// Tries the servers one after the other, the preferred one first, until an
// attempt succeeds or `policy` ends the call. The server that succeeded becomes
// the preferred one. Blocks for at most `policy.timeout`.
Outcome CallServers(Targets& targets, const RetryPolicy& policy,
                    Attempt attempt);

}  // namespace clockwise::client

#endif  // CLOCKWISE_CLIENT_LIB_CALL_H_
