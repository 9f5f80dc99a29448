#include "service/rpc/status_mapping.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"
#include "clockwise/v1/errors.pb.h"
#include "service/api/refusal.h"

namespace clockwise {

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  v1::RpcStatus details;
  details.set_code(static_cast<int>(status.code()));
  details.set_message(std::string(status.message()));
  status.ForEachPayload(
      [&](absl::string_view type_url, const absl::Cord& payload) {
        auto* detail = details.add_details();
        detail->set_type_url(std::string(type_url));
        detail->set_value(std::string(payload));
      });
  // The codes of absl and gRPC are the same numbers.
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()),
                      std::string(status.message()),
                      details.SerializeAsString());
}

absl::Status WithRetryDelay(absl::Status refusal,
                            std::chrono::milliseconds delay) {
  v1::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(delay.count() / 1000);
  info.mutable_retry_delay()->set_nanos(
      static_cast<int32_t>(delay.count() % 1000) * 1'000'000);
  refusal.SetPayload("type.googleapis.com/google.rpc.RetryInfo",
                     absl::Cord(info.SerializeAsString()));
  return refusal;
}

absl::Status Overloaded(absl::string_view message) {
  return WithRetryDelay(Refusal(v1::ERROR_REASON_OVERLOADED, message),
                        std::chrono::seconds(1));
}

absl::Status Draining() {
  return Refusal(v1::ERROR_REASON_DRAINING,
                 "this server is going away; ask another");
}

}  // namespace clockwise
