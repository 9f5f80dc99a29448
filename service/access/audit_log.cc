#include "service/access/audit_log.h"

#include <fcntl.h>
#include <google/protobuf/util/json_util.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "service/limits.h"

namespace clockwise {

absl::StatusOr<std::unique_ptr<AuditLog>> AuditLog::Open(Options options) {
  std::unique_ptr<AuditLog> log(new AuditLog(std::move(options)));
  MutexLock lock(log->mu_);
  if (absl::Status status = log->OpenFile(); !status.ok()) return status;
  return log;
}

AuditLog::~AuditLog() {
  MutexLock lock(mu_);
  if (file_ >= 0) close(file_);
}

absl::Status AuditLog::OpenFile() {
  file_ = open(options_.path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC,
               0600);
  struct stat about = {};
  if (file_ < 0 || fstat(file_, &about) != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "cannot open ", options_.path, " for writing: ", std::strerror(errno)));
  }
  bytes_ = static_cast<size_t>(about.st_size);
  return absl::OkStatus();
}

void AuditLog::Rotate() {
  close(file_);
  file_ = -1;
  const auto name = [this](int number) {
    return number == 0 ? options_.path
                       : absl::StrCat(options_.path, ".", number);
  };
  for (int number = limits::kMaxAuditFiles - 1; number > 0; --number) {
    rename(name(number - 1).c_str(), name(number).c_str());
  }
}

void AuditLog::Add(v1::AuditEntry entry) {
  entry.set_time(
      absl::FormatTime(absl::RFC3339_full, absl::Now(), absl::UTCTimeZone()));
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string line;
  const auto written =
      google::protobuf::util::MessageToJsonString(entry, &line, options);
  line.push_back('\n');
  MutexLock lock(mu_);
  if (bytes_ > 0 && bytes_ + line.size() > options_.max_bytes) Rotate();
  if (!written.ok() || (file_ < 0 && !OpenFile().ok())) {
    ++lost_;
    return;
  }
  const ssize_t count = write(file_, line.data(), line.size());
  if (count == static_cast<ssize_t>(line.size())) {
    bytes_ += line.size();
    return;
  }
  ++lost_;
  // Removes a partial line, which would damage the next line too.
  if (count > 0 && ftruncate(file_, static_cast<off_t>(bytes_)) != 0) {
    bytes_ += static_cast<size_t>(count);
  }
}

uint64_t AuditLog::lost() const {
  MutexLock lock(mu_);
  return lost_;
}

}  // namespace clockwise
