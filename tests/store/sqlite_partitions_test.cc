// Tests partition tables in an SQLite file: damaged rows, and commits that
// fail.
#include <gtest/gtest.h>

#include <cerrno>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/store/row_digest.h"
#include "service/store/sqlite/sqlite_store.h"
#include "tests/store/fault_vfs.h"
#include "tests/store/other_program.h"
#include "tests/store/store_testing.h"
#include "tests/store/table_model.h"

namespace clockwise {
namespace {

class SqlitePartitionRowsTest : public DamagedFileTest {
 protected:
  // Creates a file with one ring of 256 partitions with three owners: four
  // rows.
  void SetUp() override {
    std::mt19937_64 random(2);
    TableModel model("r", 8);
    {
      const auto store = Open();
      ASSERT_OK(store->Create(TableHeadOf("r", 8)));
      ASSERT_OK(store->Apply(model.Fill(random, 3)));
      ASSERT_OK(store->Apply(model.MoveSome(random, 20)));
      whole_ = TextOf(*store);
    }
    bytes_ = ReadBytes(path_);
  }

  // Restores the undamaged file and then damages it with `sql`.
  void Damage(const std::string& sql,
              const std::vector<std::string>& blobs = {}) {
    WriteBytes(path_, bytes_);
    OtherProgram(path_).Run(sql, blobs);
  }

  std::string Row(int number) {
    WriteBytes(path_, bytes_);
    return OtherProgram(path_).Run(
        absl::StrCat("SELECT owners FROM partitions WHERE number = ", number));
  }

