// SqliteStore is a store in one SQLite file, and the default one.
//
// Thread-safe: one connection, locked. It owns the file: while it is open, no
// other process and no other handle can open it. Beside the file lies its
// write-ahead log (-wal) with the newest changes until the store is closed:
// both belong together. Backups are made of a stopped server's file, best with
// SQLite's VACUUM INTO. Files are made readable for their owner only.
//
// Durable: a commit is synced to the disk before it is acknowledged
// (write-ahead log, synchronous=FULL). Each ring's rows carry a digest
// (row_digest.h), so a file that was altered or damaged is refused and never
// served.
//
// Limits: damage *in the log* of a server that crashed looks to SQLite like a
// commit that the crash cut off; the commits after it are lost silently. A file
// on NFS or SMB is as safe as that system's locks.
#ifndef CLOCKWISE_SERVICE_STORE_SQLITE_SQLITE_STORE_H_
#define CLOCKWISE_SERVICE_STORE_SQLITE_SQLITE_STORE_H_

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "service/runtime/mutex.h"
#include "service/store/sqlite/database.h"
#include "service/store/store.h"

namespace clockwise {

class SqliteStore final : public Store {
 public:
  struct Options {
    // The file may have at most this many pages of 4 KiB, 0: no bound. Beyond,
    // changes are refused with STORE_FULL.
    uint32_t max_pages = 0;
    // Nothing is created where nothing is: NOT_FOUND.
    bool must_exist = false;
  };

  // Opens the database at `path`, and creates it if nothing is there. Checks
  // all of its content. Failures carry one line for people (path, what is
  // wrong, what to do) and leave the file and its folder as they were:
  //   FAILED_PRECONDITION  no database, another program's, of a newer schema,
  //                        or damaged.
  //   UNAVAILABLE          in use, or the system refused.
  static absl::StatusOr<std::unique_ptr<SqliteStore>> Open(
      absl::string_view path, const Options& options);

  ~SqliteStore() override;

  absl::StatusOr<std::vector<StoredRing>> LoadAll() override;
  absl::StatusOr<StoredRing> Load(absl::string_view ring) override;
  absl::StatusOr<RingHead> Head(absl::string_view ring) override;
  [[nodiscard]] absl::Status Import(const StoredRing& ring) override;
  [[nodiscard]] absl::Status Delete(absl::string_view ring,
                                    uint64_t incarnation) override;
  [[nodiscard]] absl::Status Apply(const Commit& commit) override;
  bool up() const override { return up_; }

 private:
  // A row of the table rings.
  struct HeadRow {
    RingHead head;     // of the spec, only the name
    std::string spec;  // as stored
    uint64_t digest = 0;
  };
  // What is prepared once and run often; see kSql.
  enum Query {
    kSelectRings,
    kSelectRing,
    kInsertRing,
    kUpdateRing,
    kDeleteRing,
    kSelectNodes,
    kSelectNode,
    kUpsertNode,
    kDeleteNode,
    kSelectChanges,
    kSelectOldChanges,
    kInsertChange,
    kDeleteOldChanges,
    kSelectPartitions,
    kSelectPartitionsRow,
    kUpsertPartitions,
    kDeletePartitions,
    kQueries
  };
  static const absl::string_view kSql[kQueries];

  explicit SqliteStore(std::unique_ptr<Database> database)
      : database_(std::move(database)) {}

  // The steps of Open (sqlite_store_open.cc).
  [[nodiscard]] absl::Status Start(const Options& options)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // The schema version of the file.
  absl::StatusOr<uint32_t> Configure() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  [[nodiscard]] absl::Status Upgrade(uint32_t version)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  [[nodiscard]] absl::Status CheckContent() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Reading and writing. Failures are those of the database, refusals of the
  // store's rules, and DATA_LOSS for rows that differ from what was written.
  absl::StatusOr<std::vector<StoredRing>> ReadAll()
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<StoredRing> Read(absl::string_view ring)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<HeadRow> ReadHead(absl::string_view ring)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  [[nodiscard]] absl::Status CheckDigest(const HeadRow& row)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  [[nodiscard]] absl::Status ReadNodes(StoredRing& ring)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  [[nodiscard]] absl::Status ReadHistory(StoredRing& ring)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  [[nodiscard]] absl::Status ReadTable(StoredRing& ring)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  [[nodiscard]] absl::Status WriteImport(const StoredRing& ring)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  [[nodiscard]] absl::Status WriteDelete(absl::string_view ring,
                                         uint64_t incarnation)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  [[nodiscard]] absl::Status WriteCommit(const Commit& commit)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  [[nodiscard]] absl::Status WriteNodes(const Commit& commit, uint64_t& digest)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  [[nodiscard]] absl::Status WriteHistory(const Commit& commit,
                                          uint64_t& digest)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // `spec` is the spec as stored.
  [[nodiscard]] absl::Status WritePartitions(const Commit& commit,
                                             const std::string& spec,
                                             uint64_t& digest)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  [[nodiscard]] absl::Status MovePartitions(const Commit& commit,
                                            size_t partitions_per_row,
                                            size_t width, uint64_t& digest)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  [[nodiscard]] absl::Status ReplacePartitions(const Commit& commit,
                                               uint64_t& digest)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Writes the whole table of a ring that has none.
  [[nodiscard]] absl::Status InsertTable(absl::string_view ring,
                                         std::span<const uint32_t> owners,
                                         size_t partitions, uint64_t& digest)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Calls `each` with every row of the ring's table.
  [[nodiscard]] absl::Status VisitPartitions(
      absl::string_view ring,
      absl::FunctionRef<void(uint64_t number, absl::string_view owners)> each)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  [[nodiscard]] absl::Status TakeNode(absl::string_view ring,
                                      absl::string_view id, uint64_t& digest)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // The status of a call as its caller shall see it; keeps `up_`.
  absl::Status ReportOutcome(absl::Status status)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  std::atomic<bool> up_ = true;

  Mutex mu_;
  const std::unique_ptr<Database> database_ ABSL_PT_GUARDED_BY(mu_);
  std::vector<Statement> queries_ ABSL_GUARDED_BY(mu_);  // by Query
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_SQLITE_SQLITE_STORE_H_
