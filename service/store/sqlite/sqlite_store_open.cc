// SqliteStore::Open and its steps, and the checks of the open files.
#include <sqlite3.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/store/sqlite/database.h"
#include "service/store/sqlite/file.h"
#include "service/store/sqlite/schema.h"
#include "service/store/sqlite/sqlite_store.h"

namespace clockwise {
namespace {

// Number of pages in the log from which it is written back into the file, as
// SQLite does by default.
constexpr int kPagesPerCheckpoint = 1000;

// A pragma, its value, and the text that SQLite returns when the value is in
// effect. SQLite ignores unknown and impossible values without an error.
struct Setting {
  absl::string_view name;
  absl::string_view value;
  absl::string_view read_back;
};

// Set first, before anything is read, so that SQLite creates no shared memory
// file (-shm).
constexpr Setting kExclusive = {"locking_mode", "EXCLUSIVE", "exclusive"};
constexpr Setting kSettings[] = {
    {"synchronous", "FULL", "2"},  // sync a commit before it returns
    {"foreign_keys", "ON", "1"},
    {"trusted_schema", "OFF", "0"},
    {"cell_size_check", "ON", "1"},
};
// Set last, because it writes, unless the file is in this mode already.
constexpr Setting kLogModeSetting = {"journal_mode", "WAL", "wal"};

absl::Status Set(Database& database, const Setting& setting) {
  auto status = database.Execute(
      absl::StrCat("PRAGMA ", setting.name, "=", setting.value));
  if (!status.ok()) return status.status();
  const auto got = database.Execute(absl::StrCat("PRAGMA ", setting.name));
  if (!got.ok()) return got.status();
  if (*got == setting.read_back) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat(OneLine(database.path()), ": SQLite did not accept PRAGMA ",
                   setting.name, "=", setting.value, " (it is ", *got, ")"));
}

absl::Status BuildTables(Database& database) {
  Transaction transaction(database);
  absl::Status status = transaction.Begin();
  if (status.ok()) status = Migrate(database, 0);
  return status.ok() ? transaction.Commit() : status;
}

// Builds a new database in the empty file at `path`.
absl::Status Build(const std::string& path) {
  auto database = Database::Open(path);
  if (!database.ok()) return database.status();
  absl::Status status = Set(**database, kExclusive);
  // No syncs while it is built: Publish syncs the complete file once.
  if (status.ok()) status = Set(**database, {"synchronous", "OFF", "0"});
  if (!status.ok()) return status;
  status = (*database)
               ->Execute(absl::StrCat("PRAGMA application_id=", kApplicationId))
               .status();
  if (status.ok()) status = BuildTables(**database);
  if (status.ok()) status = Set(**database, kLogModeSetting);
  if (status.ok()) (*database)->KeepOnClose(false);
  return status;
}

// Creates an empty database at `path`. It is built under another name, so that
// a crash cannot leave an incomplete database.
absl::Status CreateDatabase(const std::string& path) {
  const auto temporary = NewTemporaryFile(path);
  if (!temporary.ok()) return temporary.status();
  absl::Status status = Build(*temporary);
  if (status.ok()) status = Publish(*temporary, path);
  if (!status.ok()) {
    for (const char* suffix : {"", "-wal", "-journal"}) {
      unlink(absl::StrCat(*temporary, suffix).c_str());
    }
  }
  // If another program was faster, its file is used.
  return absl::IsAlreadyExists(status) ? absl::OkStatus() : status;
}

absl::Status FindOrCreate(const std::string& path) {
  auto found = FindDatabase(path);
  if (!found.ok()) return found.status();
  if (*found) return absl::OkStatus();
  absl::Status status = CreateDatabase(path);
  if (!status.ok()) return status;
  found = FindDatabase(path);
  if (!found.ok()) return found.status();
  if (*found) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      OneLine(path),
      ": is a symbolic link to a missing file; use the path of its target"));
}

