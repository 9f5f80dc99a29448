#include "client/lib/targets.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>
#include <random>
#include <utility>

#include "service/api/refusal.h"

namespace clockwise::client {
namespace {

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
                 std::shared_ptr<CredentialsSource> credentials)
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

}  // namespace clockwise::client

namespace clockwise {

std::string ReasonOfFailure(const absl::Status& status) {
  return ReasonName(status);
}

}  // namespace clockwise
