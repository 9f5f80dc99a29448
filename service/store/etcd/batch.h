// EtcdBatch writes any number of keys to etcd, in requests that are within
// etcd's limits. The batch is not atomic, so it is only for keys that no head
// refers to yet. Thread-compatible.
#ifndef CLOCKWISE_SERVICE_STORE_ETCD_BATCH_H_
#define CLOCKWISE_SERVICE_STORE_ETCD_BATCH_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "etcd/rpc.pb.h"
#include "service/store/etcd/client.h"

namespace clockwise {

class EtcdBatch {
 public:
  explicit EtcdBatch(EtcdClient& client) : client_(client) {}

  // Adds `key` to the next request; sends the request first if it is full.
  // Sends nothing more after a failure.
  void Put(std::string key, std::string value);
  // Sends the remaining keys. Returns the first failure of the batch.
  [[nodiscard]] absl::Status Finish();

 private:
  void Send();

  EtcdClient& client_;
  etcdserverpb::TxnRequest txn_;
  size_t bytes_ = 0;
  absl::Status status_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_ETCD_BATCH_H_
