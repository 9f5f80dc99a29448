// LeaseRenewal renews a lease of etcd once. etcd has a stream for it; this call
// sends one request, reads one answer, and ends.
#ifndef CLOCKWISE_SERVICE_STORE_ETCD_LEASE_RENEWAL_H_
#define CLOCKWISE_SERVICE_STORE_ETCD_LEASE_RENEWAL_H_

#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include <functional>
#include <utility>

#include "etcd/rpc.grpc.pb.h"

namespace clockwise {

class LeaseRenewal final
    : private grpc::ClientBidiReactor<etcdserverpb::LeaseKeepAliveRequest,
                                      etcdserverpb::LeaseKeepAliveResponse> {
 public:
  using Done = std::function<void(grpc::Status)>;

  // Calls `done` once, on a thread of gRPC. All arguments must live until then.
  static void Start(etcdserverpb::Lease::Stub& stub,
                    grpc::ClientContext& context,
                    const etcdserverpb::LeaseKeepAliveRequest& request,
                    etcdserverpb::LeaseKeepAliveResponse& response, Done done) {
    auto* renewal = new LeaseRenewal(std::move(done));  // deletes itself
    stub.async()->LeaseKeepAlive(&context, renewal);
    renewal->StartWriteLast(&request, grpc::WriteOptions());
    renewal->StartRead(&response);
    renewal->StartCall();
  }

 private:
  explicit LeaseRenewal(Done done) : done_(std::move(done)) {}

  void OnReadDone(bool ok) override { answered_ = ok; }
  void OnDone(const grpc::Status& status) override {
    const Done done = std::move(done_);
    const bool answered = answered_;
    delete this;
    done(!status.ok() || answered
             ? status
             : grpc::Status(grpc::StatusCode::UNAVAILABLE,
                            "etcd ended the stream without an answer"));
  }

  Done done_;
  bool answered_ = false;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_ETCD_LEASE_RENEWAL_H_