  std::string whole_;
  std::string bytes_;
};

TEST_F(SqlitePartitionRowsTest, ThatAreWholeOpen) {
  WriteBytes(path_, bytes_);
  EXPECT_EQ(TextOf(*Open()), whole_);
  Damage("UPDATE partitions SET owners = ? WHERE number = 2", {Row(2)});
  EXPECT_EQ(TextOf(*Open()), whole_) << "the same bytes";
}

TEST_F(SqlitePartitionRowsTest, AreRefusedIfABitIsFlipped) {
  for (const int number : {0, 1, 3}) {
    for (const size_t at : {0, 5, 400, 767}) {
      std::string owners = Row(number);
      ASSERT_EQ(owners.size(), 768);
      owners[at] = static_cast<char>(owners[at] ^ 4);
      Damage(absl::StrCat("UPDATE partitions SET owners = ? WHERE number = ",
                          number),
             {owners});
      ExpectDamaged("its rows do not match their digest");
    }
  }
}

TEST_F(SqlitePartitionRowsTest, AreRefusedIfOneIsMissingStrayOrMoved) {
  for (const char* sql :
       {"DELETE FROM partitions WHERE number = 0",
        "DELETE FROM partitions WHERE number = 3", "DELETE FROM partitions",
        "INSERT INTO partitions SELECT ring, 4, owners FROM partitions WHERE "
        "number = 3",
        "INSERT INTO partitions VALUES ('r', 4, x'')",
        "UPDATE partitions SET number = 5 WHERE number = 3",
        "UPDATE partitions SET owners = (SELECT owners FROM partitions WHERE "
        "number = 1) WHERE number = 2"}) {
    SCOPED_TRACE(sql);
    Damage(sql);
    ExpectDamaged("its rows do not match their digest");
  }
}

TEST_F(SqlitePartitionRowsTest, AreRefusedIfTwoHaveChangedPlaces) {
  const std::string first = Row(0);
  const std::string second = Row(1);
  ASSERT_NE(first, second);
  Damage(
      "UPDATE partitions SET owners = iif(number = 0, ?, ?) WHERE number < 2",
      {second, first});
  ExpectDamaged("its rows do not match their digest");
}

TEST_F(SqlitePartitionRowsTest, AreRefusedIfOneIsTooShortOrTooLong) {
  const std::string owners = Row(3);
  for (const std::string& other :
       {owners.substr(0, 767), owners.substr(0, 764), owners.substr(0, 756),
        owners + '\0', owners + std::string(12, '\0'), std::string()}) {
    Damage("UPDATE partitions SET owners = ? WHERE number = 3", {other});
    ExpectDamaged("its rows do not match their digest");
  }
}

// Rejected even if the digest is right, which no accident would achieve.
TEST_F(SqlitePartitionRowsTest, AreRefusedIfTheyAreNoWholeTable) {
  const std::string owners = Row(3);
  for (const std::string& other :
       {owners.substr(0, 764), owners.substr(0, 756), owners + owners}) {
    const uint64_t change =
        PartitionsDigest(3, other) - PartitionsDigest(3, owners);
    Damage("UPDATE partitions SET owners = ? WHERE number = 3", {other});
    const uint64_t was = [&] {
      const std::string text = OtherProgram(path_).Run(
          "SELECT CAST(digest AS TEXT) FROM rings WHERE name = 'r'");
      return static_cast<uint64_t>(std::stoll(text));
    }();
    OtherProgram(path_).Run(absl::StrCat("UPDATE rings SET digest = ",
                                         static_cast<int64_t>(was + change)));
    ExpectDamaged("entries, which do not fit 256 partitions");
  }
}

TEST_F(SqlitePartitionRowsTest, AreRefusedIfTheirTableIsNotAsItWasMade) {
  Damage("ALTER TABLE partitions ADD COLUMN more TEXT");
  ExpectDamaged("table partitions does not have the schema");
  Damage("DROP TABLE partitions");
  ExpectDamaged("table partitions does not have the schema");
}

// --- Failed commits. ---

using SqlitePartitionsTest = DamagedFileTest;

TEST_F(SqlitePartitionsTest, AFailedCommitLeavesTheTableAsItWas) {
  FaultVfs vfs;
  std::mt19937_64 random(3);
  TableModel model("r", 12);
  auto store = Open();
  ASSERT_OK(store->Create(TableHeadOf("r", 12)));
  ASSERT_OK(store->Apply(model.Fill(random, 3)));
  int failures = 0;
  for (int passing = 0; passing < 90; ++passing) {
    const OrdinalTable before = model.table();
    Commit commit = passing % 15 == 14
                        ? model.Fill(random, 1 + random() % 4)
                        : model.MoveSome(random, 1 + random() % 2000);
    commit.history_changes = 2;
    if (passing % 9 == 8) {
      vfs.FailSync(0, EIO);
    } else {
      vfs.FailWrite(passing % 30,
                    passing % 2 == 0 ? SQLITE_FULL : SQLITE_IOERR_WRITE, EIO);
    }
    const absl::Status status = store->Apply(commit);
    if (!status.ok()) {
      ++failures;
      ASSERT_TRUE(vfs.failed());
      ASSERT_EQ(store->Load("r")->table, before);
      ASSERT_EQ(store->Load("r")->head.epoch, model.epoch() - 1);
      vfs.FailSync(-1, 0);
      vfs.FailWrite(-1, 0, 0);
      ASSERT_OK(store->Apply(commit));
    }
    ASSERT_EQ(store->Load("r")->table, model.table());
  }
  EXPECT_GT(failures, 40);
  vfs.FailSync(-1, 0);
  vfs.FailWrite(-1, 0, 0);
  store.reset();
  EXPECT_EQ(Open()->Load("r")->table, model.table());
}

// Content that was not synced is lost; acknowledged commits were synced.
TEST_F(SqlitePartitionsTest, ALossOfPowerLosesNoMovedPartitions) {
  FaultVfs vfs;
  std::mt19937_64 random(4);
  TableModel model("r", 10);
  const auto store = Open();
  const std::string empty = ReadBytes(path_);
  ASSERT_OK(store->Create(TableHeadOf("r", 10)));
  ASSERT_OK(store->Apply(model.Fill(random, 3)));
  for (int i = 0; i < 60; ++i) {
    Commit commit = model.MoveSome(random, 1 + random() % 400);
    commit.history_changes = 2;
    ASSERT_OK(store->Apply(commit));
    if (i % 5 != 0) continue;
    TemporaryFolder after_loss(FastParent());
    const auto file = vfs.durable().find(path_);
    WriteBytes(after_loss.File("db"),
               file != vfs.durable().end() ? file->second : empty);
    WriteBytes(after_loss.File("db-wal"), vfs.durable().at(path_ + "-wal"));
    const auto recovered = SqliteStore::Open(after_loss.File("db"), {});
    ASSERT_OK(recovered.status());
    ASSERT_EQ((*recovered)->Load("r")->table, model.table());
  }
}

}  // namespace
}  // namespace clockwise
