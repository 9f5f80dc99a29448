// The part of the acceptance suite about deleted rings: kept, listed, restored
// and removed. The Backend is that of store_acceptance.h.
#ifndef CLOCKWISE_TESTS_STORE_STORE_DELETION_ACCEPTANCE_H_
#define CLOCKWISE_TESTS_STORE_STORE_DELETION_ACCEPTANCE_H_

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/limits.h"
#include "service/store/store_rules.h"
#include "tests/store/store_testing.h"
#include "tests/store/table_model.h"

namespace clockwise {

// Returns a deletion that keeps the ring, made at `second`.
inline Deletion KeepingDeletion(const std::string& ring,
                                uint64_t incarnation = 7, int64_t second = 1) {
  Deletion deletion;
  deletion.ring = ring;
  deletion.incarnation = incarnation;
  deletion.record.set_node_count(2);
  deletion.record.set_data_bytes(100);
  deletion.record.set_request_digest(0xfedcba9876543210);
  v1::RingDeletion& described = *deletion.record.mutable_deletion();
  described.mutable_delete_time()->set_seconds(second);
  described.mutable_expire_time()->set_seconds(second + 1000);
  described.set_actor("operator");
  described.set_reason("a test");
  described.set_request_id(absl::StrCat("delete-", ring));
  return deletion;
}

// Returns the deleted rings of a store as text, or the error.
inline std::string DeletedText(Store& store) {
  const auto deleted = store.Deleted();
  if (!deleted.ok()) return deleted.status().ToString();
  std::string text;
  for (const DeletedRing& ring : *deleted) {
    absl::StrAppend(&text, ring.head.spec.name(), " ", ring.head.incarnation,
                    " at ", ring.head.epoch, "; ");
  }
  return text;
}

// Returns the change that restores a ring, at `epoch`.
inline Commit RestoringCommit(const std::string& ring, uint64_t epoch,
                              uint64_t fingerprint, uint64_t incarnation = 7) {
  Commit commit = CommitOf(ring, epoch, {}, {}, incarnation);
  commit.record.mutable_change()->set_fingerprint(fingerprint);
  commit.record.mutable_change()->mutable_undeleted()->set_reason("a test");
  return commit;
}

template <typename Backend>
class StoreDeletionAcceptance : public testing::Test {
 protected:
  void Reopen() { store_ = backend_.Reopen(std::move(store_)); }
  // Creates the ring "r", at epoch 3, with the nodes b and c.
  StoredRing MakeRing(uint64_t incarnation = 7) {
    EXPECT_OK(store_->Create(HeadOf("r", incarnation)));
    EXPECT_OK(store_->Apply(
        CommitOf("r", 2, {NodeOf("a"), NodeOf("b", "h:1")}, {}, incarnation)));
    EXPECT_OK(
        store_->Apply(CommitOf("r", 3, {NodeOf("c")}, {"a"}, incarnation)));
    return store_->Load("r").value_or(StoredRing());
  }

  Backend backend_;
  std::shared_ptr<Store> store_ = backend_.NewStore();
};

TYPED_TEST_SUITE_P(StoreDeletionAcceptance);

TYPED_TEST_P(StoreDeletionAcceptance, ADeletedRingIsKeptAsItWas) {
  const StoredRing before = this->MakeRing();
  const Deletion deletion = KeepingDeletion("r");
  ASSERT_OK(this->store_->Delete(deletion));
  for (int i = 0; i < 2; ++i) {
    EXPECT_REFUSED(this->store_->Load("r").status(), RING_NOT_FOUND);
    EXPECT_EQ(TextOf(*this->store_), "");
    const auto deleted = this->store_->Deleted();
    ASSERT_OK(deleted.status());
    ASSERT_EQ(deleted->size(), 1u);
    EXPECT_EQ(deleted->front().record.ShortDebugString(),
              deletion.record.ShortDebugString());
    const auto kept = this->store_->LoadDeleted("r", 7);
    ASSERT_OK(kept.status());
    EXPECT_EQ(TextOf(*kept), TextOf(before));
    this->Reopen();
  }
  EXPECT_REFUSED(this->store_->LoadDeleted("r", 8).status(), RING_NOT_FOUND);
  EXPECT_REFUSED(this->store_->LoadDeleted("x", 7).status(), RING_NOT_FOUND);
  EXPECT_TRUE(this->store_->up());
}

TYPED_TEST_P(StoreDeletionAcceptance, ARestoredRingContinuesWithItsHistory) {
  StoredRing expected = this->MakeRing();
  ASSERT_OK(this->store_->Delete(KeepingDeletion("r")));
  this->Reopen();
  const Commit commit = RestoringCommit("r", 4, 1003);
  ASSERT_OK(this->store_->Undelete(commit));
  ASSERT_OK(ApplyTo(expected, commit));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(TextOf(*this->store_), TextOf(expected));
    EXPECT_EQ(DeletedText(*this->store_), "");
    this->Reopen();
  }
  // It takes changes, and can be deleted and restored again.
  const auto records = this->store_->ChangesAfter("r", 7, 3);
  ASSERT_OK(records.status());
  EXPECT_EQ(records->size(), 1u);
  ASSERT_OK(this->store_->Apply(CommitOf("r", 5, {NodeOf("d")})));
  ASSERT_OK(this->store_->Delete(KeepingDeletion("r")));
  ASSERT_OK(this->store_->Undelete(RestoringCommit("r", 6, 1005)));
  EXPECT_EQ(IdsOf(*this->store_->Load("r")),
            (std::vector<std::string>{"b", "c", "d"}));
}

