// EtcdBatch writes any number of keys to etcd, in requests that are within
// etcd's limits. The batch is not atomic, so it is only for keys that no head
// refers to yet. Each request has the compare of EtcdMarkers.
// Thread-compatible.
#ifndef CLOCKWISE_SERVICE_STORE_ETCD_BATCH_H_
#define CLOCKWISE_SERVICE_STORE_ETCD_BATCH_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "service/store/etcd/client.h"
#include "service/store/etcd/markers.h"
#include "service/store/etcd/txn.h"

namespace clockwise {

class EtcdBatch {
 public:
  EtcdBatch(EtcdClient& client, EtcdMarkers& markers)
      : client_(client), markers_(markers) {}

  // Adds `key` to the next request; sends the request first if it is full.
  // Sends nothing more after a failure.
  void Put(std::string key, std::string value);
  // Sends the remaining keys. Returns the first failure of the batch.
  [[nodiscard]] absl::Status Finish();

 private:
  void Send();

  EtcdClient& client_;
  EtcdMarkers& markers_;
  EtcdTxn txn_;
  size_t bytes_ = 0;
  absl::Status status_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_ETCD_BATCH_H_
