// EtcdMember is the connection to one member of an etcd cluster. Thread-safe.
#ifndef CLOCKWISE_SERVICE_STORE_ETCD_MEMBER_H_
#define CLOCKWISE_SERVICE_STORE_ETCD_MEMBER_H_

#include <grpcpp/security/credentials.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "etcd/rpc.grpc.pb.h"

namespace clockwise {

struct EtcdMember {
  std::string address;  // HOST:PORT
  std::unique_ptr<etcdserverpb::KV::Stub> kv;
  std::unique_ptr<etcdserverpb::Watch::Stub> watch;
  std::unique_ptr<etcdserverpb::Lease::Stub> lease;
  std::unique_ptr<etcdserverpb::Auth::Stub> auth;
  std::unique_ptr<etcdserverpb::Cluster::Stub> cluster;
  // Number of calls that ended before their deadline.
  mutable std::atomic<uint64_t> answers = 0;
};

// Returns a new connection, which connects with its first call.
std::shared_ptr<const EtcdMember> ConnectEtcdMember(
    const std::string& address,
    const std::shared_ptr<grpc::ChannelCredentials>& credentials);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_ETCD_MEMBER_H_
