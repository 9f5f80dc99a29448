// A gate in front of a real etcd. It forwards calls, and loses responses or
// requests on demand. Both etcd and the store see real calls.
#ifndef CLOCKWISE_TESTS_STORE_ETCD_GATE_H_
#define CLOCKWISE_TESTS_STORE_ETCD_GATE_H_

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "etcd/rpc.grpc.pb.h"
#include "tests/support/loopback_server.h"

namespace clockwise {

class EtcdGate final : private etcdserverpb::KV::Service {
 public:
  // kSayFull: execute it, and report that etcd's space is exceeded.
  enum class Fate { kPass, kLoseAnswer, kLoseRequest, kSayFull };

  explicit EtcdGate(const std::string& etcd)
      : stub_(etcdserverpb::KV::NewStub(
            grpc::CreateChannel(etcd, grpc::InsecureChannelCredentials()))) {}

  const std::string& address() const { return server_.address(); }

  // Returns the fate of the next transactions, counted by `number`; null: all
  // pass. Set it while no call is running.
  std::function<Fate(int number)> fate;
  // Called after etcd has executed a transaction whose response is lost.
  std::function<void()> meanwhile;
  std::atomic<int> transactions = 0;
  std::atomic<bool> reads_fail = false;

 private:
  grpc::Status Range(grpc::ServerContext*,
                     const etcdserverpb::RangeRequest* request,
                     etcdserverpb::RangeResponse* response) override {
    if (reads_fail) return Lost();
    grpc::ClientContext context;
    return stub_->Range(&context, *request, response);
  }
  grpc::Status Txn(grpc::ServerContext*,
                   const etcdserverpb::TxnRequest* request,
                   etcdserverpb::TxnResponse* response) override {
    const Fate what = fate ? fate(++transactions) : Fate::kPass;
    if (what == Fate::kLoseRequest) {
      if (meanwhile) meanwhile();
      return Lost();
    }
    grpc::ClientContext context;
    const grpc::Status status = stub_->Txn(&context, *request, response);
    if (what == Fate::kPass) return status;
    if (meanwhile) meanwhile();
    if (what == Fate::kSayFull) {
      return {grpc::StatusCode::RESOURCE_EXHAUSTED,
              "etcdserver: mvcc: database space exceeded"};
    }
    return Lost();
  }
  static grpc::Status Lost() {
    return {grpc::StatusCode::UNAVAILABLE, "transport is closing"};
  }

  const std::unique_ptr<etcdserverpb::KV::Stub> stub_;
  LoopbackServer server_{*this};  // last, so that it is destroyed first
};

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_STORE_ETCD_GATE_H_
