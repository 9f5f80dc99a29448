// AuditLog writes one line of JSON for each attempted change, including changes
// that were rejected. Thread-safe. It owns its file.
#ifndef CLOCKWISE_SERVICE_ACCESS_AUDIT_LOG_H_
#define CLOCKWISE_SERVICE_ACCESS_AUDIT_LOG_H_

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "clockwise/v1/access.pb.h"
#include "service/runtime/mutex.h"

namespace clockwise {

class AuditLog {
 public:
  struct Options {
    std::string path;
    // A file that would grow beyond this size is renamed to PATH.1, and PATH.1
    // to PATH.2, up to limits::kMaxAuditFiles files.
    size_t max_bytes = 0;
  };

  // Opens the log and appends to an existing file. INVALID_ARGUMENT: it cannot
  // be opened for writing.
  static absl::StatusOr<std::unique_ptr<AuditLog>> Open(Options options);
  ~AuditLog();
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;

  // Sets the entry's time and appends it, whole or not at all. Counts a line
  // that cannot be written; the change is still made.
  void Add(v1::AuditEntry entry);

  uint64_t lost() const;

 private:
  explicit AuditLog(Options options) : options_(std::move(options)) {}
  absl::Status OpenFile() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Rotate() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const Options options_;
  mutable Mutex mu_;
  int file_ ABSL_GUARDED_BY(mu_) = -1;
  size_t bytes_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t lost_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_ACCESS_AUDIT_LOG_H_
