#include "service/store/sqlite/sqlite_store.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/ring/partition_moves.h"
#include "service/store/record_upgrade.h"
#include "service/store/row_digest.h"
#include "service/store/sqlite/file.h"
#include "service/store/sqlite/schema.h"
#include "service/store/store_rules.h"

namespace clockwise {
// The statements in the order of Query. By default, SQLite compares text by its
// bytes, which is the order of nodes by ID.
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
    "SELECT ring, incarnation, deletion FROM deleted",
    ("SELECT deletion, digest, content FROM deleted WHERE ring = ? AND "
     "incarnation = ?"),
    "INSERT OR REPLACE INTO deleted VALUES (?, ?, ?, ?, ?)",
    "DELETE FROM deleted WHERE ring = ? AND incarnation = ?",
};

SqliteStore::~SqliteStore() {
  MutexLock lock(mu_);
  queries_.clear();  // before their connection
}

absl::StatusOr<std::vector<StoredRing>> SqliteStore::LoadAll() {
  MutexLock lock(mu_);
  auto rings = ReadAll();
  absl::Status status = ReportOutcome(rings.status());
  if (!status.ok()) return status;
  return rings;
}

absl::StatusOr<StoredRing> SqliteStore::Load(absl::string_view ring) {
  MutexLock lock(mu_);
  auto stored = Read(ring);
  absl::Status status = ReportOutcome(stored.status());
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
  status = ReportOutcome(status);
  if (!status.ok()) return status;
  return row->head;
}

absl::Status SqliteStore::Apply(const Commit& commit) {
  MutexLock lock(mu_);
  return Write(
      [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return WriteCommit(commit); });
}

absl::Status SqliteStore::ReportOutcome(absl::Status status) {
  if (absl::IsDataLoss(status)) {
    status = Refusal(v1::ERROR_REASON_STORE_UNAVAILABLE,
                     Damaged(database_->path(), status.message()).message());
  }
  const v1::ErrorReason reason = ReasonOf(status);
  // Other errors, such as EPOCH_CONFLICT or STORE_FULL, mean that the file
  // could be read.
  up_ = reason != v1::ERROR_REASON_STORE_UNAVAILABLE;
  return status;
}

absl::StatusOr<std::vector<std::string>> SqliteStore::ReadNames() {
  std::vector<std::string> names;
  Rows rows = queries_[kSelectRings].Select();
  auto row = rows.Next();
  for (; row.ok() && *row; row = rows.Next()) names.emplace_back(rows.Bytes(0));
  if (!row.ok()) return row.status();
  return names;
}

absl::StatusOr<std::vector<StoredRing>> SqliteStore::ReadAll() {
  const auto names = ReadNames();
  if (!names.ok()) return names.status();
  std::vector<StoredRing> all;
  all.reserve(names->size());
  for (const std::string& name : *names) {
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
  // The digest is checked before anything is parsed, because protobuf writes
  // errors about foreign bytes to standard error.
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
    stored::v1::ChangeRecord& record = ring.history.emplace_back();
    if (!record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
        !UpgradeRecord(record) || record.change().epoch() != epoch) {
      return absl::DataLossError(
          absl::StrCat("the change of epoch ", epoch, " cannot be read"));
    }
  }
  return row.status();
}

// --- Writing ---

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

// Subtracts a node that will be changed or removed from the digest.
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

// --- Tables of PARTITIONED rings ---

namespace {

static_assert(std::endian::native == std::endian::little,
              "ordinals are stored in little-endian order");

absl::string_view BytesOf(const uint32_t* ordinals, size_t count) {
  return {reinterpret_cast<const char*>(ordinals), count * sizeof(uint32_t)};
}

OrdinalTable OrdinalsIn(absl::string_view bytes) {
  OrdinalTable ordinals(bytes.size() / sizeof(uint32_t));
  std::memcpy(ordinals.data(), bytes.data(),
              ordinals.size() * sizeof(uint32_t));
  return ordinals;
}

}  // namespace

absl::Status SqliteStore::VisitPartitions(
    absl::string_view ring,
    absl::FunctionRef<void(uint64_t number, absl::string_view owners)> each) {
  Rows rows = queries_[kSelectPartitions].Select(ring);
  auto row = rows.Next();
  for (; row.ok() && *row; row = rows.Next()) {
    each(rows.Number(0), rows.Bytes(1));
  }
  return row.status();
}

