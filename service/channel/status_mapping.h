// Converts between absl::Status and grpc::Status. Payloads (ErrorInfo,
// BadRequest, RetryInfo) are sent as details of google.rpc.Status. Stateless.
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

// Returns the same code and message, with the details as payloads. Drops
// details that are not a google.rpc.Status.
absl::Status FromGrpc(const grpc::Status& status);

// Returns `refusal` with a RetryInfo: the client must wait for `delay` before
// the next attempt.
absl::Status WithRetryDelay(absl::Status refusal,
                            std::chrono::milliseconds delay);

// Returns the delay of the RetryInfo; zero if there is none, or a negative one.
absl::Duration RetryDelayOf(const absl::Status& status);

// Returns OVERLOADED with `message` and a retry delay of one second.
absl::Status Overloaded(absl::string_view message);

// Returns DRAINING: this server accepts no more calls.
absl::Status Draining();

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_CHANNEL_STATUS_MAPPING_H_