TYPED_TEST_P(StoreDeletionAcceptance, ARefusedRestorationChangesNothing) {
  this->MakeRing();
  EXPECT_REFUSED(this->store_->Undelete(RestoringCommit("r", 4, 1003)),
                 RING_EXISTS);
  ASSERT_OK(this->store_->Delete(KeepingDeletion("r")));
  for (const uint64_t epoch : {3, 5}) {
    EXPECT_REFUSED(this->store_->Undelete(RestoringCommit("r", epoch, 1003)),
                   EPOCH_CONFLICT);
  }
  EXPECT_REFUSED(this->store_->Undelete(RestoringCommit("r", 4, 1003, 8)),
                 RING_NOT_FOUND);
  const auto ended = [] { return absl::CancelledError("ended"); };
  EXPECT_TRUE(absl::IsCancelled(
      this->store_->Undelete(RestoringCommit("r", 4, 1003), ended)));
  ASSERT_OK(this->store_->Create(HeadOf("r", 8)));
  EXPECT_REFUSED(this->store_->Undelete(RestoringCommit("r", 4, 1003)),
                 RING_EXISTS);
  EXPECT_EQ(DeletedText(*this->store_), "r 7 at 3; ");
  this->Reopen();
  EXPECT_EQ(this->store_->Load("r")->head.incarnation, 8u);
  EXPECT_EQ(this->store_->LoadDeleted("r", 7)->nodes.size(), 2u);
}

TYPED_TEST_P(StoreDeletionAcceptance, ADeletionNamesTheStateThatItDeletes) {
  this->MakeRing();
  Deletion deletion = KeepingDeletion("r");
  for (const uint64_t epoch : {1, 2, 4}) {
    deletion.epoch = epoch;
    EXPECT_REFUSED(this->store_->Delete(deletion), EPOCH_CONFLICT);
  }
  deletion.epoch = 3;
  deletion.incarnation = 8;
  EXPECT_REFUSED(this->store_->Delete(deletion), EPOCH_CONFLICT);
  EXPECT_EQ(DeletedText(*this->store_), "");
  deletion.incarnation = 7;
  ASSERT_OK(this->store_->Delete(deletion));
  EXPECT_EQ(DeletedText(*this->store_), "r 7 at 3; ");
}

TYPED_TEST_P(StoreDeletionAcceptance, RingsOfOneNameAreKeptByIncarnation) {
  for (const uint64_t incarnation : {7, 8, 9}) {
    this->MakeRing(incarnation);
    ASSERT_OK(this->store_->Delete(
        KeepingDeletion("r", incarnation, static_cast<int64_t>(incarnation))));
  }
  ASSERT_OK(this->store_->Create(HeadOf("a/b")));
  ASSERT_OK(this->store_->Delete(KeepingDeletion("a/b", 7, 50)));
  this->Reopen();
  EXPECT_EQ(DeletedText(*this->store_),
            "a/b 7 at 1; r 9 at 3; r 8 at 3; r 7 at 3; ");
  ASSERT_OK(this->store_->Undelete(RestoringCommit("r", 4, 1003, 8)));
  EXPECT_EQ(this->store_->Load("r")->head.incarnation, 8u);
  EXPECT_EQ(DeletedText(*this->store_), "a/b 7 at 1; r 9 at 3; r 7 at 3; ");
}

TYPED_TEST_P(StoreDeletionAcceptance, APurgedRingIsGone) {
  this->MakeRing();
  ASSERT_OK(this->store_->Delete(KeepingDeletion("r")));
  this->MakeRing(8);
  ASSERT_OK(this->store_->Delete(KeepingDeletion("r", 8, 2)));
  const auto deleted = this->store_->Deleted();
  ASSERT_EQ(deleted->size(), 2u);
  ASSERT_OK(this->store_->Purge(deleted->back()));
  ASSERT_OK(this->store_->Purge(deleted->back()));  // again
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(DeletedText(*this->store_), "r 8 at 3; ");
    EXPECT_REFUSED(this->store_->Undelete(RestoringCommit("r", 4, 1003)),
                   RING_NOT_FOUND);
    this->Reopen();
  }
  // A ring that is not kept leaves nothing.
  this->MakeRing(9);
  ASSERT_OK(this->store_->Delete("r", 9));
  EXPECT_EQ(DeletedText(*this->store_), "r 8 at 3; ");
}

