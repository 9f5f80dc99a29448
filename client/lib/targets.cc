#include "client/lib/targets.h"

#include <utility>

#include "service/api/refusal.h"

namespace clockwise::client {
Targets::Targets(std::vector<std::string> addresses,
                 std::shared_ptr<CredentialsSource> credentials,
                 ChannelOptions channel_options)
    : addresses_(std::move(addresses)),
      credentials_(std::move(credentials)),
      channel_options_(std::move(channel_options)),
      targets_(addresses_.size()) {}

std::shared_ptr<v1::PlacementService::Stub> Targets::stub(size_t i) {
  auto credentials = credentials_->Current();
  MutexLock lock(mu_);
  Target& target = targets_[i];
  if (target.credentials != credentials) {
    target.channel = NewChannel(addresses_[i], credentials, channel_options_);
    target.stub = v1::PlacementService::NewStub(target.channel);
    target.credentials = std::move(credentials);
  }
  return target.stub;
}

bool Targets::connected(size_t i) {
  MutexLock lock(mu_);
  const std::shared_ptr<grpc::Channel>& channel = targets_[i].channel;
  return channel != nullptr &&
         channel->GetState(/*try_to_connect=*/false) == GRPC_CHANNEL_READY;
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
