// The schema of an SQLite store: its tables, its version, and the migration
// from older versions. Stateless.
#ifndef CLOCKWISE_SERVICE_STORE_SQLITE_SCHEMA_H_
#define CLOCKWISE_SERVICE_STORE_SQLITE_SCHEMA_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "service/store/sqlite/database.h"

namespace clockwise {

// SQLite's application_id in databases of Clockwise: "Clkw".
inline constexpr uint32_t kApplicationId = 0x436c6b77;

// SQLite's user_version. Version 1 was the first.
//   2  adds the table `partitions`: the tables of PARTITIONED rings.
//   3  adds the table `deleted`: deleted rings that can be restored.
inline constexpr uint32_t kSchemaVersion = 3;

// Number of partitions in a row of the table `partitions`. It is a compromise:
// a change writes few rows, and the overhead of a row stays small.
inline constexpr size_t kPartitionsPerRow = 64;

// Migrates a database from schema `version` (0: empty) to kSchemaVersion, in
// the caller's transaction.
[[nodiscard]] absl::Status Migrate(Database& database, uint32_t version);

// Checks that the tables are those of kSchemaVersion; DATA_LOSS.
[[nodiscard]] absl::Status CheckTables(Database& database);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_SQLITE_SCHEMA_H_
