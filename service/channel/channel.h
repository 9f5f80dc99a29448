// Makes the gRPC channels of the server, the client library and the command.
// Stateless.
//
// Proxies: gRPC reads http_proxy (before it grpc_proxy and https_proxy), and
// no_proxy for exceptions. Here, this holds only for servers on other machines.
// A loopback address or a socket of this machine is never reached through a
// proxy, because a proxy would connect to its own machine instead. etcd is
// never reached through a proxy (ProxyUse::kNever).
#ifndef CLOCKWISE_SERVICE_CHANNEL_CHANNEL_H_
#define CLOCKWISE_SERVICE_CHANNEL_CHANNEL_H_

#include <grpcpp/channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace clockwise {

enum class ProxyUse { kForOtherMachines, kNever };

struct ChannelOptions {
  // The user agent begins with it and the version: "clockwise-cli/0.1.0".
  std::string program;
  // Time limit of one attempt to connect. Zero: gRPC's own limit, 20 s.
  absl::Duration connect_timeout;
  ProxyUse proxy = ProxyUse::kForOtherMachines;
  // Further arguments, besides those that all channels have.
  grpc::ChannelArguments arguments;
};

// Returns a channel to `target`: HOST:PORT, unix:PATH or another target of
// gRPC. It connects with its first call, over a connection that no other
// channel uses. Messages may be of any size. After a failed attempt to connect
// it waits 0.1 s to 1 s.
std::shared_ptr<grpc::Channel> NewChannel(
    const std::string& target,
    const std::shared_ptr<grpc::ChannelCredentials>& credentials,
    const ChannelOptions& options);

// Returns true if `target` is on this machine by its form: a unix socket, a
// loopback or unspecified address, or a name that ends in localhost. No name is
// resolved. A list is local if one of its addresses is: gRPC cannot reach a
// list through a proxy anyway.
bool IsLocalTarget(absl::string_view target);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_CHANNEL_CHANNEL_H_
