// EtcdTxn builds a transaction for etcd. Operations named Else… run if a
// compare fails, all others if all compares succeed. Thread-compatible.
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

  // Requires that `key` was last changed at `revision`; 0: that it does not
  // exist.
  void CompareRevision(std::string key, int64_t revision) {
    auto* compare = request_.add_compare();
    compare->set_result(etcdserverpb::Compare::EQUAL);
    compare->set_target(etcdserverpb::Compare::MOD);
    compare->set_key(std::move(key));
    compare->set_mod_revision(revision);
  }
  // Requires that `key` exists.
  void CompareExists(std::string key) {
    auto* compare = request_.add_compare();
    compare->set_result(etcdserverpb::Compare::GREATER);
    compare->set_target(etcdserverpb::Compare::MOD);
    compare->set_key(std::move(key));
    compare->set_mod_revision(0);
  }
  // Requires that no key of `range` was written after `revision`.
  void CompareUnchanged(EtcdRange range, int64_t revision) {
    auto* compare = request_.add_compare();
    compare->set_result(etcdserverpb::Compare::LESS);
    compare->set_target(etcdserverpb::Compare::MOD);
    compare->set_key(std::move(range.begin));
    compare->set_range_end(std::move(range.end));
    compare->set_mod_revision(revision + 1);
  }
  // Requires that `key` exists, and has existed since `revision` or longer.
  void CompareExistedSince(const std::string& key, int64_t revision) {
    CompareExists(key);
    auto* compare = request_.add_compare();
    compare->set_result(etcdserverpb::Compare::LESS);
    compare->set_target(etcdserverpb::Compare::CREATE);
    compare->set_key(key);
    compare->set_create_revision(revision + 1);
  }
  // Requires that `key` exists and has `value`.
  void CompareValue(std::string key, std::string value) {
    auto* compare = request_.add_compare();
    compare->set_result(etcdserverpb::Compare::EQUAL);
    compare->set_target(etcdserverpb::Compare::VALUE);
    compare->set_key(std::move(key));
    compare->set_value(std::move(value));
  }
  // `lease`: the lease with which the key ends; 0: the key stays.
  void Put(std::string key, std::string value, int64_t lease = 0) {
    auto* put = request_.add_success()->mutable_request_put();
    put->set_key(std::move(key));
    put->set_value(std::move(value));
    put->set_lease(lease);
  }
  void Delete(EtcdRange range) {
    auto* remove = request_.add_success()->mutable_request_delete_range();
    remove->set_key(std::move(range.begin));
    remove->set_range_end(std::move(range.end));
  }
  // Reads at most limits::kEtcdPageKeys keys.
  void Read(EtcdRange range) {
    auto* read = request_.add_success()->mutable_request_range();
    read->set_key(std::move(range.begin));
    read->set_range_end(std::move(range.end));
    read->set_limit(limits::kEtcdPageKeys);
  }
  // Runs `txn` inside this transaction.
  void ElseRun(const EtcdTxn& txn) {
    *request_.add_failure()->mutable_request_txn() = txn.request();
  }
  // Adds a read. The response has the results in the order of the calls.
  void ElseRead(std::string key) {
    request_.add_failure()->mutable_request_range()->set_key(std::move(key));
  }

 private:
  etcdserverpb::TxnRequest request_;
};

// Returns the first key-value pair that the operation at `index`, which must be
// a read, has found; null if there is none.
inline const mvccpb::KeyValue* FoundIn(
    const etcdserverpb::TxnResponse& response, int index) {
  if (index >= response.responses_size()) return nullptr;
  const auto& range = response.responses(index).response_range();
  return range.kvs_size() == 0 ? nullptr : &range.kvs(0);
}

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_ETCD_TXN_H_
