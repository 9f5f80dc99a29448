// A backup: all rings of a store, in one file. Stateless.
//
// The file is "CLKWBAK1", then messages (BackupEntry, each behind its length as
// a varint): for each ring its head, its nodes, its changes and its table; then
// 8 bytes, little-endian: the XXH3-64 of all before them. It is read whole or
// refused, and written whole or not at all, readable for its owner only.
//
// Failures are one line for people, with the path:
//   ALREADY_EXISTS       there is something at the path; it stays as it is.
//   NOT_FOUND            there is nothing.
//   FAILED_PRECONDITION  it is no backup, of a newer version, or damaged.
//   UNAVAILABLE          the system refused, as when the disk is full.
#ifndef CLOCKWISE_SERVICE_STORE_BACKUP_H_
#define CLOCKWISE_SERVICE_STORE_BACKUP_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "service/store/store.h"

namespace clockwise {

[[nodiscard]] absl::Status WriteBackup(const std::string& path,
                                       const std::vector<StoredRing>& rings);

absl::StatusOr<std::vector<StoredRing>> ReadBackup(const std::string& path);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_BACKUP_H_