absl::StatusOr<std::string> FindPath(absl::string_view path, bool must_exist) {
  auto resolved = ResolvePath(path);
  std::error_code error;
  if (resolved.ok() && must_exist &&
      !std::filesystem::exists(*resolved, error)) {
    return absl::NotFoundError(
        absl::StrCat(*resolved, ": does not exist; check the path"));
  }
  return resolved;
}

// Returns the error of Open after Start has failed with `status`.
absl::Status WhyNotOpen(const Database& database, const absl::Status& status) {
  if (absl::IsDataLoss(status)) {
    return Damaged(database.path(), status.message());
  }
  switch (database.last_failure() & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::UnavailableError(
          absl::StrCat(OneLine(database.path()),
                       ": is in use by another clockwised or another program; "
                       "stop that program, or use another file"));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Damaged(database.path(),
                     sqlite3_errstr(database.last_failure() & 0xff));
    default:
      return absl::Status(status.code(), status.message());
  }
}

// Removes the empty log that SQLite has created, for a file that had none. The
// exclusive lock guarantees that no other program uses the log.
void RemoveNewLog(const Database& database) {
  const std::string log = LogOf(database.path());
  std::error_code error;
  if (database.has_exclusive_lock() &&
      std::filesystem::file_size(log, error) == 0 && !error) {
    unlink(log.c_str());
  }
}

}  // namespace

absl::Status SqliteStore::CheckPath(absl::string_view path,
                                    const Options& options) {
  const auto resolved = FindPath(path, options.must_exist);
  return resolved.ok() ? CheckDatabase(*resolved) : resolved.status();
}

absl::StatusOr<std::unique_ptr<SqliteStore>> SqliteStore::Open(
    absl::string_view path, const Options& options) {
  const auto resolved = FindPath(path, options.must_exist);
  if (!resolved.ok()) return resolved.status();
  std::error_code error;
  absl::Status status = FindOrCreate(*resolved);
  if (!status.ok()) return status;
  const bool had_log = std::filesystem::exists(LogOf(*resolved), error);

  auto database = Database::Open(*resolved);
  if (!database.ok())
    return absl::UnavailableError(database.status().message());
  std::unique_ptr<SqliteStore> store(new SqliteStore(*std::move(database)));
  MutexLock lock(store->mu_);
  status = store->Start(options);
  if (!status.ok()) {
    if (!had_log) RemoveNewLog(*store->database_);
    return WhyNotOpen(*store->database_, status);
  }
  store->database_->KeepOnClose(false);
  store->NoteFiles();
  store->file_mark_ = MarkOf(*resolved);
  store->log_mark_ = MarkOf(LogOf(*resolved));
  return store;
}

absl::Status SqliteStore::Start(const Options& options) {
  const auto version = Configure();
  if (!version.ok()) return version.status();
  absl::Status status =
      *version == kSchemaVersion ? CheckContent() : Upgrade(*version);
  if (status.ok()) status = Set(*database_, kLogModeSetting);
  if (status.ok() && options.max_pages > 0) {
    status =
        database_
            ->Execute(absl::StrCat("PRAGMA max_page_count=", options.max_pages))
            .status();
  }
  return status;
}

absl::StatusOr<uint32_t> SqliteStore::Configure() {
  absl::Status status = Set(*database_, kExclusive);
  for (const Setting& setting : kSettings) {
    if (!status.ok()) return status;
    status = Set(*database_, setting);
  }
  if (!status.ok()) return status;
  // Up to here the file was only locked and read.
  const auto text = database_->Execute("PRAGMA user_version");
  if (!text.ok()) return text.status();
  uint32_t version = 0;
  if (database_->read_only() || !absl::SimpleAtoi(*text, &version) ||
      version == 0 || version > kSchemaVersion) {
    return absl::DataLossError("its header was not written by Clockwise");
  }
  // Checks the structure of all pages before their content is used.
  const auto check = database_->Execute("PRAGMA quick_check(1)");
  if (!check.ok()) return check.status();
  if (*check != "ok") return absl::DataLossError(OneLine(*check));
  return version;
}

