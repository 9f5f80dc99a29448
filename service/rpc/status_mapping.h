// How a refusal looks on the wire. Stateless.
#ifndef CLOCKWISE_SERVICE_RPC_STATUS_MAPPING_H_
#define CLOCKWISE_SERVICE_RPC_STATUS_MAPPING_H_

#include <grpcpp/support/status.h>

#include <chrono>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace clockwise {

// The same code and message, with the refusal's payloads (ErrorInfo,
// BadRequest, RetryInfo) as google.rpc.Status details.
grpc::Status ToGrpc(const absl::Status& status);

// `refusal` with a RetryInfo: the caller shall wait so long before it tries
// again.
absl::Status WithRetryDelay(absl::Status refusal,
                            std::chrono::milliseconds delay);

// OVERLOADED, with the advice to go elsewhere or come again in a second.
absl::Status Overloaded(absl::string_view message);

// DRAINING: this server takes no more calls.
absl::Status Draining();

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_STATUS_MAPPING_H_
