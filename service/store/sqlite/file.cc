#include "service/store/sqlite/file.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "service/runtime/file_access.h"
#include "service/store/sqlite/database.h"
#include "service/store/sqlite/schema.h"

namespace clockwise {
namespace {

// Layout of the database header (sqlite.org/fileformat.html §1.3).
constexpr size_t kHeaderBytes = 100;
using Header = std::array<unsigned char, kHeaderBytes>;
constexpr absl::string_view kSqliteMagic("SQLite format 3\0", 16);
constexpr size_t kWriteVersionAt = 18;
constexpr size_t kReadVersionAt = 19;
constexpr size_t kUserVersionAt = 60;
constexpr size_t kApplicationIdAt = 68;
// VACUUM INTO writes rollback mode (a restored backup). Clockwise uses log
// mode.
constexpr unsigned char kRollbackMode = 1;
constexpr unsigned char kLogMode = 2;

absl::Status Unusable(absl::string_view path, absl::string_view why) {
  return absl::FailedPreconditionError(absl::StrCat(OneLine(path), ": ", why));
}

absl::Status SystemRefused(absl::string_view path, absl::string_view what,
                           int error_number) {
  return absl::UnavailableError(
      absl::StrCat(OneLine(path), ": ", what, ": ",
                   std::generic_category().message(error_number)));
}

std::string FolderOf(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

bool HasContent(const std::string& path) {
  struct stat found = {};
  return stat(path.c_str(), &found) == 0 && found.st_size > 0;
}

uint32_t BigEndian(const Header& header, size_t at) {
  return uint32_t{header[at]} << 24 | uint32_t{header[at + 1]} << 16 |
         uint32_t{header[at + 2]} << 8 | uint32_t{header[at + 3]};
}

// Reads the header through SQLite's file layer. With open() and close(), the
// process would lose the POSIX locks that one of its stores has on the same
// file (sqlite.org/howtocorrupt.html §2.2).
absl::StatusOr<Header> ReadHeader(const std::string& path) {
  sqlite3_vfs* vfs = sqlite3_vfs_find(nullptr);
  const std::unique_ptr<char, void (*)(sqlite3_filename)> name(
      const_cast<char*>(
          sqlite3_create_filename(path.c_str(), "", "", 0, nullptr)),
      sqlite3_free_filename);
  const auto memory = std::make_unique<std::max_align_t[]>(vfs->szOsFile + 1);
  auto* file = reinterpret_cast<sqlite3_file*>(memory.get());
  int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_MAIN_DB;
  Header header = {};
  int code = vfs->xOpen(vfs, name.get(), file, flags, &flags);
  if (code == SQLITE_OK) {
    code = file->pMethods->xRead(file, header.data(), kHeaderBytes, 0);
  }
  if (file->pMethods != nullptr) file->pMethods->xClose(file);
  // SQLite fills the rest of a short file with zeros, which CheckHeader
  // rejects.
  if (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ) {
    return absl::UnavailableError(absl::StrCat(
        OneLine(path), ": cannot be read: ", sqlite3_errstr(code)));
  }
  return header;
}

absl::Status CheckHeader(const std::string& path, const Header& header) {
  if (absl::string_view(reinterpret_cast<const char*>(header.data()),
                        kSqliteMagic.size()) != kSqliteMagic) {
    return Unusable(path,
                    "is not an SQLite database; use another file, or move "
                    "this one away to start with an empty store");
  }
  const uint32_t application_id = BigEndian(header, kApplicationIdAt);
  if (application_id != kApplicationId) {
    return Unusable(
        path, absl::StrCat("is an SQLite database, but not one of Clockwise "
                           "(application_id ",
                           application_id, ", not ", kApplicationId,
                           "); use another file"));
  }
  const uint32_t version = BigEndian(header, kUserVersionAt);
  if (version > kSchemaVersion) {
    return Unusable(
        path, absl::StrCat("has schema version ", version,
                           ", and this clockwised supports versions up to ",
                           kSchemaVersion, "; run a newer clockwised"));
  }
  const unsigned char mode = header[kWriteVersionAt];
  if (version == 0 || mode != header[kReadVersionAt] ||
      (mode != kRollbackMode && mode != kLogMode)) {
    return Damaged(path, "its header was not written by Clockwise");
  }
  return absl::OkStatus();
}

absl::Status CheckAccess(const std::string& path) {
  // Checks the effective user; access() would check the real user.
  if (faccessat(AT_FDCWD, path.c_str(), R_OK | W_OK, AT_EACCESS) != 0) {
    return SystemRefused(path, "cannot be read and written", errno);
  }
  const std::string folder = FolderOf(path);
  if (faccessat(AT_FDCWD, folder.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
    return SystemRefused(path,
                         "its folder, where SQLite creates its log (-wal), "
                         "cannot be written",
                         errno);
  }
  return absl::OkStatus();
}

absl::Status SyncFile(const std::string& path, int flags) {
  const int file = open(path.c_str(), flags | O_CLOEXEC);
  if (file < 0) return SystemRefused(path, "cannot be opened", errno);
  const int error_number = fsync(file) == 0 ? 0 : errno;
  close(file);
  if (error_number == 0) return absl::OkStatus();
  return SystemRefused(path, "cannot be synced", error_number);
}

// Renames `from`, but never replaces an existing file, which may hold changes
// that were acknowledged a moment ago. Returns an error number or 0.
int RenameToNew(const std::string& from, const std::string& to) {
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(),
                RENAME_NOREPLACE) == 0) {
    return 0;
  }
  if (errno != EINVAL && errno != ENOSYS) return errno;
  // This file system has no RENAME_NOREPLACE (ZFS before 2.2). A new link never
  // replaces a file.
  if (link(from.c_str(), to.c_str()) != 0) return errno;
  unlink(from.c_str());
  return 0;
}

}  // namespace

absl::Status Damaged(absl::string_view path, absl::string_view reason) {
  return Unusable(path, absl::StrCat("is damaged (", reason,
                                     "); restore a backup, or move the file "
                                     "away to start with an empty store"));
}

absl::StatusOr<std::string> ResolvePath(absl::string_view path) {
  if (path.empty()) {
    return absl::FailedPreconditionError(
        "the path of the store is empty; use sqlite:PATH");
  }
  std::error_code error;
  const auto absolute = std::filesystem::absolute(std::string(path), error);
  const auto resolved =
      error ? std::filesystem::path()
            : std::filesystem::weakly_canonical(absolute, error);
  if (error) return SystemRefused(path, "cannot be found", error.value());
  return resolved.string();
}

std::string LogOf(absl::string_view path) { return absl::StrCat(path, "-wal"); }

FileMark MarkOf(const std::string& path) {
  struct stat found = {};
  if (stat(path.c_str(), &found) != 0) return {};
  return {found.st_ino, found.st_size,
          found.st_mtim.tv_sec * 1'000'000'000 + found.st_mtim.tv_nsec};
}

absl::StatusOr<bool> FindDatabase(const std::string& path) {
  struct stat found = {};
  if (stat(path.c_str(), &found) != 0) {
    if (errno != ENOENT) return SystemRefused(path, "cannot be found", errno);
    if (HasContent(LogOf(path))) {
      return Unusable(path,
                      "is missing, but its log is there and may hold "
                      "changes; restore the file, or move the log "
                      "(-wal) away to start with an empty store");
    }
    return false;
  }
  if (!S_ISREG(found.st_mode)) {
    return Unusable(path, S_ISDIR(found.st_mode)
                              ? "is a directory; use a file in it"
                              : "is not a regular file; use another");
  }
  if (found.st_size == 0) {
    return Unusable(path,
                    "is an empty file, not a database; restore a backup, or "
                    "remove the file to start with an empty store");
  }
  absl::Status status = CheckAccess(path);
  if (!status.ok()) return status;
  const auto header = ReadHeader(path);
  if (!header.ok()) return header.status();
  status = CheckHeader(path, *header);
  if (!status.ok()) return status;
  // SQLite would roll the journal back into the file before any check.
  if (HasContent(absl::StrCat(path, "-journal"))) {
    return Unusable(path,
                    "has a rollback journal (-journal) beside it, which "
                    "Clockwise never writes; open it once with the "
                    "program that wrote it, or restore a backup");
  }
  return true;
}

absl::Status CheckDatabase(const std::string& path) {
  const auto found = FindDatabase(path);
  if (!found.ok() || *found) return found.status();
  const int error_number = WriteError(path);
  if (error_number == 0) return absl::OkStatus();
  return SystemRefused(path, "cannot be created", error_number);
}

absl::StatusOr<std::string> NewTemporaryFile(const std::string& path) {
  // The name is new each time, so files that a crash left do not matter.
  std::string name = absl::StrCat(path, ".new-XXXXXX");
  const int file = mkostemp(name.data(), O_CLOEXEC);
  if (file < 0) return SystemRefused(path, "cannot be created", errno);
  close(file);
  return name;
}

absl::Status Publish(const std::string& temporary, const std::string& path) {
  absl::Status status = SyncFile(temporary, O_RDONLY);
  if (!status.ok()) return status;
  const int error_number = RenameToNew(temporary, path);
  if (error_number == EEXIST) {
    return absl::AlreadyExistsError(
        absl::StrCat(path, ": already exists; use another path"));
  }
  if (error_number != 0) {
    return SystemRefused(path, "cannot be created", error_number);
  }
  return SyncFile(FolderOf(path), O_RDONLY | O_DIRECTORY);
}

}  // namespace clockwise
