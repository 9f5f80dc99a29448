// Tests creations and deletions of rings that reach etcd late: after their call
// has ended, and after another server has refused the same request.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "tests/store/etcd_gate.h"
#include "tests/store/etcd_testing.h"
#include "tests/store/store_deletion_acceptance.h"

namespace clockwise {
namespace {

using Fate = EtcdGate::Fate;

class EtcdLateTest : public testing::Test {
 protected:
  // Calls `action` when the next transaction of late_ is on its way.
  void OnTheWay(std::function<void()> action) {
    gate_.fate = [action = std::move(action), first = true](int) mutable {
      if (std::exchange(first, false)) action();
      return Fate::kPass;
    };
  }
  // The same. The call that the transaction belongs to ends before `action`.
  void OnTheWayOfAnEndedCall(const std::function<void()>& action) {
    OnTheWay([this, action] {
      ended_ = true;
      action();
    });
  }
  // Deletes the key of a tombstone, as trimming does.
  void Trim(const std::string& ring) {
    EtcdClient client(
        EtcdOptions(prefix_, {EtcdProcess::Shared().address()}).client);
    EtcdTxn txn;
    txn.Delete({prefix_ + "deleted/" + ring, ""});
    etcdserverpb::TxnResponse response;
    bool maybe_made = false;
    ASSERT_OK(client.Txn(txn.request(), response, maybe_made));
  }
  // Another call creates and deletes the ring "r".
  void CreateAndDelete() {
    ASSERT_OK(other_->Create(HeadOf("r", 8)));
    ASSERT_OK(other_->Delete("r", 8));
  }
  // Another call begins a migration from "old", and ends it.
  void MigrateAndEnd() {
    ASSERT_OK(other_->Create(MigratingHead()));
    Commit commit = CommitOf("r", 2);
    commit.record.mutable_change()->set_ended_migration_from("old");
    ASSERT_OK(other_->Apply(commit));
  }
  static RingHead MigratingHead() {
    RingHead head = HeadOf("r");
    head.spec.set_migrating_from("old");
    return head;
  }

