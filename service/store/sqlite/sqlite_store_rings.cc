// The parts of SqliteStore that write and delete whole rings.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/ring/partition_moves.h"
#include "service/store/row_digest.h"
#include "service/store/sqlite/sqlite_store.h"
#include "service/store/store_rules.h"

namespace clockwise {

absl::Status SqliteStore::CreateIfOpen(const StoredRing& ring,
                                       const StillOpen& open) {
  MutexLock lock(mu_);
  if (absl::Status status = CheckOpen(open); !status.ok()) return status;
  return Write([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return WriteImport(ring, /*is_new=*/true);
  });
}

absl::Status SqliteStore::Import(const StoredRing& ring) {
  MutexLock lock(mu_);
  return Write([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return WriteImport(ring, /*is_new=*/false);
  });
}

absl::Status SqliteStore::DeleteIfOpen(const Deletion& deletion,
                                       const StillOpen& open) {
  MutexLock lock(mu_);
  if (absl::Status status = CheckOpen(open); !status.ok()) return status;
  return Write([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return WriteDelete(deletion);
  });
}

absl::Status SqliteStore::WriteImport(const StoredRing& ring, bool is_new) {
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
  const std::string& from = head.spec.migrating_from();
  if (is_new && !from.empty()) {
    if (const auto source = ReadHead(from); !source.ok()) {
      return source.status();
    }
  }
  status = InsertRing(ring);
  if (!status.ok()) return status;
  return transaction.Commit();
}

absl::Status SqliteStore::InsertRing(const StoredRing& ring) {
  const RingHead& head = ring.head;
  const std::string& name = head.spec.name();
  const std::string spec = head.spec.SerializeAsString();
  uint64_t digest = HeadDigest(head, spec);
  // The other rows refer to this row. Its digest is only known at the end, and
  // written then.
  absl::Status status = queries_[kInsertRing].Run(
      name, head.incarnation, head.epoch, head.fingerprint, Blob{spec}, digest);
  for (const v1::Node& node : ring.nodes) {
    if (!status.ok()) return status;
    const std::string bytes = node.SerializeAsString();
    status = queries_[kUpsertNode].Run(name, node.id(), Blob{bytes});
    digest += NodeDigest(node.id(), bytes);
  }
  for (const stored::v1::ChangeRecord& record : ring.history) {
    if (!status.ok()) return status;
    const uint64_t epoch = record.change().epoch();
    const std::string bytes = record.SerializeAsString();
    status = queries_[kInsertChange].Run(name, epoch, Blob{bytes});
    digest += ChangeDigest(epoch, bytes);
  }
  if (status.ok() && !ring.table.empty()) {
    status = InsertTable(name, ring.table, PartitionsOf(head.spec), digest);
  }
  if (!status.ok()) return status;
  return queries_[kUpdateRing].Run(head.epoch, head.fingerprint, Blob{spec},
                                   digest, name);
}

absl::Status SqliteStore::WriteDelete(const Deletion& deletion) {
  const std::string& ring = deletion.ring;
  Transaction transaction(*database_);
  absl::Status status = transaction.Begin();
  if (!status.ok()) return status;
  const auto stored = ReadHead(ring);
  if (!stored.ok()) return stored.status();
  status = CheckDeletable(stored->head, deletion);
  if (status.ok()) status = CheckUnused(ring);
  if (!status.ok()) return status;
  absl::StatusOr<StoredRing> whole = StoredRing();
  if (deletion.keeps()) whole = Read(ring);
  if (!whole.ok()) return whole.status();
  // The rows are deleted first, so that a file without space can use theirs.
  status = queries_[kDeleteRing].Run(ring);  // deletes its other rows too
  if (status.ok() && deletion.keeps()) status = InsertDeleted(deletion, *whole);
  if (!status.ok()) return status;
  return transaction.Commit();
}

absl::Status SqliteStore::CheckUnused(absl::string_view ring) {
  const auto names = ReadNames();
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) {
    auto row = ReadHead(name);
    if (!row.ok()) return row.status();
    if (!row->head.spec.ParseFromString(row->spec)) {
      return absl::DataLossError(
          absl::StrCat("ring ", Quoted(name), ": its spec cannot be read"));
    }
    if (row->head.spec.migrating_from() == ring) return RingInUse(ring, name);
  }
  return absl::OkStatus();
}

}  // namespace clockwise
