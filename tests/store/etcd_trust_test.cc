// Tests a store in etcd that is no longer the one that the server has read:
// emptied, set back, of another cluster, or without a ring.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "service/limits.h"
#include "tests/store/etcd_testing.h"
#include "tests/store/store_deletion_acceptance.h"

namespace clockwise {
namespace {

void ExpectDistrust(const absl::Status& status, const std::string& reason) {
  EXPECT_REFUSED(status, STORE_UNAVAILABLE) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), reason)) << status;
}

// Waits until the store reads its own etcd again. The first call may fail: the
// channel to a member that was down connects again after up to 1.2 seconds, and
// calls do not wait for that while the store is down.
void AwaitHeads(EtcdStore& store) {
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::seconds(20);
  absl::Status status = store.Heads().status();
  while (!status.ok() && std::chrono::steady_clock::now() < deadline) {
    status = store.Heads().status();
  }
  ASSERT_OK(status);
}

// A store on an etcd of its own, which the test empties.
class EmptiedEtcdTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(store_.Create(HeadOf("r")));
    for (uint64_t epoch = 2; epoch < 10; ++epoch) {
      ASSERT_OK(store_.Apply(CommitOf("r", epoch, {NodeOf("a")})));
    }
    ASSERT_OK(store_.Heads().status());
    ASSERT_OK(store_.Trust());
  }
  void ExpectRefused(const std::string& reason) {
    ExpectDistrust(store_.Heads().status(), reason);
    EXPECT_FALSE(store_.up());
    ExpectDistrust(store_.Trust(), reason);
    ExpectDistrust(store_.Head("r").status(), "");
    ExpectDistrust(store_.ConfirmDeleted("r"), reason);
    ExpectDistrust(store_.Apply(CommitOf("r", 10)), reason);
    ExpectDistrust(store_.Create(HeadOf("s")), reason);
    ExpectDistrust(store_.Delete("r", 7), reason);
  }

  EtcdProcess etcd_;
  EtcdStore::Options options_ =
      EtcdOptions("/p/", {etcd_.address()}, std::chrono::seconds(2));
  EtcdStore store_{options_};
};

TEST_F(EmptiedEtcdTest, ALowerRevisionIsNotBelieved) {
  etcd_.Kill();
  etcd_.Empty();
  etcd_.Start();
  const auto began = std::chrono::steady_clock::now();
  ExpectRefused("is at revision 1, but revision");
  // Rejected by the only member: it does not pay to wait for another answer.
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(3));
  EXPECT_GT(store_.rejections().count, 0);
  EXPECT_TRUE(absl::StrContains(store_.rejections().last, etcd_.address()));
  // A server that starts accepts this etcd.
  EtcdStore started(options_);
  ASSERT_OK(started.CheckStart());
  EXPECT_TRUE(started.LoadAll()->empty());
}

TEST_F(EmptiedEtcdTest, AnEmptiedStoreThatHasManyNewRevisionsIsNotBelieved) {
  etcd_.Kill();
  etcd_.Empty();
  etcd_.Start();
  EtcdStore started(options_);
  ASSERT_OK(started.Create(HeadOf("r", 8)));
  for (uint64_t epoch = 2; epoch < 30; ++epoch) {
    ASSERT_OK(started.Apply(CommitOf("r", epoch, {}, {}, 8)));
  }
  ExpectDistrust(store_.Heads().status(), "has ID");
  ExpectDistrust(store_.Apply(CommitOf("r", 10)), "has ID");
  ExpectDistrust(store_.ChangesAfter("r", 7, 2).status(), "has ID");
  ExpectDistrust(store_.Load("r").status(), "has ID");
  EXPECT_EQ(started.Head("r")->epoch, 29);
}

