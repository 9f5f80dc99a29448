#include "service/store/etcd/member.h"

#include <grpcpp/channel.h>

#include "absl/time/time.h"
#include "service/channel/channel.h"

namespace clockwise {
namespace {

std::shared_ptr<grpc::Channel> ChannelTo(
    const std::string& address,
    const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  ChannelOptions options;
  options.program = "clockwised";
  options.connect_timeout = absl::Milliseconds(500);
  options.proxy = ProxyUse::kNever;
  // Keepalive pings detect a member that hangs and a half-open connection. etcd
  // rejects pings that are more frequent than every 5 seconds.
  options.arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 10'000);
  options.arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 3'000);
  options.arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  options.arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);  // Insist retries
  options.arguments.SetMaxSendMessageSize(-1);
  return NewChannel(address, credentials, options);
}

}  // namespace

std::shared_ptr<const EtcdMember> ConnectEtcdMember(
    const std::string& address,
    const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  auto member = std::make_shared<EtcdMember>();
  const auto channel = ChannelTo(address, credentials);
  member->address = address;
  member->kv = etcdserverpb::KV::NewStub(channel);
  member->watch = etcdserverpb::Watch::NewStub(channel);
  member->lease = etcdserverpb::Lease::NewStub(channel);
  member->auth = etcdserverpb::Auth::NewStub(channel);
  member->cluster = etcdserverpb::Cluster::NewStub(channel);
  return member;
}

}  // namespace clockwise
