// Targets is the list of servers that a client may use. It has one channel for
// each; a channel connects with its first call. Thread-safe.
#ifndef CLOCKWISE_CLIENT_LIB_TARGETS_H_
#define CLOCKWISE_CLIENT_LIB_TARGETS_H_

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "clockwise/v1/placement.grpc.pb.h"
#include "service/channel/channel.h"
#include "service/channel/credentials_source.h"
#include "service/runtime/mutex.h"

namespace clockwise::client {

class Targets {
 public:
  // `addresses`: at least one, in order of preference.
  Targets(std::vector<std::string> addresses,
          std::shared_ptr<CredentialsSource> credentials,
          ChannelOptions channel_options);

  size_t size() const { return addresses_.size(); }
  const std::string& address(size_t i) const { return addresses_[i]; }
  // Returns the stub of server `i`, over a channel with the newest credentials.
  // A channel with older credentials lives until its last stub is destroyed.
  std::shared_ptr<v1::PlacementService::Stub> stub(size_t i);
  // True if there is a connection to this server now.
  bool connected(size_t i);
  // Makes the next call to this server use a new connection. Call it when a
  // connection has been silent for too long: gRPC would use it again.
  void Reconnect(size_t i);

  // Returns the server that answered last. Calls try it first.
  size_t preferred() const { return preferred_.load(); }
  void Prefer(size_t i) { preferred_.store(i); }

 private:
  struct Target {
    std::shared_ptr<grpc::ChannelCredentials> credentials;
    std::shared_ptr<grpc::Channel> channel;
    std::shared_ptr<v1::PlacementService::Stub> stub;
  };

  const std::vector<std::string> addresses_;
  const std::shared_ptr<CredentialsSource> credentials_;
  const ChannelOptions channel_options_;
  Mutex mu_;
  std::vector<Target> targets_ ABSL_GUARDED_BY(mu_);
  std::atomic<size_t> preferred_ = 0;
};

}  // namespace clockwise::client

#endif  // CLOCKWISE_CLIENT_LIB_TARGETS_H_