TYPED_TEST_P(StoreDeletionAcceptance, AMigrationContinuesFromTheSameSource) {
  ASSERT_OK(this->store_->Create(HeadOf("old")));
  RingHead head = HeadOf("r");
  head.spec.set_migrating_from("old");
  ASSERT_OK(this->store_->Create(head));
  Deletion deletion = KeepingDeletion("r");
  deletion.record.set_source_incarnation(7);
  ASSERT_OK(this->store_->Delete(deletion));
  ASSERT_OK(this->store_->Undelete(RestoringCommit("r", 2, 11)));
  // The source is protected again.
  EXPECT_REFUSED(this->store_->Delete("old", 7), RING_IN_USE);
  ASSERT_OK(this->store_->Delete(deletion));
  ASSERT_OK(this->store_->Delete("old", 7));
  EXPECT_REFUSED(this->store_->Undelete(RestoringCommit("r", 3, 11)),
                 EPOCH_CONFLICT);
  ASSERT_OK(this->store_->Create(HeadOf("old", 8)));
  EXPECT_REFUSED(this->store_->Undelete(RestoringCommit("r", 3, 11)),
                 EPOCH_CONFLICT);
  Commit ending = RestoringCommit("r", 3, 11);
  ending.record.mutable_change()->set_ended_migration_from("old");
  ASSERT_OK(this->store_->Undelete(ending));
  this->Reopen();
  EXPECT_EQ(this->store_->Load("r")->head.spec.migrating_from(), "");
  ASSERT_OK(this->store_->Delete("old", 8));
}

TYPED_TEST_P(StoreDeletionAcceptance, ATableComesBackWithItsRing) {
  std::mt19937_64 random(1);
  TableModel model("table", 8);
  ASSERT_OK(this->store_->Create(TableHeadOf("table", 8)));
  ASSERT_OK(this->store_->Apply(model.Fill(random, 3)));
  ASSERT_OK(this->store_->Apply(model.MoveSome(random, 9)));
  const StoredRing before = *this->store_->Load("table");
  ASSERT_OK(
      this->store_->Delete(KeepingDeletion("table", before.head.incarnation)));
  this->Reopen();
  EXPECT_EQ(this->store_->LoadDeleted("table", before.head.incarnation)->table,
            model.table());
  ASSERT_OK(this->store_->Undelete(
      RestoringCommit("table", before.head.epoch + 1, before.head.fingerprint,
                      before.head.incarnation)));
  this->Reopen();
  EXPECT_EQ(this->store_->Load("table")->table, model.table());
}

TYPED_TEST_P(StoreDeletionAcceptance, OfConcurrentRestorationsOneWins) {
  this->MakeRing();
  ASSERT_OK(this->store_->Delete(KeepingDeletion("r")));
  std::vector<absl::Status> results(4);
  std::vector<std::thread> threads;
  for (absl::Status& result : results) {
    threads.emplace_back([this, &result] {
      result = this->store_->Undelete(RestoringCommit("r", 4, 1003));
    });
  }
  for (std::thread& thread : threads) thread.join();
  int restored = 0;
  for (const absl::Status& result : results) {
    if (result.ok()) {
      ++restored;
    } else {
      EXPECT_REFUSED(result, RING_EXISTS) << result;
    }
  }
  EXPECT_EQ(restored, 1);
  EXPECT_EQ(this->store_->Load("r")->history.size(), 3u);
}

// The largest ring that one change can make, which etcd stores in parts.
TYPED_TEST_P(StoreDeletionAcceptance, ALargeRingIsKeptAndRestored) {
  std::vector<v1::Node> nodes;
  for (size_t i = 0; i < limits::kMaxChangesPerRequest; ++i) {
    nodes.push_back(NodeOf(absl::StrCat("node-", i), "address:1"));
  }
  ASSERT_OK(this->store_->Create(HeadOf("r")));
  ASSERT_OK(this->store_->Apply(CommitOf("r", 2, nodes)));
  StoredRing expected = *this->store_->Load("r");
  ASSERT_OK(this->store_->Delete(KeepingDeletion("r")));
  this->Reopen();
  const Commit commit = RestoringCommit("r", 3, 1002);
  ASSERT_OK(this->store_->Undelete(commit));
  ASSERT_OK(ApplyTo(expected, commit));
  this->Reopen();
  EXPECT_EQ(TextOf(*this->store_), TextOf(expected));
}

REGISTER_TYPED_TEST_SUITE_P(
    StoreDeletionAcceptance, ADeletedRingIsKeptAsItWas,
    ARestoredRingContinuesWithItsHistory, ARefusedRestorationChangesNothing,
    ADeletionNamesTheStateThatItDeletes, RingsOfOneNameAreKeptByIncarnation,
    APurgedRingIsGone, AMigrationContinuesFromTheSameSource,
    ATableComesBackWithItsRing, OfConcurrentRestorationsOneWins,
    ALargeRingIsKeptAndRestored);

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_STORE_STORE_DELETION_ACCEPTANCE_H_
