#include "service/store/backup.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "tests/store/table_model.h"

namespace clockwise {
namespace {

class BackupTest : public testing::Test {
 protected:
  // Returns rings of all kinds: with nodes, labels, bytes that are not text,
  // and a table, and an empty one.
  static std::vector<StoredRing> Rings() {
    StoredRing hashed;
    hashed.head = HeadOf("hashed", ~uint64_t{0});
    hashed.head.epoch = 12;
    v1::Node node = NodeOf("a", "höst:1");
    (*node.mutable_labels())[std::string("nul\0key", 7)] = "value";
    hashed.nodes = {node, NodeOf("b")};
    hashed.history = {CommitOf("hashed", 11, {node}).record,
                      CommitOf("hashed", 12, {NodeOf("b")}, {"x"}).record};
    StoredRing empty;
    empty.head = HeadOf("empty");
    std::mt19937_64 random(3);
    TableModel model("table", 18);
    StoredRing table;
    table.head = TableHeadOf("table", 18);
    table.head.epoch = 2;
    table.history = {model.Fill(random, 2).record};
    table.table = model.table();
    return {empty, hashed, table};
  }
  static std::string Text(const std::vector<StoredRing>& rings) {
    std::string text;
    for (const StoredRing& ring : rings) text += TextOf(ring);
    return text;
  }
  std::string Written(const std::vector<StoredRing>& rings) {
    EXPECT_OK(WriteBackup(path_, rings));
    return ReadBytes(path_);
  }

  TemporaryFolder folder_{FastParent()};
  const std::string path_ = folder_.File("rings.backup");
};

TEST_F(BackupTest, WhatIsWrittenIsReadAgain) {
  Written(Rings());
  const auto rings = ReadBackup(path_);
  ASSERT_OK(rings.status());
  EXPECT_TRUE(Text(*rings) == Text(Rings()));
}

TEST_F(BackupTest, NoRingsAreABackupToo) {
  Written({});
  EXPECT_TRUE(ReadBackup(path_)->empty());
}

TEST_F(BackupTest, ItIsReadableForItsOwnerOnlyAndNothingIsLeftBeside) {
  Written(Rings());
  struct stat there = {};
  ASSERT_EQ(stat(path_.c_str(), &there), 0);
  EXPECT_EQ(there.st_mode & 0777, 0600u);
  EXPECT_EQ(ContentOf(folder_.path()).size(), 1);
}

TEST_F(BackupTest, WhatIsThereIsNotReplaced) {
  WriteBytes(path_, "mine");
  EXPECT_EQ(WriteBackup(path_, Rings()).code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReadBytes(path_), "mine");
  EXPECT_EQ(ContentOf(folder_.path()).size(), 1);
}

TEST_F(BackupTest, WhereNothingCanBeWrittenNothingIs) {
  const absl::Status status = WriteBackup(folder_.File("no/such"), Rings());
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  EXPECT_EQ(WriteBackup("/dev/full/x", Rings()).code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(BackupTest, EveryChangedByteIsFound) {
  std::vector<StoredRing> rings = Rings();
  rings.pop_back();  // shorter, so that all bytes can be tried
  const std::string whole = Written(rings);
  const std::string other = folder_.File("other");
  for (size_t i = 0; i < whole.size(); ++i) {
    for (const int bit : {0, 3, 7}) {
      std::string damaged = whole;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
      WriteBytes(other, damaged);
      ASSERT_EQ(ReadBackup(other).status().code(),
                absl::StatusCode::kFailedPrecondition)
          << "byte " << i << " bit " << bit;
    }
  }
}

TEST_F(BackupTest, EveryCutIsFound) {
  std::vector<StoredRing> rings = Rings();
  rings.pop_back();
  const std::string whole = Written(rings);
  const std::string other = folder_.File("other");
  for (size_t size = 0; size < whole.size(); ++size) {
    WriteBytes(other, whole.substr(0, size));
    ASSERT_EQ(ReadBackup(other).status().code(),
              absl::StatusCode::kFailedPrecondition)
        << size;
  }
  WriteBytes(other, whole + "x");
  EXPECT_FALSE(ReadBackup(other).ok());
}

TEST_F(BackupTest, WhatIsNoBackupIsCalledSo) {
  EXPECT_EQ(ReadBackup(folder_.File("none")).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_FALSE(ReadBackup(folder_.path()).ok());
  WriteBytes(path_, "SQLite format 3");
  absl::Status status = ReadBackup(path_).status();
  EXPECT_NE(status.message().find("not a backup"), std::string::npos) << status;
  WriteBytes(path_, "CLKWBAK2 and what comes then");
  status = ReadBackup(path_).status();
  EXPECT_NE(status.message().find("version"), std::string::npos) << status;
}

TEST_F(BackupTest, RingsThatDoNotFitTogetherAreRefused) {
  std::vector<StoredRing> rings = Rings();
  rings[1].history.erase(rings[1].history.begin() + 1);
  Written(rings);
  EXPECT_EQ(ReadBackup(path_).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace clockwise
