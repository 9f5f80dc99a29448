// How rings come to be in etcd, whole, and go.
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/limits.h"
#include "service/store/etcd/batch.h"
#include "service/store/etcd/etcd_store.h"
#include "service/store/etcd/txn.h"
#include "service/store/etcd/values.h"
#include "service/store/store_rules.h"

namespace clockwise {

absl::Status EtcdStore::Import(const StoredRing& ring) {
  const std::string& name = ring.head.spec.name();
  int64_t revision = 0;
  auto present = ReadHead(name, revision);
  if (present.ok()) return RingExists(name);
  if (ReasonOf(present.status()) != v1::ERROR_REASON_RING_NOT_FOUND) {
    return present.status();
  }
  v1::EtcdHead head;
  *head.mutable_spec() = ring.head.spec;
  head.set_incarnation(ring.head.incarnation);
  head.set_epoch(ring.head.epoch);
  head.set_fingerprint(ring.head.fingerprint);
  head.set_commit(Draw());
  head.set_place(Draw());
  head.set_generation(Draw());
  head.set_dropped_epoch(ring.head.epoch - ring.history.size());
  head.set_table_epoch(ring.head.epoch);
  EtcdBatch batch(client_);
  PutGeneration(head, ring, batch);
  for (const v1::ChangeRecord& record : ring.history) {
    batch.Put(keys_.Change(head.place(), record.change().epoch()),
              PutRecord(head.place(), record, head.commit(), batch)
                  .SerializeAsString());
  }
  absl::Status status = batch.Finish();
  if (!status.ok()) return status;
  return CreateHead(head);
}

absl::Status EtcdStore::CreateHead(const v1::EtcdHead& head) {
  const std::string& name = head.spec().name();
  EtcdTxn txn;
  txn.CompareRevision(keys_.Head(name), 0);
  txn.Put(keys_.Head(name), head.SerializeAsString());
  txn.Put(keys_.Format(), std::string(kEtcdFormat));
  txn.ElseRead(keys_.Head(name));
  etcdserverpb::TxnResponse response;
  bool maybe_made = false;
  absl::Status status = client_.Txn(txn.request(), response, maybe_made);
  if (ReasonOf(status) == v1::ERROR_REASON_STORE_FULL) {
    int64_t revision = 0;
    auto now = ReadHead(name, revision);
    return now.ok() && now->head.place() == head.place() ? absl::OkStatus()
                                                         : status;
  }
  if (!status.ok()) return status;
  if (response.succeeded()) return absl::OkStatus();
  const mvccpb::KeyValue* found = FoundIn(response, 0);
  v1::EtcdHead stored;
  // At our place: an attempt whose answer was lost, perhaps changed since.
  if (found != nullptr && stored.ParseFromString(found->value()) &&
      stored.place() == head.place()) {
    return absl::OkStatus();
  }
  return RingExists(name);
}

absl::Status EtcdStore::Delete(absl::string_view ring, uint64_t incarnation) {
  bool maybe_made = false;
  for (int attempt = 0; attempt < limits::kMaxCommitAttempts; ++attempt) {
    int64_t revision = 0;
    auto known = ReadHead(ring, revision);
    absl::Status status = known.status();
    if (status.ok())
      status = CheckIncarnation(HeadIn(known->head), incarnation);
    // If an answer was lost, that the ring is no longer there is the answer.
    if (maybe_made && LostRace(status))
      status = absl::OkStatus();
    else if (status.ok()) {
      EtcdTxn txn;
      txn.CompareRevision(keys_.Head(ring), known->revision);
      txn.Delete({keys_.Head(ring), ""});
      txn.Delete({keys_.Turn(ring), ""});
      for (const char* kind : EtcdKeys::kKinds) {
        txn.Delete(keys_.All(kind, known->head.place()));
      }
      etcdserverpb::TxnResponse response;
      bool now_maybe = false;
      status = client_.Txn(txn.request(), response, now_maybe);
      maybe_made = maybe_made || now_maybe;
      if (status.ok() && !response.succeeded()) continue;  // it was changed
      // Also of a deletion etcd may say so, and have made it.
      int64_t now = 0;
      if (ReasonOf(status) == v1::ERROR_REASON_STORE_FULL &&
          LostRace(ReadHead(ring, now).status())) {
        status = absl::OkStatus();
      }
    }
    Forget(ring);
    return status;
  }
  return Refusal(
      v1::ERROR_REASON_EPOCH_CONFLICT,
      absl::StrCat("ring ", Quoted(ring), ": other writers were faster ",
                   limits::kMaxCommitAttempts, " times"));
}

}  // namespace clockwise
