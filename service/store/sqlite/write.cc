// What SqliteStore writes: each change of a ring, in one transaction.
#include <string>

#include "service/api/refusal.h"
#include "service/store/row_digest.h"
#include "service/store/sqlite/sqlite_store.h"
#include "service/store/store_rules.h"

namespace clockwise {

absl::Status SqliteStore::WriteImport(const StoredRing& ring) {
  const RingHead& head = ring.head;
  const std::string& name = head.spec.name();
  Transaction transaction(*database_);
  absl::Status status = transaction.Begin();
  if (!status.ok()) return status;
  const auto stored = ReadHead(name);
  if (stored.ok()) return RingExists(name);
  if (ReasonOf(stored.status()) != v1::ERROR_REASON_RING_NOT_FOUND) {
    return stored.status();
  }
  const std::string spec = head.spec.SerializeAsString();
  uint64_t digest = HeadDigest(head, spec);
  // The others refer to this row; its digest is known last.
  status = queries_[kInsertRing].Run(name, head.incarnation, head.epoch,
                                     head.fingerprint, Blob{spec}, digest);
  for (const v1::Node& node : ring.nodes) {
    if (!status.ok()) return status;
    const std::string bytes = node.SerializeAsString();
    status = queries_[kUpsertNode].Run(name, node.id(), Blob{bytes});
    digest += NodeDigest(node.id(), bytes);
  }
  for (const v1::ChangeRecord& record : ring.history) {
    if (!status.ok()) return status;
    const uint64_t epoch = record.change().epoch();
    const std::string bytes = record.SerializeAsString();
    status = queries_[kInsertChange].Run(name, epoch, Blob{bytes});
    digest += ChangeDigest(epoch, bytes);
  }
  if (status.ok() && !ring.table.empty()) {
    status = InsertTable(name, ring.table, PartitionsOf(head.spec), digest);
  }
  if (status.ok()) {
    status = queries_[kUpdateRing].Run(head.epoch, head.fingerprint, Blob{spec},
                                       digest, name);
  }
  if (!status.ok()) return status;
  return transaction.Commit();
}

absl::Status SqliteStore::WriteDelete(absl::string_view ring,
                                      uint64_t incarnation) {
  Transaction transaction(*database_);
  absl::Status status = transaction.Begin();
  if (!status.ok()) return status;
  const auto stored = ReadHead(ring);
  if (!stored.ok()) return stored.status();
  status = CheckIncarnation(stored->head, incarnation);
  if (!status.ok()) return status;
  status = queries_[kDeleteRing].Run(ring);  // its other rows cascade
  if (!status.ok()) return status;
  return transaction.Commit();
}

absl::Status SqliteStore::WriteCommit(const Commit& commit) {
  Transaction transaction(*database_);
  absl::Status status = transaction.Begin();
  if (!status.ok()) return status;
  auto stored = ReadHead(commit.ring);
  if (!stored.ok()) return stored.status();
  status = CheckFollows(stored->head, commit);
  if (!status.ok()) return status;

  RingHead& head = stored->head;
  uint64_t digest = stored->digest - HeadDigest(head, stored->spec);
  head.epoch = commit.record.change().epoch();
  head.fingerprint = commit.record.change().fingerprint();
  std::string spec = stored->spec;
  if (!commit.record.change().ended_migration_from().empty()) {
    if (!head.spec.ParseFromString(spec)) {
      return absl::DataLossError("its spec cannot be read");
    }
    ApplyToSpec(commit.record.change(), head.spec);
    spec = head.spec.SerializeAsString();
  }
  digest += HeadDigest(head, spec);
  status = WriteNodes(commit, digest);
  if (status.ok()) status = WriteHistory(commit, digest);
  if (status.ok()) status = WritePartitions(commit, spec, digest);
  if (!status.ok()) return status;
  status = queries_[kUpdateRing].Run(head.epoch, head.fingerprint, Blob{spec},
                                     digest, commit.ring);
  if (!status.ok()) return status;
  return transaction.Commit();
}

absl::Status SqliteStore::WriteNodes(const Commit& commit, uint64_t& digest) {
  const v1::Change& change = commit.record.change();
  for (const v1::Node& node : change.upserted()) {
    absl::Status status = TakeNode(commit.ring, node.id(), digest);
    if (!status.ok()) return status;
    const std::string bytes = node.SerializeAsString();
    status = queries_[kUpsertNode].Run(commit.ring, node.id(), Blob{bytes});
    if (!status.ok()) return status;
    digest += NodeDigest(node.id(), bytes);
  }
  for (const std::string& id : change.removed_ids()) {
    absl::Status status = TakeNode(commit.ring, id, digest);
    if (status.ok()) status = queries_[kDeleteNode].Run(commit.ring, id);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// Takes a node that is about to change or go out of the digest.
absl::Status SqliteStore::TakeNode(absl::string_view ring, absl::string_view id,
                                   uint64_t& digest) {
  Rows rows = queries_[kSelectNode].Select(ring, id);
  const auto found = rows.Next();
  if (found.ok() && *found) digest -= NodeDigest(id, rows.Bytes(0));
  return found.status();
}

absl::Status SqliteStore::WriteHistory(const Commit& commit, uint64_t& digest) {
  const uint64_t epoch = commit.record.change().epoch();
  const std::string bytes = commit.record.SerializeAsString();
  absl::Status status =
      queries_[kInsertChange].Run(commit.ring, epoch, Blob{bytes});
  if (!status.ok()) return status;
  digest += ChangeDigest(epoch, bytes);

  const uint64_t dropped = NewestDroppedEpoch(commit);
  {
    Rows rows = queries_[kSelectOldChanges].Select(commit.ring, dropped);
    auto row = rows.Next();
    for (; row.ok() && *row; row = rows.Next()) {
      digest -= ChangeDigest(rows.Number(0), rows.Bytes(1));
    }
    if (!row.ok()) return row.status();
  }
  return queries_[kDeleteOldChanges].Run(commit.ring, dropped);
}

}  // namespace clockwise
