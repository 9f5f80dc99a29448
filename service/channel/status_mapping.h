// Converts between absl::Status and grpc::Status. The payloads of a refusal
// (ErrorInfo, BadRequest, RetryInfo) travel as details of google.rpc.Status.
// Stateless.
#ifndef CLOCKWISE_SERVICE_CHANNEL_STATUS_MAPPING_H_
#define CLOCKWISE_SERVICE_CHANNEL_STATUS_MAPPING_H_

#include <grpcpp/support/status.h>

#include <chrono>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace clockwise {

// Returns the same code and message, with the payloads as details.
grpc::Status ToGrpc(const absl::Status& status);

// Returns the same code and message, with the details as payloads. Details that
// are no google.rpc.Status are dropped.
absl::Status FromGrpc(const grpc::Status& status);

// Returns `refusal` with a RetryInfo: the client must wait for `delay` before
// the next attempt.
absl::Status WithRetryDelay(absl::Status refusal,
                            std::chrono::milliseconds delay);

// Returns the delay of the RetryInfo; zero if there is none, or a negative one.
absl::Duration RetryDelayOf(const absl::Status& status);

// OVERLOADED, with the advice to call another server, or this one in a second.
absl::Status Overloaded(absl::string_view message);

// DRAINING: this server takes no more calls.
absl::Status Draining();

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_CHANNEL_STATUS_MAPPING_H_
