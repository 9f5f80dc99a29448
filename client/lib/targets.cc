#include "client/lib/targets.h"

#include <algorithm>
#include <random>
#include <utility>

#include "absl/time/time.h"
#include "service/api/refusal.h"
#include "service/channel/channel.h"

namespace clockwise::client {
namespace {

std::shared_ptr<grpc::Channel> Connect(
    const std::string& address,
    const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  ChannelOptions options;
  options.program = "clockwise-cpp";
  // One server that does not answer leaves time for another.
  options.connect_timeout = absl::Seconds(1);
  return NewChannel(address, credentials, options);
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