// Checks the content before the commit, so that a file that is rejected is not
// changed (SqliteVersion1Test).
absl::Status SqliteStore::Upgrade(uint32_t version) {
  Transaction transaction(*database_);
  absl::Status status = transaction.Begin();
  if (status.ok()) status = Migrate(*database_, version);
  if (status.ok()) status = CheckContent();
  return status.ok() ? transaction.Commit() : status;
}

absl::Status SqliteStore::CheckContent() {
  absl::Status status = CheckTables(*database_);
  if (!status.ok()) return status;
  queries_.reserve(kQueries);
  for (const absl::string_view sql : kSql) {
    auto query = database_->Prepare(sql);
    if (!query.ok()) return query.status();
    queries_.push_back(*std::move(query));
  }
  status = ReadAll().status();
  return status.ok() ? CheckDeleted() : status;
}

// --- Files that are removed, replaced or overwritten ---
//
// Only this connection writes to the file and its log, and only in Write. The
// file itself is written by Checkpoint alone. So before each write, and the
// file after it too, both must be as they were left.

void SqliteStore::NoteFiles() {
  if (file_inode_ == 0) file_inode_ = MarkOf(path_).inode;
  if (log_inode_ == 0) log_inode_ = MarkOf(LogOf(path_)).inode;
}

absl::Status SqliteStore::Trust() const {
  for (const auto& [path, inode] :
       {std::pair(path_, file_inode_.load()),
        std::pair(LogOf(path_), log_inode_.load())}) {
    if (inode == 0) continue;
    const uint64_t now = MarkOf(path).inode;
    if (now == inode) continue;
    return Refusal(
        v1::ERROR_REASON_STORE_UNAVAILABLE,
        absl::StrCat(OneLine(path), ": was ", now == 0 ? "removed" : "replaced",
                     " while the server uses it; move it back, or stop the "
                     "server and restore a backup"));
  }
  if (!overwritten_) return absl::OkStatus();
  return Refusal(
      v1::ERROR_REASON_STORE_UNAVAILABLE,
      absl::StrCat(OneLine(path_),
                   ": another program has written to this file or its log "
                   "(-wal) while the server uses them; stop the server, remove "
                   "both files and restore a backup"));
}

absl::Status SqliteStore::CheckUnwritten(bool log_too) {
  absl::Status status = Trust();
  if (!status.ok()) return status;
  // The log may not exist yet.
  if (MarkOf(path_) == file_mark_ &&
      (!log_too || log_mark_.inode == 0 || MarkOf(LogOf(path_)) == log_mark_)) {
    return status;
  }
  overwritten_ = true;
  // Closing must not write the log into the foreign file.
  database_->KeepOnClose(true);
  return Trust();
}

absl::Status SqliteStore::Write(absl::FunctionRef<absl::Status()> write) {
  absl::Status status = CheckUnwritten(/*log_too=*/true);
  if (!status.ok()) {
    return WithOutcome(ReportOutcome(status), /*maybe_made=*/false);
  }
  status = write();
  log_mark_ = MarkOf(LogOf(path_));
  const bool written = status.ok();
  if (written) {
    // The files may have been removed or overwritten since the check before the
    // commit. Then the change is not acknowledged.
    NoteFiles();
    status = CheckUnwritten(/*log_too=*/false);
  }
  if (status.ok() && database_->log_pages() >= kPagesPerCheckpoint) {
    database_->Checkpoint();
    file_mark_ = MarkOf(path_);
    log_mark_ = MarkOf(LogOf(path_));
  }
  return WithOutcome(ReportOutcome(status), /*maybe_made=*/written);
}

}  // namespace clockwise
