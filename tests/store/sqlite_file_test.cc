// Tests which files an SqliteStore accepts, and that it does not change a file
// that it rejects.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/store/sqlite/file.h"
#include "service/store/sqlite/schema.h"
#include "service/store/sqlite/sqlite_store.h"
#include "tests/store/store_testing.h"

namespace clockwise {
namespace {

namespace fs = std::filesystem;

class SqliteFileTest : public testing::Test {
 protected:
  // Creates a database with one ring at `path_` and closes it.
  void MakeDatabase() {
    auto store = SqliteStore::Open(path_, {});
    ASSERT_OK(store.status());
    ASSERT_OK((*store)->Create(HeadOf("r")));
    ASSERT_OK((*store)->Apply(CommitOf("r", 2, {NodeOf("a", "host:1")})));
  }

  // Runs `sql` on the file as another program would.
  void Execute(const std::string& path, const std::string& sql) {
    sqlite3* connection = nullptr;
    ASSERT_EQ(sqlite3_open(path.c_str(), &connection), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(connection, sql.c_str(), nullptr, nullptr, nullptr),
              SQLITE_OK)
        << sqlite3_errmsg(connection);
    ASSERT_EQ(sqlite3_close(connection), SQLITE_OK);
  }

  // Checks that the file is rejected with one line that names it and contains
  // `why`, and that no byte in the folder has changed.
  void ExpectRefused(const std::string& path, absl::StatusCode code,
                     const std::string& why) {
    const auto before = ContentOf(folder_.path());
    const auto store = SqliteStore::Open(path, {});
    ASSERT_EQ(store.status().code(), code) << store.status();
    const std::string message(store.status().message());
    EXPECT_NE(message.find(path), std::string::npos) << message;
    EXPECT_NE(message.find(why), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    EXPECT_EQ(ContentOf(folder_.path()), before) << message;
  }
  void ExpectUnusable(const std::string& why) {
    ExpectRefused(path_, absl::StatusCode::kFailedPrecondition, why);
  }

  TemporaryFolder folder_;
  const std::string path_ = folder_.File("clockwise.db");
};

TEST_F(SqliteFileTest, AMissingFileIsCreatedAndAloneAfterClosing) {
  MakeDatabase();
  ASSERT_EQ(ContentOf(folder_.path()).size(), 1);
  const auto store = SqliteStore::Open(path_, {});
  ASSERT_OK(store.status());
  EXPECT_EQ((*store)->Load("r")->head.epoch, 2);
}

TEST_F(SqliteFileTest, WhileItIsOpenOnlyTheLogLiesBesideIt) {
  MakeDatabase();
  const auto store = SqliteStore::Open(path_, {});
  ASSERT_OK(store.status());
  EXPECT_TRUE(fs::exists(path_));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), {}), 2);
  EXPECT_TRUE(fs::exists(LogOf(path_)));
}

TEST_F(SqliteFileTest, WhatACrashedCreationLeftIsNoObstacle) {
  WriteBytes(path_ + ".new-abcdef", "half of a database");
  WriteBytes(path_ + ".new-abcdef-journal", "and its journal");
  MakeDatabase();
  EXPECT_OK(SqliteStore::Open(path_, {}).status());
}

TEST_F(SqliteFileTest, WhatAnotherProgramPublishedFirstIsNotReplaced) {
  MakeDatabase();
  const std::string bytes = ReadBytes(path_);
  const auto temporary = NewTemporaryFile(path_);
  ASSERT_OK(temporary.status());
  EXPECT_EQ(Publish(*temporary, path_).code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReadBytes(path_), bytes);
}

TEST_F(SqliteFileTest, AnEmptyFileIsRefused) {
  WriteBytes(path_, "");
  ExpectUnusable("is an empty file");
}

