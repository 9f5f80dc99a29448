#include "service/store/etcd/batch.h"

#include <utility>

#include "service/limits.h"

namespace clockwise {

void EtcdBatch::Put(std::string key, std::string value) {
  const size_t bytes = key.size() + value.size();
  if (static_cast<size_t>(txn_.request().success_size()) ==
          limits::kEtcdRequestOperations ||
      (bytes_ > 0 && bytes_ + bytes > limits::kEtcdRequestBytes)) {
    Send();
  }
  txn_.Put(std::move(key), std::move(value));
  bytes_ += bytes;
}

absl::Status EtcdBatch::Finish() {
  if (txn_.request().success_size() > 0) Send();
  return status_;
}

void EtcdBatch::Send() {
  if (status_.ok()) {
    markers_.Guard(txn_);
    etcdserverpb::TxnResponse response;
    bool maybe_made = false;  // not used: no head refers to these keys yet
    status_ = client_.Txn(txn_.request(), response, maybe_made);
    if (status_.ok() && !response.succeeded()) {
      status_ = markers_.Judge(response, 0);
    }
  }
  txn_ = EtcdTxn();
  bytes_ = 0;
}

}  // namespace clockwise
