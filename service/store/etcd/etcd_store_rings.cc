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

// --- Final refusals ---
//
// A creation or deletion may arrive at etcd long after its call has ended, and
// after another server has refused the same request. It must fail then. So each
// attempt reads a revision R first, and then checks that the call is open. Its
// transaction fails if anything has changed since R that another server may
// have refused for:
// - A creation: no ring was deleted since R, so the ring's name was never in
//   use since R. The source of its migration has existed since R.
// - A deletion: the head is still the one at R. No migration from the ring
//   began or ended since R.
// DECISIONS.md, "Rings are created and deleted on the state that was judged".

absl::Status EtcdStore::CreateIfOpen(const StoredRing& ring,
                                     const StillOpen& open) {
  return WriteRing(ring, /*is_new=*/true, open);
}

// A restored ring may migrate from a ring that is restored later, or never.
absl::Status EtcdStore::Import(const StoredRing& ring) {
  return WriteRing(ring, /*is_new=*/false, nullptr);
}

absl::Status EtcdStore::WriteRing(const StoredRing& ring, bool is_new,
                                  const StillOpen& open) {
  if (absl::Status status = markers_.Ensure(); !status.ok()) {
    return WithOutcome(status, /*maybe_made=*/false);
  }
  const std::string& name = ring.head.spec.name();
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
  for (int attempt = 0; attempt < limits::kMaxCommitAttempts; ++attempt) {
    // Phase 1: read that the ring does not exist.
    int64_t revision = 0;
    auto present = ReadHead(name, revision);
    if (present.ok()) return RingExists(name);
    if (ReasonOf(present.status()) != v1::ERROR_REASON_RING_NOT_FOUND) {
      return WithOutcome(present.status(), /*maybe_made=*/false);
    }
    absl::Status status = CheckOpen(open);
    if (!status.ok()) return status;
    // Phase 2: write all keys of the ring under a new place. No head refers to
    // this place yet, so no reader sees a part of the ring.
    if (attempt == 0) status = PutRing(head, ring);
    if (!status.ok()) return WithOutcome(status, /*maybe_made=*/false);
    // Phase 3: write the head, which makes the whole ring visible at once.
    auto made = CreateHead(head, is_new, revision);
    if (made.ok() && *made) return absl::OkStatus();
    if (made.ok()) continue;
    // The ring was not created, so no head will ever refer to its other keys.
    if (absl::IsAlreadyExists(made.status()) ||
        absl::IsNotFound(made.status())) {
      DropPlace(head.place());
    }
    return made.status();
  }
  DropPlace(head.place());
  return LostAllRaces(name);
}

void EtcdStore::DropPlace(uint64_t place) {
  EtcdTxn txn;
  for (const char* kind : EtcdKeys::kKinds) {
    txn.Delete(keys_.All(kind, place));
  }
  markers_.Guard(txn);
  etcdserverpb::TxnResponse response;
  bool maybe_made = false;
  client_.Txn(txn.request(), response, maybe_made).IgnoreError();
}

absl::Status EtcdStore::PutRing(const stored::v1::EtcdHead& head,
                                const StoredRing& ring) {
  EtcdBatch batch(client_, markers_);
  PutGeneration(head, ring, batch);
  for (const stored::v1::ChangeRecord& record : ring.history) {
    batch.Put(keys_.Change(head.place(), record.change().epoch()),
              PutRecord(head.place(), record, head.commit(), batch)
                  .SerializeAsString());
  }
  return batch.Finish();
}

// The key Use connects the creation of a ring with the deletion of its source:
// the creation compares that the source exists and writes the key, and the
// deletion compares that no such key was written since it read all heads. Of
// two that run at the same time, etcd executes one first, and the other fails.
absl::StatusOr<bool> EtcdStore::CreateHead(const stored::v1::EtcdHead& head,
                                           bool is_new, int64_t revision) {
  const std::string& name = head.spec().name();
  const std::string& source = head.spec().migrating_from();
  EtcdTxn txn;
  txn.CompareRevision(keys_.Head(name), 0);
  // All tombstones, because the one of this ring may have been trimmed.
  txn.CompareUnchanged(keys_.Tombstones(), revision);
  txn.Put(keys_.Head(name), head.SerializeAsString());
  txn.Delete({keys_.Tombstone(name), ""});
  if (!source.empty()) txn.Put(keys_.Use(source, name), "");
  if (is_new && !source.empty()) {
    txn.CompareExistedSince(keys_.Head(source), revision);
  }
  txn.ElseRead(keys_.Head(name));
  txn.ElseRead(keys_.Tombstone(name));
  txn.ElseRead(keys_.Head(source));
  markers_.Guard(txn);
  etcdserverpb::TxnResponse response;
  bool maybe_made = false;
  absl::Status status =
      WithOutcome(client_.Txn(txn.request(), response, maybe_made), maybe_made);
  if (ReasonOf(status) == v1::ERROR_REASON_STORE_FULL) {
    int64_t newest = 0;
    auto now = ReadHead(name, newest);
    if (now.ok() && now->head.place() == head.place()) return true;
    return status;
  }
  if (!status.ok()) return status;
  if (response.succeeded()) return true;
  return JudgeCreation(head, is_new, response);
}

namespace {

// CreateHead adds three reads before those of Guard, for the case that a
// compare fails.
constexpr int kCreationReads = 3;

}  // namespace

