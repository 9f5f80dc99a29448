// The part of SqliteStore that keeps, restores and removes deleted rings.
//
// A deleted ring is one row of the table `deleted`: the rows of the other
// tables are copied into it as bytes, and written again when it is restored.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/store/backup.h"
#include "service/store/row_digest.h"
#include "service/store/sqlite/sqlite_store.h"
#include "service/store/store_rules.h"

namespace clockwise {
namespace {

absl::Status DeletedRingDamaged(absl::string_view ring) {
  return absl::DataLossError(
      absl::StrCat("deleted ring ", Quoted(ring), " cannot be read"));
}

absl::StatusOr<DeletedRing> ParseDeletion(absl::string_view ring,
                                          absl::string_view bytes) {
  stored::v1::SqliteDeletion deletion;
  if (!deletion.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return DeletedRingDamaged(ring);
  }
  const stored::v1::BackupRing& head = deletion.head();
  return DeletedRing{
      {head.spec(), head.incarnation(), head.epoch(), head.fingerprint()},
      deletion.record()};
}

}  // namespace

absl::Status SqliteStore::InsertDeleted(const Deletion& deletion,
                                        const StoredRing& ring) {
  stored::v1::SqliteDeletion stored;
  stored::v1::BackupRing& head = *stored.mutable_head();
  *head.mutable_spec() = ring.head.spec;
  head.set_incarnation(ring.head.incarnation);
  head.set_epoch(ring.head.epoch);
  head.set_fingerprint(ring.head.fingerprint);
  *stored.mutable_record() = deletion.record;
  const std::string bytes = stored.SerializeAsString();
  std::string content;
  AppendRing(ring, content);
  return queries_[kInsertDeleted].Run(
      deletion.ring, deletion.incarnation, Blob{bytes},
      DeletedDigest(deletion.ring, deletion.incarnation, bytes, content),
      Blob{content});
}

absl::StatusOr<std::vector<DeletedRing>> SqliteStore::ReadDeleted() {
  std::vector<DeletedRing> all;
  Rows rows = queries_[kSelectDeleted].Select();
  auto row = rows.Next();
  for (; row.ok() && *row; row = rows.Next()) {
    auto deleted = ParseDeletion(rows.Bytes(0), rows.Bytes(2));
    if (!deleted.ok()) return deleted.status();
    if (deleted->head.spec.name() != rows.Bytes(0) ||
        deleted->head.incarnation != rows.Number(1)) {
      return DeletedRingDamaged(rows.Bytes(0));
    }
    all.push_back(*std::move(deleted));
  }
  if (!row.ok()) return row.status();
  SortDeleted(all);
  return all;
}

absl::StatusOr<SqliteStore::DeletedRow> SqliteStore::ReadDeletedRing(
    absl::string_view ring, uint64_t incarnation) {
  Rows rows = queries_[kSelectDeletedRing].Select(ring, incarnation);
  const auto found = rows.Next();
  if (!found.ok()) return found.status();
  if (!*found) return DeletedRingNotFound(ring, incarnation);
  // The digest is checked before anything is parsed, as in Read.
  if (DeletedDigest(ring, incarnation, rows.Bytes(0), rows.Bytes(2)) !=
      rows.Number(1)) {
    return absl::DataLossError(absl::StrCat(
        "deleted ring ", Quoted(ring), ": its row does not match its digest"));
  }
  auto deleted = ParseDeletion(ring, rows.Bytes(0));
  if (!deleted.ok()) return deleted.status();
  auto rings = ParseRings(rows.Bytes(2));
  if (!rings.ok()) return rings.status();
  if (rings->size() != 1 || !CheckRing(rings->front()).ok() ||
      rings->front().head.spec.name() != ring) {
    return DeletedRingDamaged(ring);
  }
  return DeletedRow{*std::move(deleted), std::move(rings->front())};
}

absl::Status SqliteStore::CheckDeleted() {
  std::vector<std::pair<std::string, uint64_t>> ids;
  {
    // `deletion` is not parsed before its digest was checked.
    Rows rows = queries_[kSelectDeleted].Select();
    auto row = rows.Next();
    for (; row.ok() && *row; row = rows.Next()) {
      ids.emplace_back(rows.Bytes(0), rows.Number(1));
    }
    if (!row.ok()) return row.status();
  }
  for (const auto& [ring, incarnation] : ids) {
    absl::Status status = ReadDeletedRing(ring, incarnation).status();
    if (!status.ok()) return status;
  }
  return ReadDeleted().status();
}

absl::StatusOr<std::vector<DeletedRing>> SqliteStore::Deleted() {
  MutexLock lock(mu_);
  auto all = ReadDeleted();
  absl::Status status = ReportOutcome(all.status());
  if (!status.ok()) return status;
  return all;
}

absl::StatusOr<StoredRing> SqliteStore::LoadDeleted(absl::string_view ring,
                                                    uint64_t incarnation) {
  MutexLock lock(mu_);
  auto row = ReadDeletedRing(ring, incarnation);
  absl::Status status = ReportOutcome(row.status());
  if (!status.ok()) return status;
  return std::move(row->ring);
}

absl::Status SqliteStore::UndeleteIfOpen(const Commit& commit,
                                         const StillOpen& open) {
  MutexLock lock(mu_);
  if (absl::Status status = CheckOpen(open); !status.ok()) return status;
  return Write([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return WriteUndelete(commit);
  });
}

absl::Status SqliteStore::WriteUndelete(const Commit& commit) {
  Transaction transaction(*database_);
  absl::Status status = transaction.Begin();
  if (!status.ok()) return status;
  const auto present = ReadHead(commit.ring);
  if (present.ok()) return RingExists(commit.ring);
  if (ReasonOf(present.status()) != v1::ERROR_REASON_RING_NOT_FOUND) {
    return present.status();
  }
  auto row = ReadDeletedRing(commit.ring, commit.incarnation);
  if (!row.ok()) return row.status();
  status = CheckFollows(row->ring.head, commit);
  if (!status.ok()) return status;
  if (const uint64_t source = RequiredSource(row->deleted, commit);
      source != 0) {
    const auto from = ReadHead(row->ring.head.spec.migrating_from());
    if (ReasonOf(from.status()) == v1::ERROR_REASON_RING_NOT_FOUND ||
        (from.ok() && from->head.incarnation != source)) {
      return SourceIsGone(row->deleted);
    }
    if (!from.ok()) return from.status();
  }
  status = ApplyTo(row->ring, commit);
  if (status.ok()) status = InsertRing(row->ring);
  if (status.ok()) {
    status = queries_[kDeleteDeleted].Run(commit.ring, commit.incarnation);
  }
  if (!status.ok()) return status;
  return transaction.Commit();
}

absl::Status SqliteStore::Purge(const DeletedRing& ring) {
  MutexLock lock(mu_);
  return Write([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    Transaction transaction(*database_);
    absl::Status status = transaction.Begin();
    if (status.ok()) {
      status = queries_[kDeleteDeleted].Run(ring.head.spec.name(),
                                            ring.head.incarnation);
    }
    return status.ok() ? transaction.Commit() : status;
  });
}

}  // namespace clockwise
