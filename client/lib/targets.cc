#include "client/lib/targets.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/support/channel_arguments.h>
#include <grpcpp/support/status.h>

#include <algorithm>
#include <random>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "clockwise/v1/errors.pb.h"
#include "service/api/refusal.h"

namespace clockwise::client {
namespace {

constexpr absl::string_view kRetryInfo =
    "type.googleapis.com/google.rpc.RetryInfo";

std::shared_ptr<grpc::Channel> Connect(
    const std::string& address,
    const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  grpc::ChannelArguments arguments;
  // Connections of its own: those that other channels of the process share are
  // paced by how often any of them failed.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // The pace is the follower's own.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  // Whole rings are larger than the usual 4 MiB.
  arguments.SetMaxReceiveMessageSize(-1);
  return grpc::CreateCustomChannel(address, credentials, arguments);
}

}  // namespace

Targets::Targets(std::vector<std::string> addresses,
                 std::shared_ptr<Credentials> credentials)
    : addresses_(std::move(addresses)),
      credentials_(std::move(credentials)),
      targets_(addresses_.size()) {
  std::shuffle(addresses_.begin(), addresses_.end(),
               std::minstd_rand(std::random_device()()));
}

std::shared_ptr<v1::PlacementService::Stub> Targets::stub(size_t i) {
  auto credentials = credentials_->Current();
  MutexLock lock(mu_);
  Target& target = targets_[i];
  if (target.credentials != credentials) {
    target.stub =
        v1::PlacementService::NewStub(Connect(addresses_[i], credentials));
    target.credentials = std::move(credentials);
  }
  return target.stub;
}

void Targets::Reconnect(size_t i) {
  MutexLock lock(mu_);
  targets_[i] = Target();
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

absl::Duration RetryDelayOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kRetryInfo);
  v1::RetryInfo info;
  if (!payload.has_value() || !info.ParseFromString(std::string(*payload))) {
    return absl::ZeroDuration();
  }
  return absl::Seconds(info.retry_delay().seconds()) +
         absl::Nanoseconds(info.retry_delay().nanos());
}

}  // namespace clockwise::client

namespace clockwise {

std::string ReasonOfFailure(const absl::Status& status) {
  return ReasonName(status);
}

}  // namespace clockwise
