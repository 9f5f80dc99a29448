// Classes that wrap SQLite's C API, with owners and statuses instead of
// finalisers and codes:
//   Database     one connection to an SQLite file
//   Statement    a prepared statement of a Database
//   Rows         one execution of a Statement
//   Transaction  one unit of work
//
// Thread-compatible; SqliteStore has a lock. A Database must outlive its
// Statements, and a Statement its Rows.
//
// Failures have a message with the path and SQLite's message:
//   STORE_FULL         no space (disk, quota, or the page limit) for a write.
//   STORE_REFUSED      the file, folder or file system is read-only.
//   STORE_UNAVAILABLE  all other failures; last_failure() returns the code.
#ifndef CLOCKWISE_SERVICE_STORE_SQLITE_DATABASE_H_
#define CLOCKWISE_SERVICE_STORE_SQLITE_DATABASE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

struct sqlite3;
struct sqlite3_stmt;

namespace clockwise {

class Database;

// Blob marks bytes that are bound as a BLOB; a plain string is bound as TEXT.
struct Blob {
  absl::string_view bytes;
};

// Rows is one execution of a statement. The destructor resets the statement, so
// that no read stays open.
class Rows {
 public:
  explicit Rows(class Statement& statement) : statement_(&statement) {}
  ~Rows();
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  // Moves to the next row. Returns false if there is none.
  absl::StatusOr<bool> Next();

  // Return a column of the present row; the first is 0. Number returns the bit
  // pattern of SQLite's signed number. Bytes returns a TEXT or BLOB, which is
  // valid until Next.
  uint64_t Number(int column) const;
  absl::string_view Bytes(int column) const;

 private:
  class Statement* statement_;
};

class Statement {
 public:
  Statement() = default;
  ~Statement();
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;

  // Executes the statement with `values` as its parameters, in order: uint64_t,
  // text or Blob. The first Next returns a failure to bind. A statement can
  // have one execution at a time.
  template <typename... Values>
  Rows Select(const Values&... values) {
    Clear();
    int index = 0;
    (Bind(++index, values), ...);
    return Rows(*this);
  }

  // Executes a statement that returns no rows.
  template <typename... Values>
  [[nodiscard]] absl::Status Run(const Values&... values) {
    return Select(values...).Next().status();
  }

 private:
  friend class Database;
  friend class Rows;

  Statement(Database* database, sqlite3_stmt* statement)
      : database_(database), statement_(statement) {}

  void Clear();
  void Bind(int index, uint64_t value);
  void Bind(int index, absl::string_view text);
  void Bind(int index, Blob blob);

  Database* database_ = nullptr;
  sqlite3_stmt* statement_ = nullptr;  // owned
  int bind_code_ = 0;                  // code of the first failure to bind
};

class Database {
 public:
  // Opens an existing file for reading and writing, without reading it yet.
  // Closing does not change file and log, unless KeepOnClose(false) was called.
  static absl::StatusOr<std::unique_ptr<Database>> Open(
      const std::string& path);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  absl::StatusOr<Statement> Prepare(absl::string_view sql);

  // Runs one statement. Returns the first column of its first row as text;
  // empty if there is no row. For pragmas and statements that run once.
  absl::StatusOr<std::string> Execute(absl::string_view sql);

  // Sets whether closing keeps the write-ahead log (true), or writes it back
  // into the file and removes it (false).
  void KeepOnClose(bool keep);

  // Returns the number of pages in the write-ahead log after the last commit.
  // It is not written back by itself: call Checkpoint.
  int log_pages() const { return log_pages_; }
  // Writes the log back into the file. A failure leaves pages in the log, and
  // does not matter.
  void Checkpoint();

  bool in_transaction() const;
  // True if permissions or the header of the file do not allow writing.
  bool read_only() const;
  // True if this connection has an exclusive lock on the file.
  bool has_exclusive_lock() const;
  // Returns SQLite's extended code of the last failure; 0 if there was none.
  int last_failure() const { return last_failure_; }
  const std::string& path() const { return path_; }

  // Returns the error for `code`, which the last call on this connection
  // returned.
  absl::Status Failure(int code);

 private:
  Database(std::string path, sqlite3* connection)
      : path_(std::move(path)), connection_(connection) {}

  const std::string path_;
  sqlite3* const connection_;  // owned
  int last_failure_ = 0;
  int log_pages_ = 0;
};

// Transaction is one unit of work. The destructor rolls it back if it was not
// committed.
class Transaction {
 public:
  explicit Transaction(Database& database) : database_(database) {}
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  [[nodiscard]] absl::Status Begin();
  // After OK, the work is durable. After a failure, the database contains none
  // of it. Exception: if only the final sync failed, the work may be present
  // after a crash.
  [[nodiscard]] absl::Status Commit();

 private:
  Database& database_;
};

// Returns `text`, a path or a message of SQLite, as one line.
std::string OneLine(absl::string_view text);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_SQLITE_DATABASE_H_
