#include "service/store/sqlite/database.h"

#include <sqlite3.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "service/api/refusal.h"

namespace clockwise {
namespace {

// Returns the system's error number that SQLite keeps for one of its files.
int LastErrorNumber(sqlite3_file* file) {
  int error_number = 0;
  if (file != nullptr && file->pMethods != nullptr) {
    file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &error_number);
  }
  return error_number;
}

// Returns the system's error number for `code`; 0 if there is none. After a
// failed step, sqlite3_system_errno does not have it. SQLite keeps it for the
// file: usually the log, to which all commits are written.
int ErrorNumber(sqlite3* connection, int code) {
  if ((code & 0xff) == SQLITE_CANTOPEN) return sqlite3_system_errno(connection);
  if ((code & 0xff) != SQLITE_IOERR) return 0;
  for (const int which :
       {SQLITE_FCNTL_JOURNAL_POINTER, SQLITE_FCNTL_FILE_POINTER}) {
    sqlite3_file* file = nullptr;
    sqlite3_file_control(connection, "main", which, &file);
    const int error_number = LastErrorNumber(file);
    if (error_number != 0) return error_number;
  }
  return 0;
}

// True if `code` means that there was no space for a write. A failed sync does
// not count: its data may still be on the disk, and STORE_FULL promises that
// nothing was changed.
bool MeansFull(int code, int error_number) {
  if ((code & 0xff) == SQLITE_FULL) return true;
  return code == SQLITE_IOERR_WRITE &&
         (error_number == ENOSPC || error_number == EFBIG ||
          error_number == EDQUOT);
}

// True if `code` means that a write was not permitted, so nothing was written.
bool MeansReadOnly(int code, int error_number) {
  const int kind = code & 0xff;
  if (kind == SQLITE_READONLY || kind == SQLITE_PERM) return true;
  return (code == SQLITE_IOERR_WRITE || kind == SQLITE_CANTOPEN) &&
         (error_number == EROFS || error_number == EACCES ||
          error_number == EPERM);
}

v1::ErrorReason ReasonFor(int code, int error_number) {
  if (MeansFull(code, error_number)) return v1::ERROR_REASON_STORE_FULL;
  return MeansReadOnly(code, error_number) ? v1::ERROR_REASON_STORE_REFUSED
                                           : v1::ERROR_REASON_STORE_UNAVAILABLE;
}

}  // namespace

std::string OneLine(absl::string_view text) {
  return absl::Utf8SafeCEscape(
      absl::StrReplaceAll(text, {{"\n", " "}, {"*** ", ""}, {" ***", ":"}}));
}

Rows::~Rows() {
  // Returns the failure of the last step, which Next has returned already.
  static_cast<void>(sqlite3_reset(statement_->statement_));
}

