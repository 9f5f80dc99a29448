// SqliteStore is a store in one SQLite file. It is the default store.
//
// Thread-safe: it has one connection, with a lock. While the store is open, no
// other process and no other handle can open the file. Until the store is
// closed, the newest changes are in the write-ahead log (-wal) beside the file;
// copy or move both together. Make a backup of the file only while the server
// is stopped, best with SQLite's VACUUM INTO. Only the owner can read new
// files.
//
// Durable: a commit is synced to the disk before it is acknowledged
// (write-ahead log, synchronous=FULL). The rows of each ring have a digest
// (row_digest.h), so the store rejects a file that was altered or damaged.
//
// A file or log that was removed or replaced while it is open is noticed before
// and after each commit, so that no change is acknowledged and then lost. A
// file that another program overwrites in place is not noticed.
//
// Limits: if the log of a crashed server is damaged, SQLite cannot tell the
// damage from a commit that the crash interrupted. The commits after the damage
// are then lost without an error. A file on NFS or SMB is only as safe as the
// locks of that file system.
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
#include "service/store/sqlite/file.h"
#include "service/store/store.h"

namespace clockwise {

class SqliteStore final : public Store {
 public:
  struct Options {
    // Maximum number of pages of 4 KiB; 0: no limit. Changes that need more
    // fail with STORE_FULL.
    uint32_t max_pages = 0;
    // Return NOT_FOUND, instead of creating a file, if there is none.
    bool must_exist = false;
  };

  // Opens the database at `path`, or creates it if no file exists. Checks its
  // whole content. Failures have a message of one line (path, problem, what to
  // do), and do not change the file or its folder:
  //   FAILED_PRECONDITION  the file is no database, or is of another program or
  //                        a newer schema, or is damaged.
  //   UNAVAILABLE          the file is in use, or the system reported an error.
  static absl::StatusOr<std::unique_ptr<SqliteStore>> Open(
      absl::string_view path, const Options& options);

  // Checks what Open finds out before it opens the file: that `path` is a
  // database which can be written, or that a file can be created there. Changes
  // nothing. Failures are those of Open.
  [[nodiscard]] static absl::Status CheckPath(absl::string_view path,
                                              const Options& options);

  ~SqliteStore() override;

  absl::StatusOr<std::vector<StoredRing>> LoadAll() override;
  absl::StatusOr<StoredRing> Load(absl::string_view ring) override;
  absl::StatusOr<RingHead> Head(absl::string_view ring) override;
  [[nodiscard]] absl::Status Import(const StoredRing& ring) override;
  [[nodiscard]] absl::Status Apply(const Commit& commit) override;
  absl::StatusOr<std::vector<DeletedRing>> Deleted() override;
  absl::StatusOr<StoredRing> LoadDeleted(absl::string_view ring,
                                         uint64_t incarnation) override;
  [[nodiscard]] absl::Status Purge(const DeletedRing& ring) override;
  bool up() const override { return up_ && Trust().ok(); }
  [[nodiscard]] absl::Status Trust() const override;

 private:
  [[nodiscard]] absl::Status CreateIfOpen(const StoredRing& ring,
                                          const StillOpen& open) override;
  [[nodiscard]] absl::Status DeleteIfOpen(const Deletion& deletion,
                                          const StillOpen& open) override;
  [[nodiscard]] absl::Status UndeleteIfOpen(const Commit& commit,
                                            const StillOpen& open) override;

  // A row of the table `rings`.
  struct HeadRow {
    RingHead head;     // its spec has only the name
    std::string spec;  // as stored
    uint64_t digest = 0;
  };
  // Remembers which files are open. The log may not exist before the first
  // commit.
  void NoteFiles() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Returns Trust(), after it has noted whether another program has written to
  // the file or, if `log_too`, to the log.
  [[nodiscard]] absl::Status CheckUnwritten(bool log_too)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Calls `write`, which makes one transaction. Returns the status for the
  // caller: STORE_UNAVAILABLE also if the files were removed, replaced or
  // overwritten, before or during the transaction.
  [[nodiscard]] absl::Status Write(absl::FunctionRef<absl::Status()> write)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // The prepared statements, in the order of kSql.
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
    kSelectDeleted,
    kSelectDeletedRing,
    kInsertDeleted,
    kDeleteDeleted,
    kQueries
  };
  static const absl::string_view kSql[kQueries];

  explicit SqliteStore(std::unique_ptr<Database> database)
      : path_(database->path()), database_(std::move(database)) {}

  // The steps of Open (sqlite_store_open.cc).
  [[nodiscard]] absl::Status Start(const Options& options)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Returns the schema version of the file.
  absl::StatusOr<uint32_t> Configure() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  [[nodiscard]] absl::Status Upgrade(uint32_t version)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  [[nodiscard]] absl::Status CheckContent() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Reading and writing. Failures are those of the database, the errors of
  // store_rules.h, and DATA_LOSS for rows that differ from what was written.
  absl::StatusOr<std::vector<std::string>> ReadNames()
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
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
  // `is_new`: requires that the ring from which it migrates exists.
  [[nodiscard]] absl::Status WriteImport(const StoredRing& ring, bool is_new)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // RING_IN_USE: another ring migrates from `ring`.
  [[nodiscard]] absl::Status CheckUnused(absl::string_view ring)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Writes all rows of a ring that does not exist.
  [[nodiscard]] absl::Status InsertRing(const StoredRing& ring)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  [[nodiscard]] absl::Status WriteDelete(const Deletion& deletion)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  [[nodiscard]] absl::Status WriteUndelete(const Commit& commit)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Deleted rings (sqlite_store_deleted.cc).
  // A row of the table `deleted`.
  struct DeletedRow {
    DeletedRing deleted;
    StoredRing ring;
  };
  [[nodiscard]] absl::Status InsertDeleted(const Deletion& deletion,
                                           const StoredRing& ring)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<std::vector<DeletedRing>> ReadDeleted()
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<DeletedRow> ReadDeletedRing(absl::string_view ring,
                                             uint64_t incarnation)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Reads the whole content of all deleted rings.
  [[nodiscard]] absl::Status CheckDeleted() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  [[nodiscard]] absl::Status WriteCommit(const Commit& commit)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  [[nodiscard]] absl::Status WriteNodes(const Commit& commit, uint64_t& digest)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  [[nodiscard]] absl::Status WriteHistory(const Commit& commit,
                                          uint64_t& digest)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // `spec` contains the stored bytes.
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
  // Writes the whole table of a ring that has no table yet.
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

  // Returns the status for the caller of a public function; updates `up_`.
  absl::Status ReportOutcome(absl::Status status)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const std::string path_;
  std::atomic<bool> up_ = true;
  // Inodes of the open files; 0: not known yet. Atomic, because Trust must not
  // wait for a commit. A file that is open keeps its inode to itself.
  std::atomic<uint64_t> file_inode_ = 0;
  std::atomic<uint64_t> log_inode_ = 0;
  std::atomic<bool> overwritten_ = false;  // by another program

  Mutex mu_;
  // The file and the log after the last own write.
  FileMark file_mark_ ABSL_GUARDED_BY(mu_);
  FileMark log_mark_ ABSL_GUARDED_BY(mu_);
  const std::unique_ptr<Database> database_ ABSL_PT_GUARDED_BY(mu_);
  std::vector<Statement> queries_ ABSL_GUARDED_BY(mu_);  // index: Query
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_SQLITE_SQLITE_STORE_H_
