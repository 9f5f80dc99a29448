#include "service/channel/status_mapping.h"

#include <algorithm>
#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"
#include "clockwise/v1/errors.pb.h"
#include "service/api/refusal.h"

namespace clockwise {
namespace {

constexpr absl::string_view kRetryInfoUrl =
    "type.googleapis.com/google.rpc.RetryInfo";

}  // namespace

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
  // The codes of absl and gRPC have the same numbers.
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()),
                      std::string(status.message()),
                      details.SerializeAsString());
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status failure(static_cast<absl::StatusCode>(status.error_code()),
                       status.error_message());
  v1::RpcStatus details;
  if (details.ParseFromString(status.error_details())) {
    for (const auto& detail : details.details()) {
      failure.SetPayload(detail.type_url(), absl::Cord(detail.value()));
    }
  }
  return failure;
}

absl::Status WithRetryDelay(absl::Status refusal,
                            std::chrono::milliseconds delay) {
  v1::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(delay.count() / 1000);
  info.mutable_retry_delay()->set_nanos(
      static_cast<int32_t>(delay.count() % 1000) * 1'000'000);
  refusal.SetPayload(kRetryInfoUrl, absl::Cord(info.SerializeAsString()));
  return refusal;
}

absl::Duration RetryDelayOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kRetryInfoUrl);
  v1::RetryInfo info;
  if (!payload.has_value() || !info.ParseFromString(std::string(*payload))) {
    return absl::ZeroDuration();
  }
  return std::max(absl::ZeroDuration(),
                  absl::Seconds(info.retry_delay().seconds()) +
                      absl::Nanoseconds(info.retry_delay().nanos()));
}

absl::Status Overloaded(absl::string_view message) {
  return WithRetryDelay(Refusal(v1::ERROR_REASON_OVERLOADED, message),
                        std::chrono::seconds(1));
}

absl::Status Draining() {
  return Refusal(v1::ERROR_REASON_DRAINING,
                 "this server is draining; retry at another server");
}

}  // namespace clockwise
