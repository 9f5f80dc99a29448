// A transaction as it is built up, and what its answer holds.
// Thread-compatible.
#ifndef CLOCKWISE_SERVICE_STORE_ETCD_TXN_H_
#define CLOCKWISE_SERVICE_STORE_ETCD_TXN_H_

#include <cstdint>
#include <string>
#include <utility>

#include "etcd/rpc.pb.h"
#include "service/limits.h"
#include "service/store/etcd/keys.h"

namespace clockwise {

class EtcdTxn {
 public:
  const etcdserverpb::TxnRequest& request() const { return request_; }

  // Only if `key` was last changed at `revision`; 0: is not there.
  void CompareRevision(std::string key, int64_t revision) {
    auto* compare = request_.add_compare();
    compare->set_result(etcdserverpb::Compare::EQUAL);
    compare->set_target(etcdserverpb::Compare::MOD);
    compare->set_key(std::move(key));
    compare->set_mod_revision(revision);
  }
  void Put(std::string key, std::string value) {
    auto* put = request_.add_success()->mutable_request_put();
    put->set_key(std::move(key));
    put->set_value(std::move(value));
  }
  void Delete(EtcdRange range) {
    auto* remove = request_.add_success()->mutable_request_delete_range();
    remove->set_key(std::move(range.begin));
    remove->set_range_end(std::move(range.end));
  }
  // At most a page.
  void Read(EtcdRange range) {
    auto* read = request_.add_success()->mutable_request_range();
    read->set_key(std::move(range.begin));
    read->set_range_end(std::move(range.end));
    read->set_limit(limits::kEtcdPageKeys);
  }
  void ElsePut(std::string key, std::string value) {
    auto* put = request_.add_failure()->mutable_request_put();
    put->set_key(std::move(key));
    put->set_value(std::move(value));
  }
  // What is read if a compare fails, in this order.
  void ElseRead(std::string key) {
    request_.add_failure()->mutable_request_range()->set_key(std::move(key));
  }

 private:
  etcdserverpb::TxnRequest request_;
};

// What the `index`-th operation, a read, found first; null: nothing.
inline const mvccpb::KeyValue* FoundIn(
    const etcdserverpb::TxnResponse& response, int index) {
  if (index >= response.responses_size()) return nullptr;
  const auto& range = response.responses(index).response_range();
  return range.kvs_size() == 0 ? nullptr : &range.kvs(0);
}

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_ETCD_TXN_H_
