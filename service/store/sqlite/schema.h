// The schema of an SQLite store: its tables, its version, and the way from an
// older version to this one. Stateless.
#ifndef CLOCKWISE_SERVICE_STORE_SQLITE_SCHEMA_H_
#define CLOCKWISE_SERVICE_STORE_SQLITE_SCHEMA_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "service/store/sqlite/database.h"

namespace clockwise {

// SQLite's application_id of a Clockwise database: "Clkw".
inline constexpr uint32_t kApplicationId = 0x436c6b77;

// SQLite's user_version; the first is 1.
//   2  partitions: the tables of PARTITIONED rings.
inline constexpr uint32_t kSchemaVersion = 2;

// Partitions that share a row of the table `partitions`: a change touches few
// rows, and a row is worth its overhead.
inline constexpr size_t kPartitionsPerRow = 64;

// Brings a database from schema `version` (0: an empty one) to kSchemaVersion,
// in the caller's transaction.
[[nodiscard]] absl::Status Migrate(Database& database, uint32_t version);

// OK if the tables are those of kSchemaVersion; DATA_LOSS if they are not.
[[nodiscard]] absl::Status CheckTables(Database& database);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_SQLITE_SCHEMA_H_
