#include "service/access/rotating_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "service/limits.h"
#include "service/runtime/file_access.h"

namespace clockwise {
namespace {

absl::Status NotWritable(const std::string& path, int error_number) {
  return absl::InvalidArgumentError(absl::StrCat(
      path,
      ": cannot open the file for writing: ", std::strerror(error_number)));
}

}  // namespace

absl::Status RotatingFile::Check(const std::string& path) {
  const int error_number = WriteError(path);
  return error_number == 0 ? absl::OkStatus() : NotWritable(path, error_number);
}

absl::StatusOr<std::unique_ptr<RotatingFile>> RotatingFile::Open(
    std::string path, size_t max_bytes) {
  std::unique_ptr<RotatingFile> file(
      new RotatingFile(std::move(path), max_bytes));
  MutexLock lock(file->mu_);
  if (absl::Status status = file->OpenFile(); !status.ok()) return status;
  return file;
}

RotatingFile::~RotatingFile() {
  MutexLock lock(mu_);
  if (file_ >= 0) close(file_);
}

absl::Status RotatingFile::OpenFile() {
  const int file =
      open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  struct stat about = {};
  if (file < 0 || fstat(file, &about) != 0) return NotWritable(path_, errno);
  if (file_ >= 0) close(file_);
  file_ = file;
  bytes_ = static_cast<size_t>(about.st_size);
  return absl::OkStatus();
}

absl::Status RotatingFile::ReopenMoved() {
  if (file_ < 0) return OpenFile();
  struct stat named = {};
  struct stat opened = {};
  if (fstat(file_, &opened) != 0) return NotWritable(path_, errno);
  // The file may also have been truncated in its place.
  bytes_ = static_cast<size_t>(opened.st_size);
  if (stat(path_.c_str(), &named) == 0 && named.st_dev == opened.st_dev &&
      named.st_ino == opened.st_ino) {
    return absl::OkStatus();
  }
  absl::Status status = OpenFile();
  if (!status.ok() && opened.st_nlink == 0) {
    close(file_);
    file_ = -1;
  }
  return status;
}

absl::Status RotatingFile::Reopen() {
  MutexLock lock(mu_);
  return ReopenMoved();
}

void RotatingFile::Rotate() {
  close(file_);
  file_ = -1;
  const auto name = [this](int number) {
    return number == 0 ? path_ : absl::StrCat(path_, ".", number);
  };
  for (int number = limits::kMaxAuditFiles - 1; number > 0; --number) {
    rename(name(number - 1).c_str(), name(number).c_str());
  }
}

bool RotatingFile::Append(absl::string_view line) {
  MutexLock lock(mu_);
  static_cast<void>(ReopenMoved());
  if (file_ >= 0 && bytes_ > 0 && bytes_ + line.size() > max_bytes_) Rotate();
  if (file_ < 0 && !OpenFile().ok()) return false;
  const ssize_t count = write(file_, line.data(), line.size());
  if (count == static_cast<ssize_t>(line.size())) {
    bytes_ += line.size();
    return true;
  }
  // Removes a partial line, which would damage the next line too.
  if (count > 0 && ftruncate(file_, static_cast<off_t>(bytes_)) != 0) {
    bytes_ += static_cast<size_t>(count);
  }
  return false;
}

}  // namespace clockwise
