// What an SQLite store does with its file before SQLite may: look whether it is
// one of Clockwise's, and put a new one in its place whole. Stateless.
//
// Failures carry one line for people, with the path, what is wrong and what to
// do; the file and its folder are left as they were.
//   FAILED_PRECONDITION  this is no usable database.
//   UNAVAILABLE          the system refused.
#ifndef CLOCKWISE_SERVICE_STORE_SQLITE_FILE_H_
#define CLOCKWISE_SERVICE_STORE_SQLITE_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace clockwise {

// `path` as SQLite will know it: absolute, links followed, so that the log
// beside it has the name expected. SQLite would take ":memory:" or "file:…" for
// something else than a file.
absl::StatusOr<std::string> ResolvePath(absl::string_view path);

// The write-ahead log of the database at `path`.
std::string LogOf(absl::string_view path);

// Whether a database of Clockwise is at `path`, as far as its header tells;
// false: nothing is there.
absl::StatusOr<bool> FindDatabase(const std::string& path);

// Makes an empty file beside `path`, to become it, and names it.
absl::StatusOr<std::string> NewTemporaryFile(const std::string& path);

// Puts the closed, complete file `temporary` at `path`, durably. ALREADY_EXISTS
// if another program was faster; what it put there is not replaced.
[[nodiscard]] absl::Status Publish(const std::string& temporary,
                                   const std::string& path);

// FAILED_PRECONDITION: the database at `path` is damaged, for `reason`.
absl::Status Damaged(absl::string_view path, absl::string_view reason);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_SQLITE_FILE_H_
