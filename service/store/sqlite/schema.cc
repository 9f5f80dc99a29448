#include "service/store/sqlite/schema.h"

#include <iterator>

#include "absl/strings/str_cat.h"

namespace clockwise {
namespace {

// Numbers are stored as the bit patterns of unsigned numbers. WITHOUT ROWID
// avoids a separate index, which could differ from its table. row_digest.h
// explains `digest`.
struct Table {
  absl::string_view name;
  absl::string_view sql;
};
constexpr Table kTables[] = {
    {"rings",
     "CREATE TABLE rings(name TEXT PRIMARY KEY, incarnation INTEGER NOT NULL, "
     "epoch INTEGER NOT NULL, fingerprint INTEGER NOT NULL, spec BLOB NOT "
     "NULL, digest INTEGER NOT NULL) STRICT, WITHOUT ROWID"},
    {"nodes",
     "CREATE TABLE nodes(ring TEXT NOT NULL REFERENCES rings(name) ON DELETE "
     "CASCADE, id TEXT NOT NULL, node BLOB NOT NULL, PRIMARY KEY(ring, id)) "
     "STRICT, WITHOUT ROWID"},
    {"changes",
     "CREATE TABLE changes(ring TEXT NOT NULL REFERENCES rings(name) ON DELETE "
     "CASCADE, epoch INTEGER NOT NULL, record BLOB NOT NULL, PRIMARY KEY(ring, "
     "epoch)) STRICT, WITHOUT ROWID"},
    // Row n holds the owners of kPartitionsPerRow partitions, from partition
    // n × kPartitionsPerRow on. Each partition has the ordinals of its owners,
    // primary first, as 32-bit little-endian numbers.
    {"partitions",
     "CREATE TABLE partitions(ring TEXT NOT NULL REFERENCES rings(name) ON "
     "DELETE CASCADE, number INTEGER NOT NULL, owners BLOB NOT NULL, PRIMARY "
     "KEY(ring, number)) STRICT, WITHOUT ROWID"},
    // `deletion` holds a SqliteDeletion, `content` the ring as in a backup.
    {"deleted",
     "CREATE TABLE deleted(ring TEXT NOT NULL, incarnation INTEGER NOT NULL, "
     "deletion BLOB NOT NULL, digest INTEGER NOT NULL, content BLOB NOT NULL, "
     "PRIMARY KEY(ring, incarnation)) STRICT, WITHOUT ROWID"},
};
constexpr size_t kTablesOfVersion1 = 3;
constexpr size_t kTablesOfVersion2 = 4;

absl::Status CreateTables(Database& database, size_t from, size_t to) {
  for (size_t i = from; i < to; ++i) {
    absl::Status status = database.Execute(kTables[i].sql).status();
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status ToVersion1(Database& database) {
  return CreateTables(database, 0, kTablesOfVersion1);
}

absl::Status ToVersion2(Database& database) {
  return CreateTables(database, kTablesOfVersion1, kTablesOfVersion2);
}

absl::Status ToVersion3(Database& database) {
  return CreateTables(database, kTablesOfVersion2, std::size(kTables));
}

// kMigrations[v] migrates from version v to v + 1.
using Migration = absl::Status (*)(Database&);
constexpr Migration kMigrations[] = {ToVersion1, ToVersion2, ToVersion3};
static_assert(std::size(kMigrations) == kSchemaVersion);

}  // namespace

absl::Status Migrate(Database& database, uint32_t version) {
  for (; version < kSchemaVersion; ++version) {
    absl::Status status = kMigrations[version](database);
    if (!status.ok()) return status;
  }
  return database.Execute(absl::StrCat("PRAGMA user_version=", kSchemaVersion))
      .status();
}

absl::Status CheckTables(Database& database) {
  auto select =
      database.Prepare("SELECT sql FROM sqlite_schema WHERE name = ?");
  if (!select.ok()) return select.status();
  for (const Table& table : kTables) {
    Rows rows = select->Select(table.name);
    auto found = rows.Next();
    if (!found.ok()) return found.status();
    if (!*found || rows.Bytes(0) != table.sql) {
      return absl::DataLossError(
          absl::StrCat("table ", table.name,
                       " does not have the schema that Clockwise creates"));
    }
  }
  return absl::OkStatus();
}

}  // namespace clockwise