absl::StatusOr<bool> EtcdStore::JudgeCreation(
    const stored::v1::EtcdHead& head, bool is_new,
    const etcdserverpb::TxnResponse& response) {
  const std::string& name = head.spec().name();
  const std::string& source = head.spec().migrating_from();
  // The place is random, so a head with our place is our own: the answer to an
  // earlier attempt was lost. The ring may have changed since.
  const mvccpb::KeyValue* found = FoundIn(response, 0);
  stored::v1::EtcdHead stored;
  if (found != nullptr && stored.ParseFromString(found->value()) &&
      stored.place() == head.place()) {
    return true;
  }
  absl::Status status = markers_.Judge(response, kCreationReads);
  if (!status.ok()) return status;
  if (found != nullptr) return RingExists(name);
  const mvccpb::KeyValue* deleted = FoundIn(response, 1);
  stored::v1::EtcdTombstone tombstone;
  if (deleted != nullptr && tombstone.ParseFromString(deleted->value()) &&
      tombstone.head().place() == head.place()) {
    return Refusal(v1::ERROR_REASON_STORE_UNAVAILABLE,
                   absl::StrCat("ring ", Quoted(name),
                                " was created, and then deleted by another "
                                "call before etcd confirmed the creation"));
  }
  if (is_new && !source.empty() && FoundIn(response, 2) == nullptr) {
    return RingNotFound(source);
  }
  return false;
}

absl::Status EtcdStore::DeleteIfOpen(const Deletion& deletion,
                                     const StillOpen& open) {
  if (absl::Status status = markers_.Ensure(); !status.ok()) {
    return WithOutcome(status, /*maybe_made=*/false);
  }
  bool maybe_made = false;
  absl::Status status = LostAllRaces(deletion.ring);
  for (int attempt = 0; attempt < limits::kMaxCommitAttempts; ++attempt) {
    auto made = DeleteOnce(deletion, open, maybe_made);
    if (made.ok() && !*made) continue;
    status = WithOutcome(made.status(), maybe_made);
    break;
  }
  Forget(deletion.ring);
  if (status.ok()) TrimTombstones();
  return status;
}

absl::StatusOr<bool> EtcdStore::SendAttempt(const EtcdTxn& txn,
                                            bool& maybe_made) {
  etcdserverpb::TxnResponse response;
  bool now_maybe = false;
  absl::Status status = client_.Txn(txn.request(), response, now_maybe);
  maybe_made = maybe_made || now_maybe;
  if (status.ok() && response.succeeded()) return true;
  if (status.ok()) status = markers_.Judge(response, 0);
  if (status.ok()) return false;
  return status;
}

absl::StatusOr<bool> EtcdStore::DeleteOnce(const Deletion& deletion,
                                           const StillOpen& open,
                                           bool& maybe_made) {
  const std::string& ring = deletion.ring;
  int64_t revision = 0;
  auto known = ReadHead(ring, revision);
  absl::Status status = known.status();
  if (status.ok()) status = CheckDeletable(HeadIn(known->head), deletion);
  if (status.ok()) status = CheckUnused(ring, revision);
  // After a lost answer, a missing, new or restored ring means that the
  // deletion was made.
  if (maybe_made && LostRace(status)) return true;
  if (status.ok()) status = CheckOpen(open);
  if (!status.ok()) return status;
  EtcdTxn txn;
  AddDeletion(*known, revision, deletion, txn);
  const auto made = SendAttempt(txn, maybe_made);
  if (made.ok()) return *made;
  status = made.status();
  // etcd may report that it has no space although it has made the deletion.
  int64_t now = 0;
  if (ReasonOf(status) == v1::ERROR_REASON_STORE_FULL &&
      LostRace(ReadHead(ring, now).status())) {
    return true;
  }
  return status;
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
                            const Deletion& deletion, EtcdTxn& txn) const {
  const std::string& ring = known.head.spec().name();
  txn.CompareRevision(keys_.Head(ring), known.revision);
  txn.CompareUnchanged(keys_.Uses(ring), revision);
  txn.Delete({keys_.Head(ring), ""});
  txn.Delete({keys_.Turn(ring), ""});
  txn.Delete(keys_.Uses(ring));
  const std::string& source = known.head.spec().migrating_from();
  if (!source.empty()) EndUse(source, ring, txn);
  stored::v1::EtcdTombstone tombstone;
  *tombstone.mutable_head() = known.head;
  tombstone.mutable_delete_time()->set_seconds(
      absl::ToUnixSeconds(options_.now()));
  tombstone.set_data_kept(deletion.keeps());
  *tombstone.mutable_record() = deletion.record;
  const std::string value = tombstone.SerializeAsString();
  txn.Put(keys_.Tombstone(ring), value);
  if (deletion.keeps()) {
    txn.Put(keys_.Kept(ring, known.head.incarnation()), value);
  } else {
    for (const char* kind : EtcdKeys::kKinds) {
      txn.Delete(keys_.All(kind, known.head.place()));
    }
  }
  markers_.Guard(txn);
}

// The key UseEnd keeps the revision of the last end. Without it, nothing of a
// migration that has begun and ended would be left to compare.
void EtcdStore::EndUse(const std::string& source, const std::string& ring,
                       EtcdTxn& txn) const {
  txn.Delete({keys_.Use(source, ring), ""});
  txn.Put(keys_.UseEnd(source), "");
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
