#include "client/cli/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"

namespace clockwise::cli {
namespace {

absl::Status CannotWrite(const std::string& path) {
  return absl::InternalError(
      absl::StrCat("cannot write ", path, ": ", std::strerror(errno)));
}

// Writes and closes `file`. On failure, returns false and sets errno.
bool WriteAndClose(int file, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int error = errno;
      close(file);
      errno = error;
      return false;
    }
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return close(file) == 0;
}

// Returns the permissions of a new file.
mode_t NewFileMode() {
  const mode_t mask = umask(0);
  umask(mask);
  return 0666 & ~mask;
}

// Follows symbolic links. The file they name is replaced, and the links stay.
std::string Target(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> resolved(
      realpath(path.c_str(), nullptr), &std::free);
  return resolved == nullptr ? path : resolved.get();
}

}  // namespace

absl::Status WriteWholeFile(const std::string& path, absl::string_view bytes) {
  struct stat there = {};
  const bool exists = stat(path.c_str(), &there) == 0;
  if (exists && !S_ISREG(there.st_mode)) {
    const int file = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (file < 0 || !WriteAndClose(file, bytes)) return CannotWrite(path);
    return absl::OkStatus();
  }
  const std::string target = Target(path);
  std::string beside = absl::StrCat(target, ".XXXXXX");
  const int file = mkstemp(beside.data());
  if (file < 0) return CannotWrite(path);
  const mode_t mode = exists ? there.st_mode & 07777 : NewFileMode();
  const bool moded = fchmod(file, mode) == 0;
  if (!WriteAndClose(file, bytes) || !moded ||
      std::rename(beside.c_str(), target.c_str()) != 0) {
    absl::Status failure = CannotWrite(path);
    unlink(beside.c_str());
    return failure;
  }
  return absl::OkStatus();
}

}  // namespace clockwise::cli
