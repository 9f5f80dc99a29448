// Tests that the source of a migration is not deleted by another server.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>

#include "tests/store/etcd_testing.h"

namespace clockwise {
namespace {

RingHead MigratingHead(const std::string& ring, const std::string& source) {
  RingHead head = HeadOf(ring);
  head.spec.set_migrating_from(source);
  return head;
}

class EtcdMigrationTest : public testing::Test {
 protected:
  void Delete(const std::string& key) {
    EtcdTxn txn;
    txn.Delete({prefix_ + key, ""});
    Send(txn);
  }
  void Send(const EtcdTxn& txn) {
    etcdserverpb::TxnResponse response;
    bool maybe_made = false;
    ASSERT_OK(client_.Txn(txn.request(), response, maybe_made));
  }

  const std::string prefix_ = NewPrefix();
  EtcdClient client_{
      EtcdOptions(prefix_, {EtcdProcess::Shared().address()}).client};
  std::shared_ptr<EtcdStore> here_ = OpenEtcd(prefix_);
  std::shared_ptr<EtcdStore> there_ = OpenEtcd(prefix_);
};

TEST_F(EtcdMigrationTest, OfACreationAndADeletionAtOnceExactlyOneSucceeds) {
  int created = 0;
  for (int i = 0; i < 120; ++i) {
    const std::string source = absl::StrCat("source", i);
    const std::string ring = absl::StrCat("ring", i);
    ASSERT_OK(here_->Create(HeadOf(source)));
    absl::Status creation;
    absl::Status deletion;
    std::thread creator(
        [&] { creation = here_->Create(MigratingHead(ring, source)); });
    std::thread deleter([&] { deletion = there_->Delete(source, 7); });
    creator.join();
    deleter.join();
    if (creation.ok()) {
      ++created;
      EXPECT_REFUSED(deletion, RING_IN_USE) << deletion;
    } else {
      EXPECT_REFUSED(creation, RING_NOT_FOUND) << creation;
      EXPECT_OK(deletion);
    }
    EXPECT_EQ(there_->Head(source).ok(), creation.ok());
    EXPECT_EQ(there_->Head(ring).ok(), creation.ok());
  }
  RecordProperty("created", created);
}

TEST_F(EtcdMigrationTest, HeadsDecideNotKeysThatAnOlderVersionDoesNotKeep) {
  // An older version writes no key for a new migration …
  ASSERT_OK(here_->Create(HeadOf("old")));
  ASSERT_OK(here_->Create(MigratingHead("r", "old")));
  Delete("uses/old#r");
  EXPECT_REFUSED(there_->Delete("old", 7), RING_IN_USE);
  // … and does not delete the key when a migration ends.
  EtcdTxn txn;
  txn.Put(prefix_ + "uses/old#r", "");
  Send(txn);
  Delete("rings/r");
  ASSERT_OK(there_->Delete("old", 7));
  EXPECT_EQ(CountKeys(prefix_ + "uses/"), 0);
}

// A name may be the beginning of another one, and may contain '/'.
TEST_F(EtcdMigrationTest, AMigrationKeepsOnlyItsOwnSource) {
  for (const char* source : {"a", "a/b", "ab"}) {
    ASSERT_OK(here_->Create(HeadOf(source)));
  }
  ASSERT_OK(here_->Create(MigratingHead("r", "a/b")));
  ASSERT_OK(here_->Delete("a", 7));
  ASSERT_OK(here_->Delete("ab", 7));
  EXPECT_REFUSED(here_->Delete("a/b", 7), RING_IN_USE);
  ASSERT_OK(here_->Delete("r", 7));
  // The key of the migration's end remains until the source is deleted.
  EXPECT_EQ(CountKeys(prefix_ + "uses/"), 1);
  EXPECT_EQ(CountKeys(prefix_ + "uses/a/b#"), 1);
  ASSERT_OK(here_->Delete("a/b", 7));
  EXPECT_EQ(CountKeys(prefix_ + "uses/"), 0);
}

}  // namespace
}  // namespace clockwise
