// A Database is one connection to an SQLite file, a Statement a prepared
// statement of it, Rows one execution, a Transaction one unit of work: SQLite's
// C API with owners and statuses in place of finalisers and codes.
//
// Thread-compatible: SqliteStore locks around it. A Database must outlive its
// Statements, a Statement its Rows.
//
// Failures are refusals that name the path and SQLite's own words:
//   STORE_FULL         no space (disk, quota, or the page limit) for a write.
//   STORE_UNAVAILABLE  everything else. last_failure() tells what.
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

// Bytes to be bound as a BLOB; a plain string is bound as TEXT.
struct Blob {
  absl::string_view bytes;
};

// Resets its statement when it goes, so that no read stays open.
class Rows {
 public:
  explicit Rows(class Statement& statement) : statement_(&statement) {}
  ~Rows();
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  // Goes to the next row; false: there is none.
  absl::StatusOr<bool> Next();

  // Columns of the present row, from 0. Numbers are the bit pattern of SQLite's
  // signed ones. Bytes (of a TEXT or BLOB) are valid until Next.
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

  // Executes with `values` for its parameters, in order: uint64_t, text or
  // Blob. A failure to bind comes out of the first Next. One execution at a
  // time.
  template <typename... Values>
  Rows Select(const Values&... values) {
    Clear();
    int index = 0;
    (Bind(++index, values), ...);
    return Rows(*this);
  }

  // The same for a statement without rows.
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
  int bind_code_ = 0;                  // the first failure to bind
};

class Database {
 public:
  // Opens an existing file for reading and writing. Nothing of the file is read
  // yet. Closing leaves file and log as they are until KeepOnClose(false).
  static absl::StatusOr<std::unique_ptr<Database>> Open(
      const std::string& path);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  absl::StatusOr<Statement> Prepare(absl::string_view sql);

  // Runs one statement and gives the first column of its first row as text,
  // empty if there is no row: for pragmas and what is not repeated.
  absl::StatusOr<std::string> Execute(absl::string_view sql);

  // Whether closing leaves the write-ahead log where it is (true) or writes it
  // back into the file and removes it (false).
  void KeepOnClose(bool keep);

  bool in_transaction() const;
  // Nobody can write this file, for its permissions or for its header.
  bool read_only() const;
  // This connection has the file to itself.
  bool has_exclusive_lock() const;
  // SQLite's extended code of the last failure; 0: there was none.
  int last_failure() const { return last_failure_; }
  const std::string& path() const { return path_; }

  // The refusal for `code`, which a call on this connection just returned.
  absl::Status Failure(int code);

 private:
  Database(std::string path, sqlite3* connection)
      : path_(std::move(path)), connection_(connection) {}

  const std::string path_;
  sqlite3* const connection_;  // owned
  int last_failure_ = 0;
};

// Rolls back what was not committed.
class Transaction {
 public:
  explicit Transaction(Database& database) : database_(database) {}
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  [[nodiscard]] absl::Status Begin();
  // When it returns OK, the work is durable. After a failure nothing of it is
  // in the database, except that a crash may bring it back where only the
  // final sync failed.
  [[nodiscard]] absl::Status Commit();

 private:
  Database& database_;
};

// A path or an SQLite message, fit for one line of text.
std::string OneLine(absl::string_view text);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_SQLITE_DATABASE_H_
