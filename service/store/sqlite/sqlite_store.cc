#include "service/store/sqlite/sqlite_store.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/store/row_digest.h"
#include "service/store/sqlite/file.h"
#include "service/store/store_rules.h"

namespace clockwise {

// In the order of Query. Text is compared by its bytes (SQLite's default), as
// the order of nodes by id wants it.
const absl::string_view SqliteStore::kSql[kQueries] = {
    "SELECT name FROM rings ORDER BY name",
    ("SELECT incarnation, epoch, fingerprint, spec, digest FROM rings "
     "WHERE name = ?"),
    "INSERT INTO rings VALUES (?, ?, ?, ?, ?, ?)",
    ("UPDATE rings SET epoch = ?, fingerprint = ?, spec = ?, digest = ? "
     "WHERE name = ?"),
    "DELETE FROM rings WHERE name = ?",
    "SELECT id, node FROM nodes WHERE ring = ? ORDER BY id",
    "SELECT node FROM nodes WHERE ring = ? AND id = ?",
    ("INSERT INTO nodes VALUES (?, ?, ?) "
     "ON CONFLICT DO UPDATE SET node = excluded.node"),
    "DELETE FROM nodes WHERE ring = ? AND id = ?",
    "SELECT epoch, record FROM changes WHERE ring = ? ORDER BY epoch",
    "SELECT epoch, record FROM changes WHERE ring = ? AND epoch <= ?",
    "INSERT INTO changes VALUES (?, ?, ?)",
    "DELETE FROM changes WHERE ring = ? AND epoch <= ?",
    "SELECT number, owners FROM partitions WHERE ring = ? ORDER BY number",
    "SELECT owners FROM partitions WHERE ring = ? AND number = ?",
    ("INSERT INTO partitions VALUES (?, ?, ?) "
     "ON CONFLICT DO UPDATE SET owners = excluded.owners"),
    "DELETE FROM partitions WHERE ring = ?",
};

SqliteStore::~SqliteStore() {
  MutexLock lock(mu_);
  queries_.clear();  // before the connection they belong to
}

absl::StatusOr<std::vector<StoredRing>> SqliteStore::LoadAll() {
  MutexLock lock(mu_);
  auto rings = ReadAll();
  absl::Status status = Answer(rings.status());
  if (!status.ok()) return status;
  return rings;
}

absl::StatusOr<StoredRing> SqliteStore::Load(absl::string_view ring) {
  MutexLock lock(mu_);
  auto stored = Read(ring);
  absl::Status status = Answer(stored.status());
  if (!status.ok()) return status;
  return stored;
}

absl::StatusOr<RingHead> SqliteStore::Head(absl::string_view ring) {
  MutexLock lock(mu_);
  auto row = ReadHead(ring);
  absl::Status status = row.status();
  if (status.ok() && !row->head.spec.ParseFromString(row->spec)) {
    status = absl::DataLossError("its spec cannot be read");
  }
  status = Answer(status);
  if (!status.ok()) return status;
  return row->head;
}

absl::Status SqliteStore::Import(const StoredRing& ring) {
  MutexLock lock(mu_);
  return Answer(WriteImport(ring));
}

absl::Status SqliteStore::Delete(absl::string_view ring, uint64_t incarnation) {
  MutexLock lock(mu_);
  return Answer(WriteDelete(ring, incarnation));
}

absl::Status SqliteStore::Apply(const Commit& commit) {
  MutexLock lock(mu_);
  return Answer(WriteCommit(commit));
}

absl::Status SqliteStore::Answer(absl::Status status) {
  if (absl::IsDataLoss(status)) {
    status = Refusal(v1::ERROR_REASON_STORE_UNAVAILABLE,
                     Damaged(database_->path(), status.message()).message());
  }
  const v1::ErrorReason reason = ReasonOf(status);
  // A refusal by rule is an answer: the file was reached.
  up_ = reason != v1::ERROR_REASON_STORE_UNAVAILABLE &&
        reason != v1::ERROR_REASON_STORE_FULL;
  return status;
}

absl::StatusOr<std::vector<StoredRing>> SqliteStore::ReadAll() {
  std::vector<std::string> names;
  {
    Rows rows = queries_[kSelectRings].Select();
    auto row = rows.Next();
    for (; row.ok() && *row; row = rows.Next()) {
      names.emplace_back(rows.Bytes(0));
    }
    if (!row.ok()) return row.status();
  }
  std::vector<StoredRing> all;
  all.reserve(names.size());
  for (const std::string& name : names) {
    auto ring = Read(name);
    if (!ring.ok()) return ring.status();
    all.push_back(*std::move(ring));
  }
  return all;
}

absl::StatusOr<StoredRing> SqliteStore::Read(absl::string_view name) {
  auto row = ReadHead(name);
  if (!row.ok()) return row.status();
  StoredRing ring;
  ring.head = row->head;
  // Before anything is parsed: of bytes that are none of ours, protobuf would
  // complain on standard error, line by line.
  absl::Status status = CheckDigest(*row);
  if (status.ok() && (!ring.head.spec.ParseFromString(row->spec) ||
                      ring.head.spec.name() != name)) {
    status = absl::DataLossError("its spec cannot be read");
  }
  if (status.ok()) status = ReadNodes(ring);
  if (status.ok()) status = ReadHistory(ring);
  if (status.ok()) status = ReadTable(ring);
  if (status.ok()) status = CheckRing(ring);
  if (absl::IsDataLoss(status)) {
    return absl::DataLossError(
        absl::StrCat("ring ", Quoted(name), ": ", status.message()));
  }
  if (!status.ok()) return status;
  return ring;
}

absl::StatusOr<SqliteStore::HeadRow> SqliteStore::ReadHead(
    absl::string_view ring) {
  Rows rows = queries_[kSelectRing].Select(ring);
  auto found = rows.Next();
  if (!found.ok()) return found.status();
  if (!*found) return RingNotFound(ring);
  HeadRow row;
  row.head.spec.set_name(std::string(ring));
  row.head.incarnation = rows.Number(0);
  row.head.epoch = rows.Number(1);
  row.head.fingerprint = rows.Number(2);
  row.spec = std::string(rows.Bytes(3));
  row.digest = rows.Number(4);
  return row;
}

absl::Status SqliteStore::CheckDigest(const HeadRow& row) {
  const std::string& name = row.head.spec.name();
  uint64_t digest = HeadDigest(row.head, row.spec);
  {
    Rows rows = queries_[kSelectNodes].Select(name);
    auto node = rows.Next();
    for (; node.ok() && *node; node = rows.Next()) {
      digest += NodeDigest(rows.Bytes(0), rows.Bytes(1));
    }
    if (!node.ok()) return node.status();
  }
  {
    Rows rows = queries_[kSelectChanges].Select(name);
    auto change = rows.Next();
    for (; change.ok() && *change; change = rows.Next()) {
      digest += ChangeDigest(rows.Number(0), rows.Bytes(1));
    }
    if (!change.ok()) return change.status();
  }
  absl::Status status =
      VisitPartitions(name, [&](uint64_t number, absl::string_view owners) {
        digest += PartitionsDigest(number, owners);
      });
  if (!status.ok()) return status;
  if (digest == row.digest) return absl::OkStatus();
  return absl::DataLossError("its rows do not match their digest");
}

absl::Status SqliteStore::ReadNodes(StoredRing& ring) {
  Rows rows = queries_[kSelectNodes].Select(ring.head.spec.name());
  auto row = rows.Next();
  for (; row.ok() && *row; row = rows.Next()) {
    const absl::string_view id = rows.Bytes(0);
    const absl::string_view bytes = rows.Bytes(1);
    v1::Node& node = ring.nodes.emplace_back();
    if (!node.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
        node.id() != id) {
      return absl::DataLossError(
          absl::StrCat("node ", Quoted(id), " cannot be read"));
    }
  }
  return row.status();
}

absl::Status SqliteStore::ReadHistory(StoredRing& ring) {
  Rows rows = queries_[kSelectChanges].Select(ring.head.spec.name());
  auto row = rows.Next();
  for (; row.ok() && *row; row = rows.Next()) {
    const uint64_t epoch = rows.Number(0);
    const absl::string_view bytes = rows.Bytes(1);
    v1::ChangeRecord& record = ring.history.emplace_back();
    if (!record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
        record.change().epoch() != epoch) {
      return absl::DataLossError(
          absl::StrCat("the change of epoch ", epoch, " cannot be read"));
    }
  }
  return row.status();
}

}  // namespace clockwise
