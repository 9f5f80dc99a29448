// Tests that files of older versions (tests/data) can still be read.
#include <gtest/gtest.h>

#include "service/store/backup.h"
#include "service/store/sqlite/sqlite_store.h"
#include "tests/data/old_rings.h"
#include "tests/store/store_deletion_acceptance.h"
#include "tests/store/store_testing.h"

namespace clockwise {

// This program uses only the rings of the suite.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(StoreDeletionAcceptance);

namespace {

TEST(OldDataTest, SqliteFileHasItsRingsAndTheirHistory) {
  const TemporaryFolder folder;
  const std::string path = folder.File("clockwise.db");
  WriteBytes(path, DataIn("rings.sqlite"));
  auto store = SqliteStore::Open(path, {});
  ASSERT_OK(store.status());
  const auto rings = (*store)->LoadAll();
  ASSERT_OK(rings.status());
  ExpectOldRings(*rings, "sqlite.json");
}

// Files of schema version 2 have no deleted rings.
TEST(OldDataTest, SqliteFileKeepsADeletedRing) {
  const TemporaryFolder folder;
  const std::string path = folder.File("clockwise.db");
  WriteBytes(path, DataIn("rings.sqlite"));
  auto store = SqliteStore::Open(path, {});
  ASSERT_OK(store.status());
  EXPECT_TRUE((*store)->Deleted()->empty());
  const StoredRing ring = (*store)->LoadAll()->front();
  const std::string& name = ring.head.spec.name();
  ASSERT_OK((*store)->Delete(KeepingDeletion(name, ring.head.incarnation)));
  store->reset();
  store = SqliteStore::Open(path, {});
  ASSERT_OK(store.status());
  EXPECT_EQ(TextOf(*(*store)->LoadDeleted(name, ring.head.incarnation)),
            TextOf(ring));
}

TEST(OldDataTest, BackupHasItsRingsAndTheirHistory) {
  const auto rings = ReadBackup(DataFile("rings.backup"));
  ASSERT_OK(rings.status());
  ExpectOldRings(*rings, "sqlite.json");
}

TEST(OldDataTest, BackupIsStillReadAfterItIsWrittenAnew) {
  const TemporaryFolder folder;
  const auto rings = ReadBackup(DataFile("rings.backup"));
  ASSERT_OK(rings.status());
  ASSERT_OK(WriteBackup(folder.File("new.backup"), *rings));
  const auto again = ReadBackup(folder.File("new.backup"));
  ASSERT_OK(again.status());
  ExpectOldRings(*again, "sqlite.json");
}

}  // namespace
}  // namespace clockwise
