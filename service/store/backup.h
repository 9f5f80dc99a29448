// Writes and reads backups. A backup is one file that holds all rings of a
// store, without the deleted rings that the store keeps. Stateless.
//
// The file consists of:
//   "CLKWBAK1"
//   BackupEntry messages, each after its length as a varint: for each ring its
//   head, its nodes, its changes and its table
//   8 bytes, little-endian: the XXH3-64 of all bytes before them
// A file is written completely or not at all, and only its owner may read it.
// A file that is not complete and intact is rejected.
//
// Failures have a message of one line, with the path:
//   ALREADY_EXISTS       a file exists at the path; it is not changed.
//   NOT_FOUND            no file exists at the path.
//   FAILED_PRECONDITION  the file is no backup, or is of a newer version, or is
//                        damaged; or the rings are too large for a backup.
//   UNAVAILABLE          the system reported an error, such as a full disk.
#ifndef CLOCKWISE_SERVICE_STORE_BACKUP_H_
#define CLOCKWISE_SERVICE_STORE_BACKUP_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "service/store/store.h"

namespace clockwise {

// Returns the bytes of a backup file with `rings`. FAILED_PRECONDITION: they
// are too large for a backup.
absl::StatusOr<std::string> BackupBytes(const std::vector<StoredRing>& rings);

// Returns the rings in `bytes`, a whole backup file. Errors begin with `name`.
absl::StatusOr<std::vector<StoredRing>> ParseBackup(const std::string& name,
                                                    absl::string_view bytes);

// Appends the entries of `ring`, as in a backup, to `bytes`.
void AppendRing(const StoredRing& ring, std::string& bytes);

// Returns the rings whose entries are in `bytes`. DATA_LOSS: an entry cannot be
// parsed. Does not check the rings (CheckRing).
absl::StatusOr<std::vector<StoredRing>> ParseRings(absl::string_view bytes);

// Writes `rings` to a new file at `path`.
[[nodiscard]] absl::Status WriteBackup(const std::string& path,
                                       const std::vector<StoredRing>& rings);

// Returns the rings in the backup at `path`, in the order of the file.
absl::StatusOr<std::vector<StoredRing>> ReadBackup(const std::string& path);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_BACKUP_H_
