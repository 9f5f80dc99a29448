// The parts of EtcdStore that write and delete whole rings.
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "service/api/refusal.h"
#include "service/limits.h"
#include "service/store/etcd/batch.h"
#include "service/store/etcd/etcd_store.h"
#include "service/store/etcd/parse.h"
#include "service/store/etcd/txn.h"
#include "service/store/etcd/values.h"
#include "service/store/store_rules.h"

namespace clockwise {

absl::Status EtcdStore::Create(const RingHead& head) {
  StoredRing ring;
  ring.head = head;
  return WriteRing(ring, /*is_new=*/true);
}

// A restored ring may migrate from a ring that is restored later, or never.
absl::Status EtcdStore::Import(const StoredRing& ring) {
  return WriteRing(ring, /*is_new=*/false);
}

absl::Status EtcdStore::WriteRing(const StoredRing& ring, bool is_new) {
  // Phase 1: make sure that the store has markers. Then fail early if the
  // ring exists. CreateHead checks it again, so this check only saves the
  // writes of phase 2.
  if (absl::Status status = markers_.Ensure(); !status.ok()) return status;
  const std::string& name = ring.head.spec.name();
  int64_t revision = 0;
  auto present = ReadHead(name, revision);
  if (present.ok()) return RingExists(name);
  if (ReasonOf(present.status()) != v1::ERROR_REASON_RING_NOT_FOUND) {
    return present.status();
  }
  // Phase 2: write all keys of the ring under a new place. No head refers to
  // this place yet, so no reader sees a part of the ring.
  stored::v1::EtcdHead head;
  *head.mutable_spec() = ring.head.spec;
  head.set_incarnation(ring.head.incarnation);
  head.set_epoch(ring.head.epoch);
  head.set_fingerprint(ring.head.fingerprint);
  head.set_commit(Draw());
  head.set_place(Draw());
  head.set_generation(Draw());
  head.set_dropped_epoch(ring.head.epoch - ring.history.size());
  head.set_table_epoch(ring.head.epoch);
  EtcdBatch batch(client_, markers_);
  PutGeneration(head, ring, batch);
  for (const stored::v1::ChangeRecord& record : ring.history) {
    batch.Put(keys_.Change(head.place(), record.change().epoch()),
              PutRecord(head.place(), record, head.commit(), batch)
                  .SerializeAsString());
  }
  absl::Status status = batch.Finish();
  if (!status.ok()) return status;
  // Phase 3: write the head, which makes the whole ring visible at once.
  return CreateHead(head, is_new);
}

// The key Use connects the creation of a ring with the deletion of its source:
// the creation compares that the source exists and writes the key, and the
// deletion compares that no such key was written since it read all heads. Of
// two that run at the same time, etcd executes one first, and the other fails.
absl::Status EtcdStore::CreateHead(const stored::v1::EtcdHead& head,
                                   bool is_new) {
  const std::string& name = head.spec().name();
  EtcdTxn txn;
  txn.CompareRevision(keys_.Head(name), 0);
  txn.Put(keys_.Head(name), head.SerializeAsString());
  txn.Delete({keys_.Tombstone(name), ""});
  txn.ElseRead(keys_.Head(name));
  markers_.Guard(txn);
  const std::string& source = head.spec().migrating_from();
  if (!source.empty()) txn.Put(keys_.Use(source, name), "");
  if (is_new && !source.empty()) txn.CompareExists(keys_.Head(source));
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
  stored::v1::EtcdHead stored;
  // The place is random, so a head with our place is our own: the answer to an
  // earlier attempt was lost. The ring may have changed since.
  if (found != nullptr && stored.ParseFromString(found->value()) &&
      stored.place() == head.place()) {
    return absl::OkStatus();
  }
  status = markers_.Judge(response, 1);
  if (!status.ok()) return status;
  return found != nullptr ? RingExists(name) : RingNotFound(source);
}

// Each attempt reads the head, and deletes all keys of the ring only if the
// head is still at that revision. If another server has changed the ring in
// between, nothing is deleted and the next attempt starts.
absl::Status EtcdStore::Delete(absl::string_view ring, uint64_t incarnation) {
  if (absl::Status status = markers_.Ensure(); !status.ok()) return status;
  bool maybe_made = false;
  for (int attempt = 0; attempt < limits::kMaxCommitAttempts; ++attempt) {
    int64_t revision = 0;
    auto known = ReadHead(ring, revision);
    absl::Status status = known.status();
    if (status.ok())
      status = CheckIncarnation(HeadIn(known->head), incarnation);
    if (status.ok()) status = CheckUnused(ring, revision);
    // After a lost answer, a missing or new ring means that the deletion was
    // made.
    if (maybe_made && LostRace(status))
      status = absl::OkStatus();
    else if (status.ok()) {
      EtcdTxn txn;
      AddDeletion(*known, revision, txn);
      etcdserverpb::TxnResponse response;
      bool now_maybe = false;
      status = client_.Txn(txn.request(), response, now_maybe);
      maybe_made = maybe_made || now_maybe;
      if (status.ok() && !response.succeeded()) {
        status = markers_.Judge(response, 0);
        if (status.ok()) continue;  // the ring was changed
      }
      // etcd may report that it has no space although it has made the deletion.
      int64_t now = 0;
      if (ReasonOf(status) == v1::ERROR_REASON_STORE_FULL &&
          LostRace(ReadHead(ring, now).status())) {
        status = absl::OkStatus();
      }
    }
    Forget(ring);
    if (status.ok()) TrimTombstones();
    return status;
  }
  return LostAllRaces(ring);
}

absl::Status EtcdStore::CheckUnused(absl::string_view ring, int64_t revision) {
  // The heads decide, because rings of older versions have no key Use.
  const auto kvs = ReadRange(keys_.Heads(), revision);
  if (!kvs.ok()) return kvs.status();
  for (const mvccpb::KeyValue& kv : *kvs) {
    const absl::string_view user = keys_.RingOf(kv.key());
    const auto head = ParseEtcdHead(user, kv.value());
    if (!head.ok()) return head.status();
    if (head->spec().migrating_from() == ring) return RingInUse(ring, user);
  }
  return absl::OkStatus();
}

void EtcdStore::AddDeletion(const Known& known, int64_t revision,
                            EtcdTxn& txn) const {
  const std::string& ring = known.head.spec().name();
  txn.CompareRevision(keys_.Head(ring), known.revision);
  txn.CompareUnchanged(keys_.Uses(ring), revision);
  txn.Delete({keys_.Head(ring), ""});
  txn.Delete({keys_.Turn(ring), ""});
  txn.Delete(keys_.Uses(ring));
  const std::string& source = known.head.spec().migrating_from();
  if (!source.empty()) txn.Delete({keys_.Use(source, ring), ""});
  stored::v1::EtcdTombstone tombstone;
  *tombstone.mutable_head() = known.head;
  tombstone.mutable_delete_time()->set_seconds(
      absl::ToUnixSeconds(options_.now()));
  txn.Put(keys_.Tombstone(ring), tombstone.SerializeAsString());
  for (const char* kind : EtcdKeys::kKinds) {
    txn.Delete(keys_.All(kind, known.head.place()));
  }
  markers_.Guard(txn);
}

void EtcdStore::TrimTombstones() {
  const EtcdRange range = keys_.Tombstones();
  etcdserverpb::RangeRequest request;
  request.set_key(range.begin);
  request.set_range_end(range.end);
  request.set_sort_order(etcdserverpb::RangeRequest::ASCEND);
  request.set_sort_target(etcdserverpb::RangeRequest::MOD);
  request.set_limit(1);
  request.set_keys_only(true);
  etcdserverpb::RangeResponse response;
  // One deletion adds at most one tombstone, so removing one is enough.
  if (!client_.Range(request, response).ok() || response.kvs().empty() ||
      response.count() <= limits::kMaxEtcdTombstones) {
    return;
  }
  EtcdTxn txn;
  txn.CompareRevision(response.kvs(0).key(), response.kvs(0).mod_revision());
  txn.Delete({response.kvs(0).key(), ""});
  markers_.Guard(txn);
  etcdserverpb::TxnResponse outcome;
  bool maybe_made = false;
  client_.Txn(txn.request(), outcome, maybe_made).IgnoreError();
}

absl::Status EtcdStore::ConfirmDeleted(absl::string_view ring) {
  // Both keys are read at one revision. A store that is not ours fails the
  // check of the markers, or its answers are rejected by the client.
  if (absl::Status status = markers_.Check(); !status.ok()) return status;
  int64_t revision = 0;
  const auto head = ReadHead(ring, revision);
  if (head.ok()) {
    return Refusal(v1::ERROR_REASON_EPOCH_CONFLICT,
                   absl::StrCat("ring ", Quoted(ring),
                                ": another server created it again; retry"));
  }
  if (!LostRace(head.status())) return head.status();
  const auto kvs = ReadRange({keys_.Tombstone(ring), ""}, revision);
  if (!kvs.ok() && !absl::IsOutOfRange(kvs.status())) return kvs.status();
  stored::v1::EtcdTombstone tombstone;
  MutexLock lock(mu_);
  if (kvs.ok() && !kvs->empty() &&
      tombstone.ParseFromString(kvs->front().value())) {
    missing_.erase(std::string(ring));
    return absl::OkStatus();
  }
  absl::Status lost = Refusal(
      v1::ERROR_REASON_STORE_UNAVAILABLE,
      absl::StrCat("etcd: ring ", Quoted(ring), " is missing, and the key ",
                   keys_.Tombstone(ring),
                   " of a deletion is missing too: the store has lost data; "
                   "restore it, or restart all servers to accept it"));
  missing_[std::string(ring)] = lost;
  return lost;
}

}  // namespace clockwise
