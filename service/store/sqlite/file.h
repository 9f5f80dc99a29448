// Functions that check a database file before SQLite opens it, and that create
// files atomically. Stateless.
//
// Failures have a message of one line: the path, the problem and what to do.
// They do not change the file or its folder.
//   FAILED_PRECONDITION  the file is not a usable database.
//   UNAVAILABLE          the system reported an error.
#ifndef CLOCKWISE_SERVICE_STORE_SQLITE_FILE_H_
#define CLOCKWISE_SERVICE_STORE_SQLITE_FILE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace clockwise {

// Returns `path` as an absolute path with all links resolved, so that the log
// has the expected name. It also prevents that SQLite interprets ":memory:" or
// "file:…" specially.
absl::StatusOr<std::string> ResolvePath(absl::string_view path);

// Returns the path of the write-ahead log of the database at `path`.
std::string LogOf(absl::string_view path);

// FileMark distinguishes a file from another one at the same path, and its
// content from what another program has written to it.
struct FileMark {
  uint64_t inode = 0;  // 0: there is no file, or it cannot be found
  int64_t bytes = 0;
  int64_t written_ns = 0;  // time of the last write, as the system reports it

  bool operator==(const FileMark&) const = default;
};
FileMark MarkOf(const std::string& path);

// Returns true if `path` is a database of Clockwise, which its header decides;
// false if no file exists. All other files are errors.
absl::StatusOr<bool> FindDatabase(const std::string& path);

// Checks that `path` is a database of Clockwise, or that it can be created.
[[nodiscard]] absl::Status CheckDatabase(const std::string& path);

// Creates an empty file beside `path`, for Publish. Returns its name.
absl::StatusOr<std::string> NewTemporaryFile(const std::string& path);

// Renames the closed, complete file `temporary` to `path`, durably.
// ALREADY_EXISTS: `path` exists; it is not replaced.
[[nodiscard]] absl::Status Publish(const std::string& temporary,
                                   const std::string& path);

// Returns the FAILED_PRECONDITION error for a damaged database at `path`.
absl::Status Damaged(absl::string_view path, absl::string_view reason);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_SQLITE_FILE_H_
