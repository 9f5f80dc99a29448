#include "service/store/etcd/markers.h"

#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/store/etcd/values.h"

namespace clockwise {

absl::Status EtcdMarkers::Check() {
  etcdserverpb::RangeRequest request;
  request.set_key(keys_.Format());
  etcdserverpb::RangeResponse response;
  absl::Status status = client_.Range(request, response);
  if (!status.ok()) return status;
  return CheckFormat(response.kvs().empty() ? nullptr : &response.kvs(0));
}

absl::Status EtcdMarkers::CheckFormat(const mvccpb::KeyValue* format) {
  if (format == nullptr || format->value() == kEtcdFormat) {
    return Note(absl::OkStatus());
  }
  return Note(
      Refusal(v1::ERROR_REASON_STORE_UNAVAILABLE,
              absl::StrCat("etcd: ", keys_.Format(), ": format ",
                           Quoted(format->value()), " is not supported, only ",
                           Quoted(kEtcdFormat),
                           "; use the version of Clockwise that wrote it, or "
                           "another --etcd-prefix")));
}

absl::Status EtcdMarkers::Ensure() {
  {
    MutexLock lock(mu_);
    if (ensured_) return absl::OkStatus();
  }
  EtcdTxn txn;
  txn.CompareRevision(keys_.Format(), 0);
  txn.Put(keys_.Format(), std::string(kEtcdFormat));
  txn.ElseRead(keys_.Format());
  etcdserverpb::TxnResponse response;
  bool maybe_made = false;  // not used: two equal attempts have one effect
  absl::Status status = client_.Txn(txn.request(), response, maybe_made);
  if (!status.ok()) return status;
  if (!response.succeeded()) {
    status = CheckFormat(FoundIn(response, 0));
    if (!status.ok()) return status;
  }
  MutexLock lock(mu_);
  ensured_ = true;
  return absl::OkStatus();
}

void EtcdMarkers::Guard(EtcdTxn& txn) const {
  txn.CompareValue(keys_.Format(), std::string(kEtcdFormat));
  txn.ElseRead(keys_.Format());
}

absl::Status EtcdMarkers::Judge(const etcdserverpb::TxnResponse& response,
                                int index) {
  const mvccpb::KeyValue* format = FoundIn(response, index);
  if (format != nullptr) return CheckFormat(format);
  return Note(Refusal(
      v1::ERROR_REASON_STORE_UNAVAILABLE,
      absl::StrCat("etcd: ", keys_.Format(),
                   ": the key is missing, so this is not the store that this "
                   "server has read; restore it, then restart the servers")));
}

absl::Status EtcdMarkers::Last() const {
  MutexLock lock(mu_);
  return last_;
}

absl::Status EtcdMarkers::Note(absl::Status outcome) {
  MutexLock lock(mu_);
  last_ = outcome;
  return outcome;
}

}  // namespace clockwise
