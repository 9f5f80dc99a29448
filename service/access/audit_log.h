// AuditLog writes one line of JSON for each attempted change. Thread-safe.
//
// Changes and rejected calls are in different files. A caller without a role
// can fill the file of rejected calls only, so it cannot remove the line of a
// change.
#ifndef CLOCKWISE_SERVICE_ACCESS_AUDIT_LOG_H_
#define CLOCKWISE_SERVICE_ACCESS_AUDIT_LOG_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "clockwise/v1/access.pb.h"
#include "service/access/rotating_file.h"

namespace clockwise {

class AuditLog {
 public:
  struct Options {
    // The file of changes. The file of other calls is PATH.refused.
    std::string path;
    // Each file is rotated at this size (see RotatingFile).
    size_t max_bytes = 0;
  };

  // Opens both files and appends to them. INVALID_ARGUMENT: one cannot be
  // opened for writing.
  static absl::StatusOr<std::unique_ptr<AuditLog>> Open(const Options& options);
  // Checks that Open would succeed. Creates no file. INVALID_ARGUMENT.
  [[nodiscard]] static absl::Status Check(const Options& options);

  // Sets the entry's time and appends it, whole or not at all. Counts a line
  // that cannot be written; the change is still made.
  void Add(v1::AuditEntry entry);

  // Opens the files again that were renamed or removed, as each Add does.
  // INVALID_ARGUMENT: one cannot be opened for writing.
  absl::Status Reopen();

  uint64_t lost() const { return lost_; }

 private:
  AuditLog(std::unique_ptr<RotatingFile> changes,
           std::unique_ptr<RotatingFile> refused)
      : changes_(std::move(changes)), refused_(std::move(refused)) {}

  const std::unique_ptr<RotatingFile> changes_;
  const std::unique_ptr<RotatingFile> refused_;
  std::atomic<uint64_t> lost_ = 0;
};

// True if the call of the entry has changed a ring, or may have: its result is
// OK or STORE_UNAVAILABLE, and it is no plan.
bool MayHaveChanged(const v1::AuditEntry& entry);

// Adds `field` to entry.cut, unless it is there.
void MarkCut(absl::string_view field, v1::AuditEntry& entry);

// Returns `text`, cut at limits::kMaxAuditFieldBytes bytes and between two
// characters of UTF-8. Marks `field` if it is cut.
std::string BoundedField(absl::string_view field, absl::string_view text,
                         v1::AuditEntry& entry);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_ACCESS_AUDIT_LOG_H_
