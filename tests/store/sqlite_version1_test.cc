// Tests files of schema version 1, which had no partition tables.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/store/row_digest.h"
#include "service/store/sqlite/schema.h"
#include "service/store/sqlite/sqlite_store.h"
#include "tests/store/other_program.h"
#include "tests/store/store_deletion_acceptance.h"
#include "tests/store/store_testing.h"
#include "tests/store/table_model.h"

namespace clockwise {
namespace {

class SqliteVersion1Test : public DamagedFileTest {
 protected:
  // Creates a file as version 1 wrote it, with the ring "r".
  void MakeFile() {
    OtherProgram version1(path_);
    version1.Run(absl::StrCat("PRAGMA application_id=", kApplicationId));
    version1.Run("PRAGMA journal_mode=WAL");
    for (const char* sql :
         {"CREATE TABLE rings(name TEXT PRIMARY KEY, incarnation INTEGER NOT "
          "NULL, epoch INTEGER NOT NULL, fingerprint INTEGER NOT NULL, spec "
          "BLOB NOT NULL, digest INTEGER NOT NULL) STRICT, WITHOUT ROWID",
          "CREATE TABLE nodes(ring TEXT NOT NULL REFERENCES rings(name) ON "
          "DELETE CASCADE, id TEXT NOT NULL, node BLOB NOT NULL, PRIMARY "
          "KEY(ring, id)) STRICT, WITHOUT ROWID",
          "CREATE TABLE changes(ring TEXT NOT NULL REFERENCES rings(name) ON "
          "DELETE CASCADE, epoch INTEGER NOT NULL, record BLOB NOT NULL, "
          "PRIMARY KEY(ring, epoch)) STRICT, WITHOUT ROWID",
          "PRAGMA user_version=1"}) {
      version1.Run(sql);
    }
    ring_.head = HeadOf("r");
    ring_.head.epoch = 2;
    ring_.head.fingerprint = 1002;
    ring_.nodes = {NodeOf("a", "host:1"), NodeOf("b")};
    ring_.history = {CommitOf("r", 2, ring_.nodes).record};
    const std::string spec = ring_.head.spec.SerializeAsString();
    const std::string record = ring_.history[0].SerializeAsString();
    uint64_t digest = HeadDigest(ring_.head, spec) + ChangeDigest(2, record);
    for (const v1::Node& node : ring_.nodes) {
      digest += NodeDigest(node.id(), node.SerializeAsString());
    }
    version1.Run(absl::StrCat("INSERT INTO rings VALUES ('r', 7, 2, 1002, ?, ",
                              static_cast<int64_t>(digest), ")"),
                 {spec});
    version1.Run("INSERT INTO changes VALUES ('r', 2, ?)", {record});
    for (const v1::Node& node : ring_.nodes) {
      version1.Run(
          absl::StrCat("INSERT INTO nodes VALUES ('r', '", node.id(), "', ?)"),
          {node.SerializeAsString()});
    }
  }

  StoredRing ring_;
};

TEST_F(SqliteVersion1Test, OpensAndKeepsItsRings) {
  MakeFile();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(TextOf(*Open()), TextOf(ring_));
  EXPECT_EQ(OtherProgram(path_).Run("PRAGMA user_version"), "3");
}

TEST_F(SqliteVersion1Test, TakesChangesAndPartitionTablesOnceOpened) {
  MakeFile();
  std::mt19937_64 random(1);
  TableModel model("table", 8);
  {
    const auto store = Open();
    ASSERT_OK(store->Apply(CommitOf("r", 3, {NodeOf("c")}, {"a"})));
    ASSERT_OK(store->Create(TableHeadOf("table", 8)));
    ASSERT_OK(store->Apply(model.Fill(random, 3)));
    ASSERT_OK(store->Apply(model.MoveSome(random, 9)));
  }
  const auto store = Open();
  EXPECT_EQ(store->Load("table")->table, model.table());
  EXPECT_EQ(IdsOf(*store->Load("r")), (std::vector<std::string>{"b", "c"}));
}

TEST_F(SqliteVersion1Test, KeepsDeletedRingsOnceOpened) {
  MakeFile();
  ASSERT_OK(Open()->Delete(KeepingDeletion("r")));
  EXPECT_EQ(TextOf(*Open()->LoadDeleted("r", 7)), TextOf(ring_));
}

// The digest of the row covers all that a restoration needs.
TEST_F(SqliteVersion1Test, ADamagedDeletedRingIsRefused) {
  MakeFile();
  ASSERT_OK(Open()->Delete(KeepingDeletion("r")));
  OtherProgram(path_).Run("UPDATE deleted SET incarnation = 8");
  ExpectDamaged("deleted ring \"r\": its row does not match its digest");
}

TEST_F(SqliteVersion1Test, OfNoRingsOpens) {
  MakeFile();
  OtherProgram(path_).Run("DELETE FROM nodes");
  OtherProgram(path_).Run("DELETE FROM changes");
  OtherProgram(path_).Run("DELETE FROM rings");
  EXPECT_EQ(TextOf(*Open()), "");
}

TEST_F(SqliteVersion1Test, IsLeftAsItWasIfItIsDamaged) {
  MakeFile();
  OtherProgram(path_).Run("UPDATE rings SET fingerprint = 1003");
  ExpectDamaged("its rows do not match their digest");
  EXPECT_EQ(OtherProgram(path_).Run("PRAGMA user_version"), "1");
}

TEST_F(SqliteVersion1Test, IsLeftAsItWasIfATableIsMissing) {
  MakeFile();
  OtherProgram(path_).Run("DROP TABLE changes");
  ExpectDamaged("table changes does not have the schema");
  EXPECT_EQ(OtherProgram(path_).Run("PRAGMA user_version"), "1");
}

}  // namespace
}  // namespace clockwise
