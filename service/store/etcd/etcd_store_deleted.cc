// The part of EtcdStore that reads, restores and removes deleted rings.
//
// A deletion moves the ring's head into the key Kept and leaves the ring's
// other keys in their place. Undelete moves the head back, at the next epoch,
// in one transaction. The key deleted/NAME proves a deletion to other servers;
// Kept is a key of its own, because a new ring with the same name deletes that
// proof.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "service/api/refusal.h"
#include "service/limits.h"
#include "service/store/etcd/etcd_store.h"
#include "service/store/etcd/txn.h"
#include "service/store/etcd/values.h"
#include "service/store/store_rules.h"

namespace clockwise {
namespace {

DeletedRing DeletedIn(const stored::v1::EtcdTombstone& tombstone) {
  return {HeadIn(tombstone.head()), tombstone.record()};
}

}  // namespace

absl::StatusOr<std::vector<DeletedRing>> EtcdStore::Deleted() {
  if (absl::Status status = markers_.Check(); !status.ok()) return status;
  int64_t revision = 0;
  const auto kvs = ReadRange(keys_.AllKept(), revision);
  if (absl::IsOutOfRange(kvs.status())) {  // compacted between two pages
    return Refusal(v1::ERROR_REASON_STORE_UNAVAILABLE, kvs.status().message());
  }
  if (!kvs.ok()) return kvs.status();
  std::vector<DeletedRing> all;
  all.reserve(kvs->size());
  for (const mvccpb::KeyValue& kv : *kvs) {
    stored::v1::EtcdTombstone tombstone;
    if (!tombstone.ParseFromString(kv.value())) {
      return EtcdDamaged(kv.key(), "its deletion cannot be parsed");
    }
    all.push_back(DeletedIn(tombstone));
  }
  SortDeleted(all);
  return all;
}

absl::StatusOr<EtcdStore::Kept> EtcdStore::ReadKept(absl::string_view ring,
                                                    uint64_t incarnation,
                                                    int64_t& revision) {
  const auto kvs = ReadRange({keys_.Kept(ring, incarnation), ""}, revision);
  if (!kvs.ok()) return kvs.status();
  if (kvs->empty()) return DeletedRingNotFound(ring, incarnation);
  Kept kept;
  kept.revision = kvs->front().mod_revision();
  if (!kept.tombstone.ParseFromString(kvs->front().value()) ||
      kept.tombstone.head().spec().name() != ring) {
    return EtcdDamaged(ring, "its deletion cannot be parsed");
  }
  return kept;
}

absl::StatusOr<StoredRing> EtcdStore::LoadDeleted(absl::string_view ring,
                                                  uint64_t incarnation) {
  if (absl::Status status = markers_.Check(); !status.ok()) return status;
  int64_t revision = 0;
  const auto kept = ReadKept(ring, incarnation, revision);
  if (!kept.ok()) return kept.status();
  // The keys of a deleted ring do not change, so this needs no second attempt.
  auto stored = ReadRing(kept->tombstone.head(), revision);
  if (absl::IsOutOfRange(stored.status())) {
    return Refusal(v1::ERROR_REASON_STORE_UNAVAILABLE,
                   stored.status().message());
  }
  return stored;
}

absl::Status EtcdStore::UndeleteIfOpen(const Commit& commit,
                                       const StillOpen& open) {
  if (absl::Status status = markers_.Ensure(); !status.ok()) {
    return WithOutcome(status, /*maybe_made=*/false);
  }
  const uint64_t number = Draw();
  bool maybe_made = false;
  absl::Status status = LostAllRaces(commit.ring);
  for (int attempt = 0; attempt < limits::kMaxCommitAttempts; ++attempt) {
    auto made = UndeleteOnce(commit, number, open, maybe_made);
    if (made.ok() && !*made) continue;
    status = made.status();
    break;
  }
  Forget(commit.ring);
  return WithOutcome(status, maybe_made);
}

absl::StatusOr<bool> EtcdStore::UndeleteOnce(const Commit& commit,
                                             uint64_t number,
                                             const StillOpen& open,
                                             bool& maybe_made) {
  // Phase 1: read that no ring has the name, and the deleted ring.
  int64_t revision = 0;
  const auto present = ReadHead(commit.ring, revision);
  if (present.ok()) {
    if (!maybe_made) return RingExists(commit.ring);
    auto made = WasUndeleted(commit, number, present->head, revision);
    if (!made.ok() || *made) return made;
    return RingExists(commit.ring);
  }
  if (!LostRace(present.status())) return present.status();
  const auto kept = ReadKept(commit.ring, commit.incarnation, revision);
  absl::Status status = kept.status();
  if (status.ok()) {
    status = CheckFollows(HeadIn(kept->tombstone.head()), commit);
  }
  if (maybe_made && LostRace(status)) {
    return Refusal(v1::ERROR_REASON_STORE_UNAVAILABLE,
                   absl::StrCat("ring ", Quoted(commit.ring),
                                " may have been restored, and was deleted by "
                                "another call before etcd confirmed it"));
  }
  // Phase 2: move the head back. The transaction fails if anything has changed
  // since `revision` that this attempt has judged ("Final refusals" in
  // etcd_store_rings.cc).
  EtcdTxn txn;
  if (status.ok()) {
    status = AddSource(DeletedIn(kept->tombstone), commit, revision, txn);
  }
  if (status.ok()) status = CheckOpen(open);
  if (!status.ok()) return status;
  const stored::v1::EtcdHead& before = kept->tombstone.head();
  const stored::v1::EtcdHead head = HeadAfter(before, commit, number);
  const std::string kept_key = keys_.Kept(commit.ring, commit.incarnation);
  txn.CompareRevision(keys_.Head(commit.ring), 0);
  txn.CompareRevision(kept_key, kept->revision);
  txn.CompareUnchanged(keys_.Tombstones(), revision);
  stored::v1::EtcdRecord record;
  record.set_commit(number);
  *record.mutable_record() = commit.record;
  txn.Put(keys_.Change(head.place(), head.epoch()), record.SerializeAsString());
  txn.Put(keys_.Head(commit.ring), head.SerializeAsString());
  txn.Delete({kept_key, ""});
  txn.Delete({keys_.Tombstone(commit.ring), ""});
  if (KeptAfter(head) > KeptAfter(before) && KeptAfter(head) < head.epoch()) {
    txn.Delete(keys_.Changes(head.place(), 0, KeptAfter(head)));
    txn.Delete(keys_.PartsUpTo(head.place(), KeptAfter(head)));
  }
  markers_.Guard(txn);
  // Phase 3: send it. The next attempt finds out the outcome of a compare that
  // failed.
  const auto made = SendAttempt(txn, maybe_made);
  if (made.ok()) return *made;
  status = made.status();
  // etcd may report that it has no space although it has made the change.
  int64_t now = 0;
  if (ReasonOf(status) == v1::ERROR_REASON_STORE_FULL) {
    const auto found = ReadHead(commit.ring, now);
    if (found.ok() && found->head.commit() == number) return true;
  }
  return status;
}

absl::StatusOr<bool> EtcdStore::WasUndeleted(const Commit& commit,
                                             uint64_t number,
                                             const stored::v1::EtcdHead& head,
                                             int64_t revision) {
  if (head.commit() == number) return true;
  const uint64_t epoch = commit.record.change().epoch();
  const auto stored =
      ReadRange({keys_.Change(head.place(), epoch), ""}, revision);
  if (!stored.ok()) return stored.status();
  return !stored->empty() && IsRecordOf(&stored->front(), number);
}

absl::Status EtcdStore::AddSource(const DeletedRing& deleted,
                                  const Commit& commit, int64_t revision,
                                  EtcdTxn& txn) {
  const uint64_t incarnation = RequiredSource(deleted, commit);
  if (incarnation == 0) return absl::OkStatus();
  const std::string& source = deleted.head.spec.migrating_from();
  const auto from = ReadHead(source, revision);
  if (LostRace(from.status()) ||
      (from.ok() && from->head.incarnation() != incarnation)) {
    return SourceIsGone(deleted);
  }
  if (!from.ok()) return from.status();
  txn.CompareExistedSince(keys_.Head(source), revision);
  txn.Put(keys_.Use(source, commit.ring), "");
  return absl::OkStatus();
}

absl::Status EtcdStore::Purge(const DeletedRing& ring) {
  if (absl::Status status = markers_.Ensure(); !status.ok()) return status;
  const std::string& name = ring.head.spec.name();
  int64_t revision = 0;
  const auto kept = ReadKept(name, ring.head.incarnation, revision);
  if (LostRace(kept.status())) return absl::OkStatus();
  if (!kept.ok()) return kept.status();
  const std::string key = keys_.Kept(name, ring.head.incarnation);
  EtcdTxn txn;
  txn.CompareRevision(key, kept->revision);
  txn.Delete({key, ""});
  for (const char* kind : EtcdKeys::kKinds) {
    txn.Delete(keys_.All(kind, kept->tombstone.head().place()));
  }
  markers_.Guard(txn);
  etcdserverpb::TxnResponse response;
  bool maybe_made = false;
  absl::Status status = client_.Txn(txn.request(), response, maybe_made);
  if (!status.ok() || response.succeeded()) return status;
  // Another server has restored or removed the ring.
  return markers_.Judge(response, 0);
}

}  // namespace clockwise
