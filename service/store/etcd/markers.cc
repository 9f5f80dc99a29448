#include "service/store/etcd/markers.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "service/api/refusal.h"
#include "service/store/etcd/values.h"

namespace clockwise {
namespace {

constexpr int kMarkerAttempts = 5;

}  // namespace

absl::Status EtcdMarkers::Check() {
  // One range has both keys, because no other key sorts between them. A range
  // is answered even by an etcd without space, which rejects transactions.
  etcdserverpb::RangeRequest request;
  request.set_key(keys_.Format());
  request.set_range_end(keys_.Id() + '\0');
  etcdserverpb::RangeResponse response;
  absl::Status status = client_.Range(request, response);
  if (!status.ok()) return status;
  const mvccpb::KeyValue* format = nullptr;
  const mvccpb::KeyValue* id = nullptr;
  for (const mvccpb::KeyValue& kv : response.kvs()) {
    if (kv.key() == keys_.Format()) format = &kv;
    if (kv.key() == keys_.Id()) id = &kv;
  }
  return CheckFound(format, id);
}

absl::Status EtcdMarkers::CheckFound(const mvccpb::KeyValue* format,
                                     const mvccpb::KeyValue* id) {
  MutexLock lock(mu_);
  last_ = Verdict(format, id);
  if (last_.ok() && id != nullptr) {
    id_ = id->value();
    ensured_ = format != nullptr;
  }
  return last_;
}

absl::Status EtcdMarkers::Verdict(const mvccpb::KeyValue* format,
                                  const mvccpb::KeyValue* id) {
  if (format != nullptr && format->value() != kEtcdFormat) {
    return Refusal(
        v1::ERROR_REASON_STORE_UNAVAILABLE,
        absl::StrCat("etcd: ", keys_.Format(), ": format ",
                     Quoted(format->value()), " is not supported, only ",
                     Quoted(kEtcdFormat),
                     "; use the version of Clockwise that wrote it, or another "
                     "--etcd-prefix"));
  }
  if (id_.empty() ||
      (format != nullptr && id != nullptr && id->value() == id_)) {
    return absl::OkStatus();
  }
  return Refusal(
      v1::ERROR_REASON_STORE_UNAVAILABLE,
      absl::StrCat("etcd: ", keys_.Id(), ": the store has ",
                   id == nullptr ? "no ID" : "ID " + Quoted(id->value()),
                   ", but this server has read the store ", Quoted(id_),
                   "; bring the old store back, or restart all servers to "
                   "accept this one"));
}

absl::Status EtcdMarkers::Ensure() {
  for (int attempt = 0; attempt < kMarkerAttempts; ++attempt) {
    {
      MutexLock lock(mu_);
      if (ensured_ && last_.ok()) return absl::OkStatus();
    }
    absl::Status status = Check();
    if (!status.ok()) return status;
    {
      MutexLock lock(mu_);
      if (ensured_) return absl::OkStatus();
    }
    // At least one marker does not exist. Another server may be faster; then
    // its markers are read.
    EtcdTxn create;
    create.CompareRevision(keys_.Id(), 0);
    create.Put(keys_.Id(), absl::StrFormat("%016x", random_()));
    EtcdTxn first;
    first.CompareRevision(keys_.Format(), 0);
    first.Put(keys_.Format(), std::string(kEtcdFormat));
    for (const EtcdTxn* txn : {&first, &create}) {
      etcdserverpb::TxnResponse response;
      bool maybe_made = false;  // not used: the markers are read afterwards
      status = client_.Txn(txn->request(), response, maybe_made);
      if (!status.ok()) return status;
    }
  }
  return Refusal(
      v1::ERROR_REASON_STORE_UNAVAILABLE,
      absl::StrCat("etcd: ", keys_.Id(), ": the key cannot be created; retry"));
}

void EtcdMarkers::Guard(EtcdTxn& txn) const {
  txn.CompareValue(keys_.Format(), std::string(kEtcdFormat));
  txn.ElseRead(keys_.Format());
  MutexLock lock(mu_);
  txn.CompareValue(keys_.Id(), id_);
  txn.ElseRead(keys_.Id());
}

void EtcdMarkers::Read(EtcdTxn& txn) const {
  txn.Read({keys_.Format(), ""});
  txn.Read({keys_.Id(), ""});
}

absl::Status EtcdMarkers::Judge(const etcdserverpb::TxnResponse& response,
                                int index) {
  return CheckFound(FoundIn(response, index), FoundIn(response, index + 1));
}

absl::Status EtcdMarkers::Last() const {
  MutexLock lock(mu_);
  return last_;
}

}  // namespace clockwise
