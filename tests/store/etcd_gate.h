// A gate before a real etcd: it hands calls on, and loses answers or requests
// as it is told. What etcd did is real, and so is what the store hears of it.
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
  // kSayFull: it is executed, and said to be too large for etcd's space.
  enum class Fate { kPass, kLoseAnswer, kLoseRequest, kSayFull };

  explicit EtcdGate(const std::string& etcd)
      : stub_(etcdserverpb::KV::NewStub(
            grpc::CreateChannel(etcd, grpc::InsecureChannelCredentials()))) {}

  const std::string& address() const { return server_.address(); }

  // What becomes of the transaction that comes next, the `number`-th since;
  // null: it passes. Set while no call is under way.
  std::function<Fate(int number)> fate;
  // Called after etcd executed one whose answer is lost.
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
  LoopbackServer server_{*this};  // last: it goes first
};

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_STORE_ETCD_GATE_H_