TEST_F(SqliteFileTest, AFileThatIsNoDatabaseIsRefused) {
  for (const std::string& bytes :
       {std::string("SQLite"), std::string(50'000, 'x'), std::string(1, '\0'),
        std::string(4096, '\0')}) {
    WriteBytes(path_, bytes);
    ExpectUnusable("is not an SQLite database");
  }
}

TEST_F(SqliteFileTest, AnotherProgramsDatabaseIsRefused) {
  Execute(path_, "CREATE TABLE rings(name TEXT); PRAGMA application_id = 17");
  ExpectUnusable("not one of Clockwise");
}

TEST_F(SqliteFileTest, ANewerSchemaIsRefused) {
  MakeDatabase();
  const uint32_t newer = kSchemaVersion + 1;
  Execute(path_, absl::StrCat("PRAGMA user_version = ", newer));
  ExpectUnusable(absl::StrCat("has schema version ", newer));
}

TEST_F(SqliteFileTest, ASchemaVersionBeforeTheFirstIsRefused) {
  MakeDatabase();
  Execute(path_, "PRAGMA user_version = 0");
  ExpectUnusable("is damaged");
}

TEST_F(SqliteFileTest, TablesThatWereAlteredAreRefused) {
  MakeDatabase();
  Execute(path_, "ALTER TABLE nodes ADD COLUMN extra TEXT");
  ExpectUnusable("table nodes does not have the schema");
}

// Each is one statement of another program that quick_check does not detect.
TEST_F(SqliteFileTest, RowsThatWereAlteredAreRefused) {
  for (const char* sql :
       {"UPDATE rings SET epoch = 3", "UPDATE rings SET fingerprint = 3",
        "UPDATE rings SET incarnation = 3", "UPDATE rings SET digest = 3",
        "UPDATE rings SET spec = x''", "DELETE FROM nodes",
        "DELETE FROM changes", "UPDATE changes SET epoch = 1",
        "UPDATE changes SET record = x''", "UPDATE nodes SET id = 'b'",
        "UPDATE nodes SET node = x'ff'",
        "UPDATE nodes SET node = CAST(replace(node, 'host', 'hose') AS BLOB)",
        "INSERT INTO nodes VALUES ('r', 'b', x'0a0162')"}) {
    SCOPED_TRACE(sql);
    fs::remove(path_);
    MakeDatabase();
    Execute(path_, sql);
    ExpectUnusable("is damaged (ring \"r\"");
  }
}

TEST_F(SqliteFileTest, ADirectoryIsRefused) {
  fs::create_directory(path_);
  ExpectUnusable("is a directory");
}

TEST_F(SqliteFileTest, AFileOfAnotherKindIsRefused) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  auto store = SqliteStore::Open(path_, {});
  EXPECT_EQ(store.status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(SqliteFileTest, AMissingFolderIsRefused) {
  ExpectRefused(folder_.File("no/such/db"), absl::StatusCode::kUnavailable,
                "cannot be created: No such file or directory");
}

TEST_F(SqliteFileTest, ALinkToNowhereIsRefused) {
  fs::create_symlink(folder_.File("nowhere"), path_);
  const auto store = SqliteStore::Open(path_, {});
  EXPECT_FALSE(store.ok());
  EXPECT_FALSE(fs::exists(folder_.File("nowhere")));
}

TEST_F(SqliteFileTest, AnEmptyPathIsRefused) {
  EXPECT_EQ(SqliteStore::Open("", {}).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(SqliteFileTest, AFileWithoutPermissionIsRefused) {
  MakeDatabase();
  // Drop the rights of root, which may access all files.
  const uid_t user = geteuid() == 0 ? 65534 : geteuid();
  ASSERT_EQ(chown(path_.c_str(), user, getegid()), 0);
  const auto expect_refused = [&](mode_t folder, mode_t file) {
    chmod(path_.c_str(), file);
    chmod(folder_.path().c_str(), folder);
    const uid_t self = geteuid();
    ASSERT_EQ(seteuid(user), 0);
    const auto store = SqliteStore::Open(path_, {});
    ASSERT_EQ(seteuid(self), 0);
    chmod(folder_.path().c_str(), 0755);
    EXPECT_EQ(store.status().code(), absl::StatusCode::kUnavailable);
    EXPECT_NE(store.status().message().find("Permission denied"),
              std::string::npos)
        << store.status();
  };
  expect_refused(0755, 0);     // cannot read it
  expect_refused(0755, 0400);  // cannot write it
  expect_refused(0555, 0600);  // cannot write the log beside it
}

TEST_F(SqliteFileTest, ALogWithoutItsFileIsRefused) {
  WriteBytes(LogOf(path_), "changes");
  ExpectUnusable("its log is there");
}

TEST_F(SqliteFileTest, ARollbackJournalBesideItIsRefused) {
  MakeDatabase();
  WriteBytes(path_ + "-journal", "of another program");
  ExpectUnusable("rollback journal");
}

TEST_F(SqliteFileTest, ABackupMadeWithVacuumIntoIsTaken) {
  MakeDatabase();
  const std::string backup = folder_.File("backup.db");
  Execute(path_, "VACUUM INTO '" + backup + "'");
  const auto store = SqliteStore::Open(path_, {});
  const auto restored = SqliteStore::Open(backup, {});
  ASSERT_OK(restored.status());
  EXPECT_EQ(TextOf(**restored), TextOf(**store));
  EXPECT_OK((*restored)->Apply(CommitOf("r", 3, {NodeOf("b")})));
}

TEST_F(SqliteFileTest, NamesThatMeanSomethingToSqliteAreFiles) {
  for (const char* name : {":memory:", "file:x?mode=memory", "with space 日"}) {
    SCOPED_TRACE(name);
    const fs::path old = fs::current_path();
    fs::current_path(folder_.path());
    auto store = SqliteStore::Open(name, {});
    ASSERT_OK(store.status());
    EXPECT_OK((*store)->Create(HeadOf("r")));
    store->reset();
    store = SqliteStore::Open(name, {});
    fs::current_path(old);
    ASSERT_OK(store.status());
    EXPECT_OK((*store)->Load("r").status());
    EXPECT_TRUE(fs::exists(folder_.File(name)));
  }
}

TEST_F(SqliteFileTest, ASecondHandleIsRefusedAtOnce) {
  MakeDatabase();
  const auto store = SqliteStore::Open(path_, {});
  ASSERT_OK(store.status());
  for (int i = 0; i < 2; ++i) {
    const auto second = SqliteStore::Open(path_, {});
    ASSERT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
    EXPECT_NE(second.status().message().find("in use by another clockwised"),
              std::string::npos)
        << second.status();
  }
  EXPECT_OK((*store)->Apply(CommitOf("r", 3, {NodeOf("b")})));
}

// A store that is open while another program writes to its files. The inodes
// stay the same.
class SqliteOverwrittenTest : public SqliteFileTest {
 protected:
  void SetUp() override {
    MakeDatabase();
    auto store = SqliteStore::Open(path_, {});
    ASSERT_OK(store.status());
    store_ = *std::move(store);
    ASSERT_OK(store_->Apply(CommitOf("r", 3, {NodeOf("b")})));
  }
  void ExpectDistrust() {
    const std::string found = ReadBytes(path_);
    const absl::Status status = store_->Apply(CommitOf("r", 4));
    EXPECT_REFUSED(status, STORE_UNAVAILABLE) << status;
    EXPECT_NE(status.message().find("another program has written"),
              std::string::npos)
        << status;
    EXPECT_REFUSED(store_->Create(HeadOf("s")), STORE_UNAVAILABLE);
    EXPECT_REFUSED(store_->Delete("r", 7), STORE_UNAVAILABLE);
    EXPECT_REFUSED(store_->Trust(), STORE_UNAVAILABLE);
    EXPECT_FALSE(store_->up());
    store_.reset();
    EXPECT_EQ(ReadBytes(path_), found);
    EXPECT_TRUE(fs::exists(path_ + "-wal"));
  }
  std::string OtherDatabase() {
    const std::string other = folder_.File("other.db");
    auto store = SqliteStore::Open(other, {}).value();
    EXPECT_OK(store->Create(HeadOf("other")));
    std::vector<v1::Node> nodes;
    for (int i = 0; i < 500; ++i) {
      nodes.push_back(NodeOf(absl::StrCat("n", i), "host:1"));
    }
    EXPECT_OK(store->Apply(CommitOf("other", 2, nodes)));
    store.reset();
    return ReadBytes(other);
  }

  std::unique_ptr<SqliteStore> store_;
};

TEST_F(SqliteOverwrittenTest, AnotherDatabaseInItsPlaceGetsNoChange) {
  WriteBytes(path_, OtherDatabase());
  ExpectDistrust();
}

TEST_F(SqliteOverwrittenTest, ATruncatedFileGetsNoChange) {
  fs::resize_file(path_, 0);
  ExpectDistrust();
}

TEST_F(SqliteOverwrittenTest, AFileOfTheSameSizeGetsNoChange) {
  fs::last_write_time(path_,
                      fs::last_write_time(path_) + std::chrono::seconds(1));
  ExpectDistrust();
}

TEST_F(SqliteOverwrittenTest, ATruncatedLogGetsNoChange) {
  fs::resize_file(path_ + "-wal", 0);
  ExpectDistrust();
}

TEST_F(SqliteOverwrittenTest, OwnWritesToTheFileAreNotForeign) {
  const auto before = fs::last_write_time(path_);
  uint64_t epoch = 3;
  // Until the log has been written back to the file, and some more.
  for (int more = 0; more < 100; more += before != fs::last_write_time(path_)) {
    ASSERT_LT(++epoch, 5000);
    ASSERT_OK(store_->Apply(
        CommitOf("r", epoch, {NodeOf(absl::StrCat("n", epoch % 100))})));
  }
  ASSERT_OK(store_->Create(HeadOf("s")));
  ASSERT_OK(store_->Delete("s", 7));
  ASSERT_OK(store_->Trust());
}

}  // namespace
}  // namespace clockwise