absl::Status SqliteStore::ReadTable(StoredRing& ring) {
  return VisitPartitions(
      ring.head.spec.name(), [&](uint64_t, absl::string_view owners) {
        const OrdinalTable part = OrdinalsIn(owners);
        ring.table.insert(ring.table.end(), part.begin(), part.end());
      });
}

absl::Status SqliteStore::WritePartitions(const Commit& commit,
                                          const std::string& spec,
                                          uint64_t& digest) {
  const stored::v1::PartitionMoves& moves = commit.record.partitions();
  if (moves.partitions().empty()) return absl::OkStatus();
  v1::RingSpec parsed;
  if (!parsed.ParseFromString(spec)) {
    return absl::DataLossError("its spec cannot be read");
  }
  const size_t partitions = PartitionsOf(parsed);
  const auto width = WidthOf(moves, Direction::kForward, partitions);
  if (!width.ok()) return width.status();
  // If all partitions move, the number of owners may change too.
  return static_cast<size_t>(moves.partitions_size()) == partitions
             ? ReplacePartitions(commit, digest)
             : MovePartitions(commit, std::min(partitions, kPartitionsPerRow),
                              *width, digest);
}

absl::Status SqliteStore::ReplacePartitions(const Commit& commit,
                                            uint64_t& digest) {
  absl::Status status = VisitPartitions(
      commit.ring, [&](uint64_t number, absl::string_view owners) {
        digest -= PartitionsDigest(number, owners);
      });
  if (!status.ok()) return status;
  status = queries_[kDeletePartitions].Run(commit.ring);
  if (!status.ok()) return status;
  const stored::v1::PartitionMoves& moves = commit.record.partitions();
  return InsertTable(
      commit.ring,
      {moves.after().data(), static_cast<size_t>(moves.after_size())},
      static_cast<size_t>(moves.partitions_size()), digest);
}

absl::Status SqliteStore::InsertTable(absl::string_view ring,
                                      std::span<const uint32_t> owners,
                                      size_t partitions, uint64_t& digest) {
  const size_t per_row = kPartitionsPerRow * (owners.size() / partitions);
  for (size_t first = 0; first < owners.size(); first += per_row) {
    const absl::string_view bytes = BytesOf(
        owners.data() + first, std::min(per_row, owners.size() - first));
    absl::Status status =
        queries_[kUpsertPartitions].Run(ring, first / per_row, Blob{bytes});
    if (!status.ok()) return status;
    digest += PartitionsDigest(first / per_row, bytes);
  }
  return absl::OkStatus();
}

absl::Status SqliteStore::MovePartitions(const Commit& commit,
                                         size_t partitions_per_row,
                                         size_t width, uint64_t& digest) {
  const stored::v1::PartitionMoves& moves = commit.record.partitions();
  for (int i = 0; i < moves.partitions_size();) {
    const uint64_t number = moves.partitions(i) / kPartitionsPerRow;
    OrdinalTable owners;
    {
      Rows rows = queries_[kSelectPartitionsRow].Select(commit.ring, number);
      const auto found = rows.Next();
      if (!found.ok()) return found.status();
      if (*found) {
        owners = OrdinalsIn(rows.Bytes(0));
        digest -= PartitionsDigest(number, rows.Bytes(0));
      }
    }
    if (width == 0 || owners.size() != partitions_per_row * width) {
      return absl::DataLossError(
          absl::StrCat("row ", number,
                       " of its partition table is missing or has the wrong "
                       "size"));
    }
    for (; i < moves.partitions_size() &&
           moves.partitions(i) / kPartitionsPerRow == number;
         ++i) {
      const size_t first = moves.partitions(i) % kPartitionsPerRow * width;
      std::copy_n(moves.after().begin() +
                      static_cast<ptrdiff_t>(static_cast<size_t>(i) * width),
                  width, owners.begin() + static_cast<ptrdiff_t>(first));
    }
    const absl::string_view bytes = BytesOf(owners.data(), owners.size());
    absl::Status status =
        queries_[kUpsertPartitions].Run(commit.ring, number, Blob{bytes});
    if (!status.ok()) return status;
    digest += PartitionsDigest(number, bytes);
  }
  return absl::OkStatus();
}

}  // namespace clockwise
