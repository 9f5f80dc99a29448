// RotatingFile appends lines to a file, and renames the file when it is full.
// Thread-safe. It owns its file.
//
// Another program, such as logrotate, may rename, remove or truncate the file
// at any time. The next line is then written to a new file of that name.
#ifndef CLOCKWISE_SERVICE_ACCESS_ROTATING_FILE_H_
#define CLOCKWISE_SERVICE_ACCESS_ROTATING_FILE_H_

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "service/runtime/mutex.h"

namespace clockwise {

class RotatingFile {
 public:
  // Opens the file `path` and appends to it. A file that would grow beyond
  // `max_bytes` is renamed to PATH.1, and PATH.1 to PATH.2, up to
  // limits::kMaxAuditFiles files. INVALID_ARGUMENT: it cannot be opened for
  // writing.
  static absl::StatusOr<std::unique_ptr<RotatingFile>> Open(std::string path,
                                                            size_t max_bytes);
  // Checks that Open would succeed. Creates no file. INVALID_ARGUMENT.
  [[nodiscard]] static absl::Status Check(const std::string& path);
  ~RotatingFile();
  RotatingFile(const RotatingFile&) = delete;
  RotatingFile& operator=(const RotatingFile&) = delete;

  // Appends `line`, whole or not at all. Returns false if it cannot be written.
  bool Append(absl::string_view line);
  // Opens the file again if the path names no file or another file. If that
  // fails, lines still go to the renamed file, and are lost if it was removed.
  // INVALID_ARGUMENT: it cannot be opened for writing.
  absl::Status Reopen();

 private:
  RotatingFile(std::string path, size_t max_bytes)
      : path_(std::move(path)), max_bytes_(max_bytes) {}
  absl::Status OpenFile() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status ReopenMoved() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Rotate() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const std::string path_;
  const size_t max_bytes_;
  Mutex mu_;
  int file_ ABSL_GUARDED_BY(mu_) = -1;
  size_t bytes_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_ACCESS_ROTATING_FILE_H_
