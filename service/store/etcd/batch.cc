#include "service/store/etcd/batch.h"

#include <utility>

#include "service/limits.h"

namespace clockwise {

void EtcdBatch::Put(std::string key, std::string value) {
  const size_t bytes = key.size() + value.size();
  if (static_cast<size_t>(txn_.success_size()) ==
          limits::kEtcdRequestOperations ||
      (bytes_ > 0 && bytes_ + bytes > limits::kEtcdRequestBytes)) {
    Send();
  }
  auto* put = txn_.add_success()->mutable_request_put();
  put->set_key(std::move(key));
  put->set_value(std::move(value));
  bytes_ += bytes;
}

absl::Status EtcdBatch::Finish() {
  if (txn_.success_size() > 0) Send();
  return status_;
}

void EtcdBatch::Send() {
  if (status_.ok()) {
    etcdserverpb::TxnResponse response;
    bool maybe_made = false;  // not used: no head refers to these keys yet
    status_ = client_.Txn(txn_, response, maybe_made);
  }
  txn_.Clear();
  bytes_ = 0;
}

}  // namespace clockwise
