// Tests SqliteStore as a Store, and its guarantees when the disk is full,
// fails, or loses power.
#include "service/store/sqlite/sqlite_store.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/resource.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include "service/store/memory_store.h"
#include "tests/store/fault_vfs.h"
#include "tests/store/store_acceptance.h"
#include "tests/store/store_deletion_acceptance.h"
#include "tests/store/store_exchange_acceptance.h"
#include "tests/store/store_partition_acceptance.h"

namespace clockwise {
namespace {

std::unique_ptr<SqliteStore> MustOpen(
    const std::string& path, const SqliteStore::Options& options = {}) {
  auto store = SqliteStore::Open(path, options);
  EXPECT_OK(store.status());
  return store.ok() ? *std::move(store) : nullptr;
}

struct Sqlite {
  std::shared_ptr<Store> NewStore() { return MustOpen(folder.File("db")); }
  std::shared_ptr<Store> Reopen(std::shared_ptr<Store> store) {
    store.reset();
    return MustOpen(folder.File("db"));
  }
  TemporaryFolder folder;
};

INSTANTIATE_TYPED_TEST_SUITE_P(SqliteStore, StoreAcceptance, Sqlite);
INSTANTIATE_TYPED_TEST_SUITE_P(SqliteStore, StoreDeletionAcceptance, Sqlite);
INSTANTIATE_TYPED_TEST_SUITE_P(SqliteStore, StoreExchangeAcceptance, Sqlite);
INSTANTIATE_TYPED_TEST_SUITE_P(SqliteStore, StorePartitionAcceptance, Sqlite);

// Returns a commit of up to four random nodes to a ring at `epoch` - 1.
Commit RandomCommit(std::mt19937_64& random, uint64_t epoch) {
  Commit commit = CommitOf("r", epoch);
  commit.history_changes = 1 + random() % 8;
  std::map<std::string, bool> touched;
  for (uint64_t i = random() % 4 + 1; i > 0; --i) {
    touched[absl::StrCat("node-", random() % 20)] = random() % 3 == 0;
  }
  for (const auto& [id, remove] : touched) {
    if (remove) {
      commit.record.mutable_change()->add_removed_ids(id);
    } else {
      *commit.record.mutable_change()->add_upserted() =
          NodeOf(id, std::string(random() % 3000, 'x'));
    }
  }
  return commit;
}

TEST(SqliteStoreTest, AnyWalkGivesWhatMemoryGives) {
  TemporaryFolder folder;
  std::mt19937_64 random(1);
  MemoryStore memory;
  auto sqlite = MustOpen(folder.File("db"));
  ASSERT_OK(memory.Create(HeadOf("r")));
  ASSERT_OK(sqlite->Create(HeadOf("r")));
  for (uint64_t epoch = 2; epoch < 150; ++epoch) {
    const Commit commit = RandomCommit(random, epoch);
    ASSERT_OK(memory.Apply(commit));
    ASSERT_OK(sqlite->Apply(commit));
    ASSERT_EQ(TextOf(*sqlite), TextOf(memory));
    if (epoch % 10 == 0) {
      sqlite.reset();
      sqlite = MustOpen(folder.File("db"));
    }
  }
}

TEST(SqliteStoreTest, EachCommitIsSyncedBeforeItIsAcknowledged) {
  TemporaryFolder folder;
  FaultVfs vfs;
  auto store = MustOpen(folder.File("db"));
  ASSERT_OK(store->Create(HeadOf("r")));
  for (uint64_t epoch = 2; epoch < 50; ++epoch) {
    const int before = vfs.syncs();
    ASSERT_OK(store->Apply(CommitOf("r", epoch, {NodeOf("a")})));
    EXPECT_GE(vfs.syncs(), before + 1) << "epoch " << epoch;
  }
}

// Drops unsynced content between two commits. The loop is long enough that the
// log is written back into the file, which happens after 1,000 pages.
TEST(SqliteStoreTest, ALossOfPowerLosesNoAcknowledgedCommit) {
  TemporaryFolder folder;
  TemporaryFolder after_loss;
  FaultVfs vfs;
  std::mt19937_64 random(2);
  const std::string path = folder.File("db");
  auto store = MustOpen(path);
  ASSERT_OK(store->Create(HeadOf("r")));
  for (uint64_t epoch = 2; epoch < 400; ++epoch) {
    ASSERT_OK(store->Apply(RandomCommit(random, epoch)));
    if (epoch % 13 != 0) continue;
    const std::string copy = after_loss.File(absl::StrCat("db", epoch));
    // A file that was never synced has the content with which it was created.
    const auto file = vfs.durable().find(path);
    WriteBytes(copy, file != vfs.durable().end() ? file->second : "");
    if (file == vfs.durable().end()) {
      TemporaryFolder fresh;
      MustOpen(fresh.File("db"));
      WriteBytes(copy, ReadBytes(fresh.File("db")));
    }
    WriteBytes(copy + "-wal", vfs.durable().at(path + "-wal"));
    auto recovered = MustOpen(copy);
    ASSERT_NE(recovered, nullptr);
    ASSERT_EQ(TextOf(*recovered), TextOf(*store)) << "epoch " << epoch;
  }
}

// A failure of one write or sync of a commit.
struct Fault {
  const char* name;
  int code;  // 0: a sync fails
  int error_number;
  v1::ErrorReason reason;
};
class SqliteStoreFaultTest : public testing::TestWithParam<Fault> {};

TEST_P(SqliteStoreFaultTest, AFailedCommitChangesNothingAndTheNextSucceeds) {
  const Fault& fault = GetParam();
  TemporaryFolder folder;
  FaultVfs vfs;
  std::mt19937_64 random(3);
  auto store = MustOpen(folder.File("db"));
  ASSERT_OK(store->Create(HeadOf("r")));
  uint64_t epoch = 2;
  for (; epoch < 20; ++epoch) {
    ASSERT_OK(store->Apply(RandomCommit(random, epoch)));
  }
  int failures = 0;
  for (int passing = 0; passing < 200; ++passing, ++epoch) {
    const std::string before = TextOf(*store);
    const Commit commit = RandomCommit(random, epoch);
    if (fault.code == 0) {
      vfs.FailSync(passing % 2, fault.error_number);
    } else {
      vfs.FailWrite(passing % 40, fault.code, fault.error_number);
    }
    const absl::Status status = store->Apply(commit);
    if (!status.ok()) {
      ++failures;
      EXPECT_TRUE(vfs.failed());
      EXPECT_EQ(ReasonOf(status), fault.reason) << status;
      EXPECT_EQ(store->up(),
                fault.reason != v1::ERROR_REASON_STORE_UNAVAILABLE);
      ASSERT_EQ(TextOf(*store), before);
      vfs.FailSync(-1, 0);
      vfs.FailWrite(-1, 0, 0);
      ASSERT_OK(store->Apply(commit));
    }
    EXPECT_TRUE(store->up());
  }
  EXPECT_GT(failures, 20);
  const std::string at_the_end = TextOf(*store);
  store.reset();
  EXPECT_EQ(TextOf(*MustOpen(folder.File("db"))), at_the_end);
}

INSTANTIATE_TEST_SUITE_P(
    SqliteStoreTest, SqliteStoreFaultTest,
    testing::Values(
        Fault{"NoSpace", SQLITE_FULL, 0, v1::ERROR_REASON_STORE_FULL},
        Fault{"WriteTooFar", SQLITE_IOERR_WRITE, EFBIG,
              v1::ERROR_REASON_STORE_FULL},
        Fault{"OverQuota", SQLITE_IOERR_WRITE, EDQUOT,
              v1::ERROR_REASON_STORE_FULL},
        Fault{"ReadOnlyFileSystem", SQLITE_IOERR_WRITE, EROFS,
              v1::ERROR_REASON_STORE_REFUSED},
        Fault{"NotPermitted", SQLITE_IOERR_WRITE, EPERM,
              v1::ERROR_REASON_STORE_REFUSED},
        Fault{"ReadOnlyFile", SQLITE_READONLY, 0,
              v1::ERROR_REASON_STORE_REFUSED},
        Fault{"WriteError", SQLITE_IOERR_WRITE, EIO,
              v1::ERROR_REASON_STORE_UNAVAILABLE},
        Fault{"SyncError", 0, EIO, v1::ERROR_REASON_STORE_UNAVAILABLE},
        // The bytes may be on the disk: the error must not say "nothing was
        // changed".
        Fault{"SyncWithoutSpace", 0, ENOSPC,
              v1::ERROR_REASON_STORE_UNAVAILABLE}),
    [](const auto& test) { return test.param.name; });

TEST(SqliteStoreTest, AFileThatIsGoneTakesNoChange) {
  TemporaryFolder folder;
  auto store = MustOpen(folder.File("db"));
  ASSERT_OK(store->Create(HeadOf("r")));
  uint64_t epoch = 2;
  for (const char* name : {"db", "db-wal"}) {
    for (const bool replaced : {false, true}) {
      const std::string path = folder.File(name);
      std::filesystem::rename(path, folder.File("away"));
      if (replaced) WriteBytes(path, "other");
      const std::string before = TextOf(*store);
      for (const absl::Status& status :
           {store->Apply(CommitOf("r", epoch)), store->Create(HeadOf("s")),
            store->Delete("r", 7), store->Trust()}) {
        EXPECT_REFUSED(status, STORE_UNAVAILABLE) << status;
        EXPECT_NE(status.message().find(
                      path + (replaced ? ": was replaced" : ": was removed")),
                  std::string::npos)
            << status;
      }
      EXPECT_FALSE(store->up());
      EXPECT_EQ(TextOf(*store), before);
      // The right file is back.
      std::filesystem::rename(folder.File("away"), path);
      ASSERT_OK(store->Trust());
      ASSERT_OK(store->Apply(CommitOf("r", epoch++)));
      EXPECT_TRUE(store->up());
    }
  }
  const std::string at_the_end = TextOf(*store);
  store.reset();
  EXPECT_EQ(TextOf(*MustOpen(folder.File("db"))), at_the_end);
}

TEST(SqliteStoreTest, ACommitToAFileThatIsOverwrittenIsNotAcknowledged) {
  TemporaryFolder folder;
  FaultVfs vfs;
  auto store = MustOpen(folder.File("db"));
  ASSERT_OK(store->Create(HeadOf("r")));
  vfs.BeforeSync([&] { WriteBytes(folder.File("db"), "other"); });
  EXPECT_REFUSED(store->Apply(CommitOf("r", 2)), STORE_UNAVAILABLE);
}

TEST(SqliteStoreTest, ACommitToAFileThatGoesMeanwhileIsNotAcknowledged) {
  TemporaryFolder folder;
  FaultVfs vfs;
  auto store = MustOpen(folder.File("db"));
  ASSERT_OK(store->Create(HeadOf("r")));
  vfs.BeforeSync(
      [&] { std::filesystem::rename(folder.File("db"), folder.File("away")); });
  EXPECT_REFUSED(store->Apply(CommitOf("r", 2)), STORE_UNAVAILABLE);
  std::filesystem::rename(folder.File("away"), folder.File("db"));
  ASSERT_OK(store->Trust());
}

TEST(SqliteStoreTest, AFullStoreRefusesChangesAndGoesOnReading) {
  TemporaryFolder folder;
  auto store = MustOpen(folder.File("db"), {.max_pages = 40});
  ASSERT_OK(store->Create(HeadOf("r")));
  ASSERT_OK(store->Create(HeadOf("other")));
  ASSERT_OK(store->Apply(
      CommitOf("other", 2, {NodeOf("a", std::string(20'000, 'x'))})));
  uint64_t epoch = 2;
  absl::Status status;
  std::string before;
  for (; epoch < 100; ++epoch) {
    before = TextOf(*store);
    status = store->Apply(
        CommitOf("r", epoch,
                 {NodeOf(absl::StrCat("n", epoch), std::string(5'000, 'x'))}));
    if (!status.ok()) break;
  }
  EXPECT_REFUSED(status, STORE_FULL);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_NE(std::string(status.message()).find(folder.File("db")),
            std::string::npos)
      << status;
  EXPECT_TRUE(store->up());  // it can be read
  EXPECT_EQ(TextOf(*store), before);

  // There is space again, and the rejected epoch is the next one.
  ASSERT_OK(store->Delete("other", 7));
  ASSERT_OK(store->Apply(CommitOf("r", epoch, {NodeOf("small")})));
  EXPECT_TRUE(store->up());
}

TEST(SqliteStoreTest, ADiskThatTakesNoMoreIsAFullStore) {
  TemporaryFolder folder;
  auto store = MustOpen(folder.File("db"));
  ASSERT_OK(store->Create(HeadOf("r")));
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit limit = {};
  getrlimit(RLIMIT_FSIZE, &limit);
  const rlim_t old_limit = std::exchange(limit.rlim_cur, rlim_t{100'000});
  setrlimit(RLIMIT_FSIZE, &limit);
  absl::Status status;
  uint64_t epoch = 2;
  for (; status.ok() && epoch < 1000; ++epoch) {
    status = store->Apply(CommitOf("r", epoch, {NodeOf("a")}));
  }
  const std::string when_full = TextOf(*store);
  limit.rlim_cur = old_limit;
  setrlimit(RLIMIT_FSIZE, &limit);
  std::signal(SIGXFSZ, old_handler);

  EXPECT_REFUSED(status, STORE_FULL) << status;
  EXPECT_EQ(TextOf(*store), when_full);
  ASSERT_OK(store->Apply(CommitOf("r", epoch - 1, {NodeOf("a")})));
}

}  // namespace
}  // namespace clockwise
