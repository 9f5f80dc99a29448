// EtcdBatch puts any number of keys, in requests that etcd takes. Not atomic:
// for keys that nobody looks at yet. Thread-compatible.
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

  // Puts `key`, now or with a later one. After a failure nothing more is sent.
  void Put(std::string key, std::string value);
  // Puts what is left; the first failure of all.
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