  const std::string prefix_ = NewPrefix();
  EtcdGate gate_{EtcdProcess::Shared().address()};
  EtcdStore late_{EtcdOptions(prefix_, {gate_.address()})};
  std::shared_ptr<EtcdStore> other_ = OpenEtcd(prefix_);
  bool ended_ = false;
  std::function<void()> checked_;  // called after the call was found open
  const StillOpen open_ = [this] {
    if (ended_) return absl::CancelledError("ended");
    if (checked_ != nullptr) checked_();
    return absl::OkStatus();
  };
};

TEST_F(EtcdLateTest, ARingThatWasDeletedMeanwhileIsNotCreated) {
  ASSERT_OK(other_->Create(HeadOf("first")));
  OnTheWayOfAnEndedCall([this] { CreateAndDelete(); });
  EXPECT_TRUE(absl::IsCancelled(late_.Create(HeadOf("r"), open_)));
  EXPECT_REFUSED(other_->Head("r").status(), RING_NOT_FOUND);
}

TEST_F(EtcdLateTest, ATrimmedTombstoneProtectsItsRing) {
  ASSERT_OK(other_->Create(HeadOf("first")));
  OnTheWayOfAnEndedCall([this] {
    CreateAndDelete();
    ASSERT_OK(other_->Delete("first", 7));  // a newer tombstone
    Trim("r");
  });
  EXPECT_TRUE(absl::IsCancelled(late_.Create(HeadOf("r"), open_)));
  EXPECT_REFUSED(other_->Head("r").status(), RING_NOT_FOUND);
}

// The call ends just after it was found open. The state must have been read
// before that.
TEST_F(EtcdLateTest, ACreationIsOnTheStateThatWasReadBeforeTheCheck) {
  ASSERT_OK(other_->Create(HeadOf("first")));
  checked_ = [this] {
    ended_ = true;
    CreateAndDelete();
  };
  EXPECT_TRUE(absl::IsCancelled(late_.Create(HeadOf("r"), open_)));
  EXPECT_REFUSED(other_->Head("r").status(), RING_NOT_FOUND);
}

TEST_F(EtcdLateTest, ACreationWhoseCallIsOpenIsTriedAgain) {
  ASSERT_OK(other_->Create(HeadOf("first")));
  OnTheWay([this] { ASSERT_OK(other_->Delete("first", 7)); });
  ASSERT_OK(late_.Create(HeadOf("r"), open_));
  EXPECT_EQ(other_->Head("r")->incarnation, 7);
  EXPECT_EQ(gate_.transactions, 2);
}

// etcd executes the creation, its answer is lost, another call deletes the
// ring, and the same transaction is sent again.
TEST_F(EtcdLateTest, ACreationThatIsRepeatedDoesNotUndoADeletion) {
  ASSERT_OK(other_->Create(HeadOf("first")));
  gate_.fate = [](int number) {
    return number == 1 ? Fate::kLoseAnswer : Fate::kPass;
  };
  gate_.meanwhile = [this] { ASSERT_OK(other_->Delete("r", 7)); };
  const absl::Status status = late_.Create(HeadOf("r"), open_);
  EXPECT_REFUSED(status, STORE_UNAVAILABLE) << status;
  EXPECT_REFUSED(other_->Head("r").status(), RING_NOT_FOUND);
}

TEST_F(EtcdLateTest, ARingIsNotCreatedFromASourceThatWasReplaced) {
  const auto replace = [this] {
    ASSERT_OK(other_->Delete("old", 7));
    ASSERT_OK(other_->Create(HeadOf("old", 8)));
    Trim("old");  // so that only the source decides
  };
  ASSERT_OK(other_->Create(HeadOf("old")));
  OnTheWayOfAnEndedCall(replace);
  EXPECT_TRUE(absl::IsCancelled(late_.Create(MigratingHead(), open_)));
  EXPECT_REFUSED(other_->Head("r").status(), RING_NOT_FOUND);
  // A call that is open may use the new source.
  ended_ = false;
  ASSERT_OK(late_.Create(MigratingHead(), open_));
}

TEST_F(EtcdLateTest, ASourceIsNotDeletedAfterAMigrationHasEnded) {
  ASSERT_OK(other_->Create(HeadOf("old")));
  OnTheWayOfAnEndedCall([this] {
    ASSERT_OK(other_->Create(MigratingHead()));
    EXPECT_REFUSED(other_->Delete("old", 7), RING_IN_USE);
    ASSERT_OK(other_->Delete("r", 7));
  });
  EXPECT_TRUE(absl::IsCancelled(late_.Delete("old", 7, open_)));
  EXPECT_OK(other_->Head("old").status());
  ended_ = false;
  OnTheWayOfAnEndedCall([this] { MigrateAndEnd(); });
  EXPECT_TRUE(absl::IsCancelled(late_.Delete("old", 7, open_)));
  EXPECT_OK(other_->Head("old").status());
}

TEST_F(EtcdLateTest, ASourceIsNotDeletedAfterAMigrationWasRestored) {
  ASSERT_OK(other_->Create(HeadOf("old")));
  ASSERT_OK(other_->Create(MigratingHead()));
  Deletion deletion = KeepingDeletion("r");
  deletion.record.set_source_incarnation(7);
  ASSERT_OK(other_->Delete(deletion));
  OnTheWay(
      [this] { ASSERT_OK(other_->Undelete(RestoringCommit("r", 2, 11))); });
  EXPECT_REFUSED(late_.Delete("old", 7, open_), RING_IN_USE);
  EXPECT_OK(other_->Head("old").status());
}

TEST_F(EtcdLateTest, ADeletionIsOnTheStateThatWasReadBeforeTheCheck) {
  ASSERT_OK(other_->Create(HeadOf("old")));
  checked_ = [this] {
    ended_ = true;
    MigrateAndEnd();
  };
  EXPECT_TRUE(absl::IsCancelled(late_.Delete("old", 7, open_)));
  EXPECT_OK(other_->Head("old").status());
}

TEST_F(EtcdLateTest, ADeletionWhoseCallIsOpenIsTriedAgain) {
  ASSERT_OK(other_->Create(HeadOf("old")));
  OnTheWay([this] { MigrateAndEnd(); });
  ASSERT_OK(late_.Delete("old", 7, open_));
  EXPECT_REFUSED(other_->Head("old").status(), RING_NOT_FOUND);
  EXPECT_EQ(CountKeys(prefix_ + "uses/"), 0);
}

// A change of the ring ends the attempt; the next one must see that the call
// has ended.
TEST_F(EtcdLateTest, ADeletionIsNotTriedAgainForACallThatHasEnded) {
  ASSERT_OK(other_->Create(HeadOf("r")));
  OnTheWayOfAnEndedCall([this] { ASSERT_OK(other_->Apply(CommitOf("r", 2))); });
  EXPECT_TRUE(absl::IsCancelled(late_.Delete("r", 7, open_)));
  EXPECT_EQ(other_->Head("r")->epoch, 2);
}

TEST_F(EtcdLateTest, ARingThatWasCreatedAgainIsNotDeletedOrChanged) {
  ASSERT_OK(other_->Create(HeadOf("r")));
  const auto replace = [this] {
    ASSERT_OK(other_->Delete("r", 7));
    ASSERT_OK(other_->Create(HeadOf("r", 8)));
  };
  OnTheWay(replace);
  EXPECT_REFUSED(late_.Delete("r", 7, open_), EPOCH_CONFLICT);
  EXPECT_EQ(other_->Head("r")->incarnation, 8);
  ASSERT_OK(late_.Delete("r", 8));
  ASSERT_OK(late_.Create(HeadOf("r")));
  OnTheWay(replace);
  EXPECT_REFUSED(late_.Apply(CommitOf("r", 2)), EPOCH_CONFLICT);
  EXPECT_EQ(other_->Head("r")->epoch, 1);
}

}  // namespace
}  // namespace clockwise