TEST_F(EmptiedEtcdTest, TheSameStoreIsTrustedAgainWhenItIsBack) {
  stored::v1::ServerEntry self;
  self.set_instance(1);
  self.set_address("a:1");
  options_.server_lease = std::chrono::seconds(1);
  EtcdStore server(options_);
  server.Announce(self);
  EXPECT_EQ(server.Servers().servers.size(), 1);
  etcd_.Kill();
  etcd_.MoveAway();
  etcd_.Start();
  ExpectDistrust(store_.Heads().status(), "revision");
  // A server does not enter its name in a store that it does not trust.
  const auto listed = [&] { return server.Servers().listed.ok(); };
  EXPECT_TRUE(Eventually([&] { return !listed(); }));
  EtcdClient stray(options_.client);
  etcdserverpb::RangeRequest request;
  request.set_key("/p/servers/0000000000000001");
  etcdserverpb::RangeResponse response;
  ASSERT_OK(stray.Range(request, response));
  EXPECT_EQ(response.kvs().size(), 0);
  etcd_.Kill();
  etcd_.MoveBack();
  etcd_.Start();
  AwaitHeads(store_);
  ASSERT_OK(store_.Trust());
  EXPECT_TRUE(store_.up());
  ASSERT_OK(store_.Apply(CommitOf("r", 10)));
  EXPECT_TRUE(Eventually(listed));
  EtcdStore other(options_);
  self.set_instance(2);
  other.Announce(self);
  EXPECT_EQ(other.Servers().servers.size(), 2);
}

TEST_F(EmptiedEtcdTest, AMemberOfAnotherClusterIsSkipped) {
  EtcdProcess stray;
  options_.client.endpoints = {etcd_.address(), stray.address()};
  // A call that only the stray member answers lasts until its timeout.
  options_.client.timeout = std::chrono::seconds(1);
  EtcdStore store(options_);
  // The first answer decides which cluster the store believes.
  stray.Pause();
  AwaitHeads(store);
  stray.Resume();
  const auto check = store.CheckStart();
  EXPECT_TRUE(absl::IsFailedPrecondition(check)) << check;
  for (const std::string& endpoint : options_.client.endpoints) {
    EXPECT_TRUE(absl::StrContains(check.message(), endpoint)) << check;
  }
  // The store changes over to the stray member, and is not misled.
  etcd_.Kill();
  ExpectDistrust(store.Heads().status(), stray.address() + " is of cluster");
  ExpectDistrust(store.ConfirmDeleted("r"), "is of cluster");
  ExpectDistrust(store.Apply(CommitOf("r", 10)), "is of cluster");
  etcd_.Start();
  AwaitHeads(store);
  ASSERT_OK(store.Trust());
  for (uint64_t epoch = 10; epoch < 20; ++epoch) {
    ASSERT_OK(store.Apply(CommitOf("r", epoch)));
  }
  EXPECT_GT(store.rejections().count, 0);
}

// One member of three was created again as a cluster of its own, and the others
// do not answer.
TEST(EtcdMinorityTest, AServerDoesNotStartOnASmallerClusterOfFewEndpoints) {
  const std::string alone = EtcdProcess::Shared().address();
  const std::string away = "127.0.0.1:1";
  const auto check = [&](const std::vector<std::string>& endpoints) {
    return EtcdStore(EtcdOptions(NewPrefix(), endpoints)).CheckStart();
  };
  const absl::Status status = check({away, alone, away});
  ExpectDistrust(status, "only 1 of 3 endpoints");
  ExpectDistrust(status, alone);
  ExpectDistrust(status, "fewer members: 1;");
  ExpectDistrust(check({alone, away}), "only 1 of 2 endpoints");
  // One endpoint may stand for all members, as may several names for one.
  ASSERT_OK(check({alone}));
  ASSERT_OK(check({alone, alone, away}));
}

class EtcdTombstoneTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_OK(store_->Create(HeadOf("r"))); }
  absl::Status Send(const EtcdTxn& txn) {
    etcdserverpb::TxnResponse response;
    bool maybe_made = false;
    return client_.Txn(txn.request(), response, maybe_made);
  }

  const std::string prefix_ = NewPrefix();
  EtcdClient client_{
      EtcdOptions(prefix_, {EtcdProcess::Shared().address()}).client};
  std::shared_ptr<EtcdStore> store_ = OpenEtcd(prefix_);
  std::shared_ptr<EtcdStore> other_ = OpenEtcd(prefix_);
};

