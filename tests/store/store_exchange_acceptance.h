// The part of the acceptance suite about copying whole rings into a Store, and
// about programs that share a Store and follow its changes. A typed suite over
// a Backend, as in store_acceptance.h.
#ifndef CLOCKWISE_TESTS_STORE_STORE_EXCHANGE_ACCEPTANCE_H_
#define CLOCKWISE_TESTS_STORE_STORE_EXCHANGE_ACCEPTANCE_H_

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "service/store/store_rules.h"
#include "tests/store/store_acceptance.h"
#include "tests/store/table_model.h"

namespace clockwise {

template <typename Backend>
class StoreExchangeAcceptance : public StoreAcceptance<Backend> {};

TYPED_TEST_SUITE_P(StoreExchangeAcceptance);

TYPED_TEST_P(StoreExchangeAcceptance, AnImportedRingComesBackWhole) {
  StoredRing ring;
  ring.head = HeadOf("r", 9);
  ring.head.epoch = 12;
  ring.nodes = {NodeOf("a", "host:1"), NodeOf("b")};
  ring.history = {CommitOf("r", 11, {NodeOf("a")}, {}, 3).record,
                  CommitOf("r", 12, {NodeOf("b")}, {"x"}, 9).record};
  ASSERT_OK(this->store_->Import(ring));
  EXPECT_EQ(TextOf(this->Stored("r")), TextOf(ring));
  EXPECT_REFUSED(this->store_->Import(ring), RING_EXISTS);
  this->Reopen();
  EXPECT_EQ(TextOf(this->Stored("r")), TextOf(ring));
  const Commit next = CommitOf("r", 13, {NodeOf("c")}, {"a"}, 9);
  ASSERT_OK(this->store_->Apply(next));
  ASSERT_OK(ApplyTo(ring, next));
  EXPECT_EQ(TextOf(this->Stored("r")), TextOf(ring));
}

TYPED_TEST_P(StoreExchangeAcceptance, AMigrationThatEndedIsInNoSpecAnyMore) {
  ASSERT_OK(this->store_->Create(HeadOf("old")));
  RingHead head = HeadOf("r");
  head.spec.set_migrating_from("old");
  ASSERT_OK(this->store_->Create(head));
  ASSERT_OK(this->store_->Apply(CommitOf("r", 2, {NodeOf("a")})));
  EXPECT_EQ(this->Stored("r").head.spec.migrating_from(), "old");
  Commit commit = CommitOf("r", 3);
  commit.record.mutable_change()->set_ended_migration_from("old");
  ASSERT_OK(this->store_->Apply(commit));
  EXPECT_EQ(this->Stored("r").head.spec.migrating_from(), "");
  EXPECT_EQ(this->Stored("r").head.spec.name(), "r");
  this->Reopen();
  EXPECT_EQ(this->Stored("r").head.spec.migrating_from(), "");
  ASSERT_OK(this->store_->Apply(CommitOf("r", 4, {NodeOf("b")})));
  EXPECT_EQ(this->Stored("r").head.spec.migrating_from(), "");
}

TYPED_TEST_P(StoreExchangeAcceptance, AMigrationsSourceIsNotDeleted) {
  RingHead head = HeadOf("r");
  head.spec.set_migrating_from("old");
  EXPECT_REFUSED(this->store_->Create(head), RING_NOT_FOUND);
  EXPECT_REFUSED(this->store_->Head("r").status(), RING_NOT_FOUND);
  ASSERT_OK(this->store_->Create(HeadOf("old")));
  ASSERT_OK(this->store_->Create(head));
  EXPECT_REFUSED(this->store_->Delete("old", 7), RING_IN_USE);
  this->Reopen();
  EXPECT_REFUSED(this->store_->Delete("old", 7), RING_IN_USE);
  // The migration ends in one of two ways.
  ASSERT_OK(this->store_->Delete("r", 7));
  ASSERT_OK(this->store_->Create(head));
  Commit commit = CommitOf("r", 2);
  commit.record.mutable_change()->set_ended_migration_from("old");
  ASSERT_OK(this->store_->Apply(commit));
  ASSERT_OK(this->store_->Delete("old", 7));
  EXPECT_EQ(this->Stored("r").head.epoch, 2);
  // A ring is restored without its source too.
  StoredRing restored;
  restored.head = HeadOf("s");
  restored.head.spec.set_migrating_from("old");
  ASSERT_OK(this->store_->Import(restored));
  ASSERT_OK(this->store_->Create(HeadOf("old")));
  EXPECT_REFUSED(this->store_->Delete("old", 7), RING_IN_USE);
}

TYPED_TEST_P(StoreExchangeAcceptance, ManyNodesAndRecordsAreImported) {
  StoredRing ring;
  ring.head = HeadOf("r");
  ring.head.epoch = 900;
  for (int i = 0; i < 3000; ++i) {
    ring.nodes.push_back(NodeOf(absl::StrCat("node-", 10'000 + i), "host:1"));
  }
  for (uint64_t epoch = 301; epoch <= 900; ++epoch) {
    ring.history.push_back(CommitOf("r", epoch, {NodeOf("n")}).record);
  }
  ASSERT_OK(this->store_->Import(ring));
  this->Reopen();
  EXPECT_EQ(TextOf(this->Stored("r")), TextOf(ring));
  ASSERT_OK(this->store_->Apply(CommitOf("r", 901)));
}

TYPED_TEST_P(StoreExchangeAcceptance, ChangesAfterAnEpochAreThoseThatFollowIt) {
  ASSERT_OK(this->store_->Create(HeadOf("r")));
  EXPECT_REFUSED(this->store_->ChangesAfter("x", 7, 1).status(),
                 RING_NOT_FOUND);
  for (uint64_t epoch = 2; epoch <= 10; ++epoch) {
    Commit commit = CommitOf("r", epoch, {NodeOf("a")});
    commit.history_changes = 4;
    ASSERT_OK(this->store_->Apply(commit));
  }
  for (uint64_t after = 6; after <= 10; ++after) {
    const auto records = this->store_->ChangesAfter("r", 7, after);
    ASSERT_OK(records.status());
    ASSERT_EQ(records->size(), 10 - after);
    for (size_t i = 0; i < records->size(); ++i) {
      EXPECT_EQ((*records)[i].change().epoch(), after + 1 + i);
    }
  }
  EXPECT_REFUSED(this->store_->ChangesAfter("r", 7, 5).status(),
                 EPOCH_CONFLICT);
  EXPECT_REFUSED(this->store_->ChangesAfter("r", 7, 11).status(),
                 EPOCH_CONFLICT);
  EXPECT_REFUSED(this->store_->ChangesAfter("r", 8, 9).status(),
                 EPOCH_CONFLICT);
}

TYPED_TEST_P(StoreExchangeAcceptance, HeadsAreThoseOfAllRingsByName) {
  EXPECT_TRUE(this->store_->Heads()->empty());
  for (const char* name : {"b", "a", "c"}) {
    ASSERT_OK(this->store_->Create(HeadOf(name)));
  }
  ASSERT_OK(this->store_->Apply(CommitOf("b", 2, {NodeOf("n")})));
  ASSERT_OK(this->store_->Delete("c", 7));
  const auto heads = this->store_->Heads();
  ASSERT_OK(heads.status());
  ASSERT_EQ(heads->size(), 2);
  for (const RingHead& head : *heads) {
    StoredRing alone, expected;
    alone.head = head;
    expected.head = this->Stored(head.spec.name()).head;
    EXPECT_EQ(TextOf(alone), TextOf(expected));
  }
  EXPECT_EQ((*heads)[0].spec.name(), "a");
}

TYPED_TEST_P(StoreExchangeAcceptance, ATableIsImported) {
  std::mt19937_64 random(1);
  for (const size_t width : {0, 1, 3}) {
    TableModel model("r", 9);
    StoredRing ring;
    ring.head = TableHeadOf("r", 9);
    ring.head.epoch = 2;
    ring.history = {model.Fill(random, width).record};
    ring.table = model.table();
    ASSERT_OK(this->store_->Import(ring));
    this->Reopen();
    EXPECT_EQ(TextOf(this->Stored("r")), TextOf(ring));
    ASSERT_OK(this->store_->Apply(model.Fill(random, 2)));
    ASSERT_OK(this->store_->Apply(model.MoveSome(random, 20)));
    EXPECT_EQ(this->Stored("r").table, model.table());
    ASSERT_OK(this->store_->Delete("r", 7));
  }
}

REGISTER_TYPED_TEST_SUITE_P(StoreExchangeAcceptance,
                            AnImportedRingComesBackWhole,
                            AMigrationThatEndedIsInNoSpecAnyMore,
                            AMigrationsSourceIsNotDeleted,
                            ManyNodesAndRecordsAreImported,
                            ChangesAfterAnEpochAreThoseThatFollowIt,
                            HeadsAreThoseOfAllRingsByName, ATableIsImported);

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_STORE_STORE_EXCHANGE_ACCEPTANCE_H_