absl::StatusOr<bool> Rows::Next() {
  if (statement_->bind_code_ != SQLITE_OK) {
    return statement_->database_->Failure(statement_->bind_code_);
  }
  const int code = sqlite3_step(statement_->statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return statement_->database_->Failure(code);
}

uint64_t Rows::Number(int column) const {
  return static_cast<uint64_t>(
      sqlite3_column_int64(statement_->statement_, column));
}

absl::string_view Rows::Bytes(int column) const {
  const void* bytes = sqlite3_column_blob(statement_->statement_, column);
  const int size = sqlite3_column_bytes(statement_->statement_, column);
  if (bytes == nullptr) return {};  // NULL, empty, or out of memory
  return {static_cast<const char*>(bytes), static_cast<size_t>(size)};
}

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement::Statement(Statement&& other) noexcept
    : database_(other.database_),
      statement_(std::exchange(other.statement_, nullptr)),
      bind_code_(other.bind_code_) {}

Statement& Statement::operator=(Statement&& other) noexcept {
  std::swap(database_, other.database_);
  std::swap(statement_, other.statement_);
  std::swap(bind_code_, other.bind_code_);
  return *this;
}

void Statement::Clear() {
  sqlite3_clear_bindings(statement_);
  bind_code_ = SQLITE_OK;
}

void Statement::Bind(int index, uint64_t value) {
  const int code =
      sqlite3_bind_int64(statement_, index, static_cast<int64_t>(value));
  if (bind_code_ == SQLITE_OK) bind_code_ = code;
}

void Statement::Bind(int index, absl::string_view text) {
  const int code =
      sqlite3_bind_text64(statement_, index, text.empty() ? "" : text.data(),
                          text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  if (bind_code_ == SQLITE_OK) bind_code_ = code;
}

void Statement::Bind(int index, Blob blob) {
  // A null pointer would bind NULL, not the empty BLOB.
  const int code = sqlite3_bind_blob64(
      statement_, index, blob.bytes.empty() ? "" : blob.bytes.data(),
      blob.bytes.size(), SQLITE_TRANSIENT);
  if (bind_code_ == SQLITE_OK) bind_code_ = code;
}

absl::StatusOr<std::unique_ptr<Database>> Database::Open(
    const std::string& path) {
  sqlite3* connection = nullptr;
  // NOMUTEX, because the store has a mutex.
  const int code = sqlite3_open_v2(
      path.c_str(), &connection,
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
      nullptr);
  if (connection == nullptr) {
    return Refusal(v1::ERROR_REASON_STORE_UNAVAILABLE,
                   absl::StrCat(OneLine(path), ": out of memory"));
  }
  std::unique_ptr<Database> database(new Database(path, connection));
  if (code != SQLITE_OK) return database->Failure(code);
  database->KeepOnClose(true);
  // Replaces the hook that writes the log back in the middle of a commit.
  sqlite3_wal_hook(
      connection,
      [](void* log_pages, sqlite3*, const char*, int pages) {
        *static_cast<int*>(log_pages) = pages;
        return SQLITE_OK;
      },
      &database->log_pages_);
  return database;
}

void Database::Checkpoint() {
  sqlite3_wal_checkpoint_v2(connection_, nullptr, SQLITE_CHECKPOINT_PASSIVE,
                            nullptr, nullptr);
}

Database::~Database() { sqlite3_close(connection_); }

absl::StatusOr<Statement> Database::Prepare(absl::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v3(connection_, sql.data(), static_cast<int>(sql.size()),
                         SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return Failure(code);
  return Statement(this, statement);
}

absl::StatusOr<std::string> Database::Execute(absl::string_view sql) {
  auto statement = Prepare(sql);
  if (!statement.ok()) return statement.status();
  Rows rows = statement->Select();
  auto row = rows.Next();
  if (!row.ok()) return row.status();
  return *row ? std::string(rows.Bytes(0)) : std::string();
}

void Database::KeepOnClose(bool keep) {
  sqlite3_db_config(connection_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep ? 1 : 0,
                    nullptr);
}

bool Database::in_transaction() const {
  return sqlite3_get_autocommit(connection_) == 0;
}

bool Database::read_only() const {
  return sqlite3_db_readonly(connection_, "main") == 1;
}

bool Database::has_exclusive_lock() const {
  int level = SQLITE_LOCK_NONE;
  return sqlite3_file_control(connection_, "main", SQLITE_FCNTL_LOCKSTATE,
                              &level) == SQLITE_OK &&
         level == SQLITE_LOCK_EXCLUSIVE;
}

absl::Status Database::Failure(int code) {
  last_failure_ = code;
  const int error_number = ErrorNumber(connection_, code);
  std::string message = absl::StrCat(
      OneLine(path_), ": ", OneLine(sqlite3_errmsg(connection_)), " (SQLite ",
      code, error_number == 0 ? "" : ", ",
      error_number == 0 ? "" : std::generic_category().message(error_number),
      ")");
  return Refusal(ReasonFor(code, error_number), message);
}

absl::Status Transaction::Begin() {
  // If the last rollback failed, repeat it now. Otherwise all later changes
  // would fail.
  if (database_.in_transaction()) {
    absl::Status status = database_.Execute("ROLLBACK").status();
    if (!status.ok()) return status;
  }
  return database_.Execute("BEGIN IMMEDIATE").status();
}

absl::Status Transaction::Commit() {
  // A failed commit may be repeated on the same connection, even after a failed
  // sync. SQLite resets the log to its previous end, and the next commit writes
  // and syncs those pages again.
  // The commit may be in the log although its last step failed.
  return WithOutcome(database_.Execute("COMMIT").status(), /*maybe_made=*/true);
}

Transaction::~Transaction() {
  // After some failures SQLite has already rolled back. If ROLLBACK fails, the
  // next Begin repeats it.
  if (database_.in_transaction()) {
    static_cast<void>(database_.Execute("ROLLBACK"));
  }
}

}  // namespace clockwise