TEST_F(EtcdTombstoneTest, OnlyADeletionProvesThatARingIsGone) {
  EXPECT_REFUSED(store_->ConfirmDeleted("r"), EPOCH_CONFLICT);
  ASSERT_OK(other_->Delete("r", 7));
  ASSERT_OK(store_->ConfirmDeleted("r"));
  // A new ring replaces the tombstone.
  ASSERT_OK(other_->Create(HeadOf("r", 8)));
  EXPECT_REFUSED(store_->ConfirmDeleted("r"), EPOCH_CONFLICT);
  EtcdTxn lose;
  lose.Delete({prefix_ + "rings/r", ""});
  ASSERT_OK(Send(lose));
  ExpectDistrust(store_->ConfirmDeleted("r"), "the store has lost data");
  ExpectDistrust(store_->Trust(), "the store has lost data");
  EXPECT_FALSE(store_->up());
  // The ring is back.
  ASSERT_OK(other_->Create(HeadOf("r", 8)));
  ASSERT_OK(store_->Heads().status());
  ASSERT_OK(store_->Trust());
}

TEST_F(EtcdTombstoneTest, ATombstoneHasWhatARestorationNeeds) {
  ASSERT_OK(store_->Apply(CommitOf("r", 2, {NodeOf("a")})));
  EtcdStore::Options options =
      EtcdOptions(prefix_, {EtcdProcess::Shared().address()});
  options.now = [] { return absl::FromUnixSeconds(1234); };
  ASSERT_OK(EtcdStore(options).Delete("r", 7));
  etcdserverpb::RangeRequest request;
  request.set_key(prefix_ + "deleted/r");
  etcdserverpb::RangeResponse response;
  ASSERT_OK(client_.Range(request, response));
  ASSERT_EQ(response.kvs().size(), 1);
  stored::v1::EtcdTombstone tombstone;
  ASSERT_TRUE(tombstone.ParseFromString(response.kvs(0).value()));
  EXPECT_EQ(tombstone.head().spec().name(), "r");
  EXPECT_EQ(tombstone.head().incarnation(), 7);
  EXPECT_EQ(tombstone.head().epoch(), 2);
  EXPECT_NE(tombstone.head().place(), 0);
  EXPECT_EQ(tombstone.delete_time().seconds(), 1234);
  EXPECT_FALSE(tombstone.data_kept());
}

TEST_F(EtcdTombstoneTest, AKeptRingLeavesNoKeyOnceItIsPurged) {
  // Keeps the keys of the store's markers.
  const auto keys = [this] { return CountKeys(prefix_); };
  ASSERT_OK(store_->Apply(CommitOf("r", 2, {NodeOf("a")})));
  const int64_t before = keys();
  ASSERT_OK(store_->Delete(KeepingDeletion("r")));
  ASSERT_OK(store_->ConfirmDeleted("r"));
  EXPECT_EQ(keys(), before + 1);  // the head is now two keys
  // A new ring of the name does not take the kept one away.
  ASSERT_OK(store_->Create(HeadOf("r", 8)));
  ASSERT_OK(store_->Delete("r", 8));
  EXPECT_EQ(DeletedText(*store_), "r 7 at 2; ");
  ASSERT_OK(store_->Undelete(RestoringCommit("r", 3, 11)));
  EXPECT_EQ(keys(), before + 1);  // the record of the change
  EXPECT_EQ(CountKeys(prefix_ + "deleted/"), 0);
  ASSERT_OK(store_->Delete(KeepingDeletion("r")));
  ASSERT_OK(store_->Purge(store_->Deleted()->front()));
  for (const char* kind : {"nodes/", "changes/", "kept/", "rings/"}) {
    EXPECT_EQ(CountKeys(prefix_ + kind), 0) << kind;
  }
  ASSERT_OK(store_->ConfirmDeleted("r"));
}

TEST_F(EtcdTombstoneTest, TheOldestIsDroppedBeyondTheBound) {
  for (int64_t i = 0; i < limits::kMaxEtcdTombstones; i += 100) {
    EtcdTxn txn;
    for (int64_t j = i; j < i + 100; ++j) {
      txn.Put(absl::StrCat(prefix_, "deleted/", j == 0 ? "zero" : "old", j),
              "");
    }
    ASSERT_OK(Send(txn));
  }
  ASSERT_OK(store_->Delete("r", 7));
  EXPECT_EQ(CountKeys(prefix_ + "deleted/"), limits::kMaxEtcdTombstones);
  ASSERT_OK(store_->ConfirmDeleted("r"));
}

}  // namespace
}  // namespace clockwise
