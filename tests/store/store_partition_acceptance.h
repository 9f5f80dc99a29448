// The part of the acceptance suite about the partition tables of PARTITIONED
// rings. A typed suite over a Backend, as in store_acceptance.h.
#ifndef CLOCKWISE_TESTS_STORE_STORE_PARTITION_ACCEPTANCE_H_
#define CLOCKWISE_TESTS_STORE_STORE_PARTITION_ACCEPTANCE_H_

#include <gtest/gtest.h>

#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "tests/store/store_acceptance.h"
#include "tests/store/table_model.h"

namespace clockwise {

template <typename Backend>
class StorePartitionAcceptance : public StoreAcceptance<Backend> {
 protected:
  // Creates the ring "r" and its first table, with random owners.
  TableModel NewTable(uint32_t bits, size_t width) {
    TableModel model("r", bits);
    EXPECT_OK(this->store_->Create(TableHeadOf("r", bits)));
    EXPECT_OK(this->store_->Apply(model.Fill(random_, width)));
    return model;
  }
  // Checks that the ring "r" has the model's table and epoch, also when
  // reopened.
  void ExpectStored(const TableModel& model) {
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(this->Stored("r").table, model.table());
      EXPECT_EQ(this->Stored("r").head.epoch, model.epoch());
      this->Reopen();
    }
  }
  // Checks that `commit` is rejected and changes nothing.
  void ExpectMisfit(const Commit& commit) {
    SCOPED_TRACE(commit.record.ShortDebugString());
    const std::string before = TextOf(*this->store_);
    EXPECT_REFUSED(this->store_->Apply(commit), STORE_UNAVAILABLE);
    EXPECT_EQ(TextOf(*this->store_), before);
    this->Reopen();
    EXPECT_EQ(TextOf(*this->store_), before);
  }

  std::mt19937_64 random_{1};
};

TYPED_TEST_SUITE_P(StorePartitionAcceptance);

TYPED_TEST_P(StorePartitionAcceptance, ANewRingHasNoTable) {
  ASSERT_OK(this->store_->Create(TableHeadOf("r", 4)));
  this->Reopen();
  EXPECT_TRUE(this->Stored("r").table.empty());
  EXPECT_EQ(this->Stored("r").head.spec.partition_bits(), 4);
}

TYPED_TEST_P(StorePartitionAcceptance, ARingIsCreatedWithItsTable) {
  for (const uint32_t bits : {4, 9}) {
    SCOPED_TRACE(bits);
    TableModel model("r", bits);
    StoredRing ring;
    ring.head = TableHeadOf("r", bits);
    ASSERT_OK(ApplyTo(ring, model.Fill(this->random_, 2)));
    ASSERT_OK(this->store_->Create(ring));
    this->ExpectStored(model);
    ASSERT_OK(this->store_->Apply(model.Fill(this->random_, 2)));
    this->ExpectStored(model);
    ASSERT_OK(this->store_->Delete("r", 7));
  }
}

TYPED_TEST_P(StorePartitionAcceptance, ATableIsThereAfterReopening) {
  for (const uint32_t bits : {4, 5, 6, 7, 9}) {
    SCOPED_TRACE(bits);
    this->ExpectStored(this->NewTable(bits, 1 + bits % 3));
    ASSERT_OK(this->store_->Delete("r", 7));
  }
}

TYPED_TEST_P(StorePartitionAcceptance, TheLeastAndGreatestOrdinalsSurvive) {
  TableModel model = this->NewTable(4, 2);
  OrdinalTable table(32, std::numeric_limits<uint32_t>::max());
  table[5] = 0;
  table[6] = 0x80000000;
  ASSERT_OK(this->store_->Apply(model.Become(table)));
  this->ExpectStored(model);
}

TYPED_TEST_P(StorePartitionAcceptance, MovedPartitionsChangeOnlyTheirRows) {
  TableModel model = this->NewTable(8, 3);
  const std::vector<std::vector<uint32_t>> sets = {
      {0}, {255}, {63}, {64}, {62, 63, 64, 65}, {0, 100, 127, 128, 200, 255}};
  uint32_t owner = 0;
  for (const std::vector<uint32_t>& rows : sets) {
    OrdinalTable to = model.table();
    for (const uint32_t row : rows) {
      for (uint32_t i = 0; i < 3; ++i) to[3 * row + i] = ++owner;
    }
    const Commit commit = model.Become(to);
    ASSERT_EQ(commit.record.partitions().partitions_size(), rows.size());
    ASSERT_OK(this->store_->Apply(commit));
    this->ExpectStored(model);
  }
}

TYPED_TEST_P(StorePartitionAcceptance, ACommitWithoutMovesLeavesTheTable) {
  const TableModel model = this->NewTable(7, 3);
  ASSERT_OK(this->store_->Apply(CommitOf("r", 3, {NodeOf("a")})));
  this->Reopen();
  EXPECT_EQ(this->Stored("r").table, model.table());
}

TYPED_TEST_P(StorePartitionAcceptance, ANewWidthReplacesTheTable) {
  TableModel model = this->NewTable(7, 1);
  for (const size_t width : {3, 2, 8, 1, 1}) {
    ASSERT_OK(this->store_->Apply(model.Fill(this->random_, width)));
    this->ExpectStored(model);
  }
}

TYPED_TEST_P(StorePartitionAcceptance, ATableMayBeEmptiedAndFilledAgain) {
  TableModel model = this->NewTable(7, 2);
  ASSERT_OK(this->store_->Apply(model.Become({})));
  EXPECT_TRUE(this->Stored("r").table.empty());
  this->ExpectStored(model);
  ASSERT_OK(this->store_->Apply(model.Fill(this->random_, 3)));
  this->ExpectStored(model);
}

TYPED_TEST_P(StorePartitionAcceptance, MovesThatDoNotFitChangeNothing) {
  for (const uint32_t bits : {4, 8}) {
    TableModel model = this->NewTable(bits, 3);
    const uint32_t end = 1u << bits;
    std::vector<uint32_t> all(end);
    std::iota(all.begin(), all.end(), 0u);
    std::vector<uint32_t> all_but_the_end = all;
    all_but_the_end[end - 1] = end;
    std::vector<uint32_t> all_but_one_twice = all;
    all_but_one_twice[1] = 0;
    const std::vector<Commit> misfits = {
        MovesOf("r", 3, {2}, {1, 2}),        // another width
        MovesOf("r", 3, {2}, {1, 2, 3, 4}),  //
        MovesOf("r", 3, {1, 2}, {1, 2, 3, 4, 5, 6, 7, 8}),
        MovesOf("r", 3, {2}, {}),                  //
        MovesOf("r", 3, {1, 2}, {1, 2, 3, 4, 5}),  // incomplete rows
        MovesOf("r", 3, {end}, {1, 2, 3}),         // beyond the end
        MovesOf("r", 3, {1, 3, end}, std::vector<uint32_t>(9, 5)),
        MovesOf("r", 3, {1, end + 1000}, std::vector<uint32_t>(6, 5)),
        MovesOf("r", 3, {1, ~0u}, std::vector<uint32_t>(6, 5)),
        MovesOf("r", 3, all_but_the_end, std::vector<uint32_t>(end * 3, 5)),
        MovesOf("r", 3, all_but_the_end, {}),
        MovesOf("r", 3, all, std::vector<uint32_t>(end * 3 + 1, 5)),
        MovesOf("r", 3, {4, 4}, std::vector<uint32_t>(6, 5)),  // not ascending
        MovesOf("r", 3, {4, 3}, std::vector<uint32_t>(6, 5)),
        MovesOf("r", 3, all_but_one_twice, std::vector<uint32_t>(end * 2, 5))};
    for (const Commit& misfit : misfits) this->ExpectMisfit(misfit);
    ASSERT_OK(this->store_->Apply(model.MoveSome(this->random_, 5)));
    EXPECT_TRUE(this->store_->up());
    this->ExpectStored(model);
    ASSERT_OK(this->store_->Delete("r", 7));
  }
}

TYPED_TEST_P(StorePartitionAcceptance, AnEmptyTableTakesAllPartitionsOrNone) {
  ASSERT_OK(this->store_->Create(TableHeadOf("r", 7)));
  this->ExpectMisfit(MovesOf("r", 2, {0}, {1, 2, 3}));
  std::vector<uint32_t> but_the_last;
  for (uint32_t row = 0; row < 127; ++row) but_the_last.push_back(row);
  this->ExpectMisfit(
      MovesOf("r", 2, but_the_last, std::vector<uint32_t>(127, 5)));
  ASSERT_OK(this->store_->Apply(CommitOf("r", 2)));
  EXPECT_TRUE(this->Stored("r").table.empty());
}

TYPED_TEST_P(StorePartitionAcceptance, ARingThatIsNotPartitionedTakesNoMoves) {
  ASSERT_OK(this->store_->Create(HeadOf("r")));
  ASSERT_OK(this->store_->Apply(CommitOf("r", 2, {NodeOf("a")})));
  this->ExpectMisfit(MovesOf("r", 3, {0}, {1}));
  this->ExpectMisfit(MovesOf("r", 3, {0}, {}));
  this->ExpectMisfit(MovesOf("r", 3, {0, 1}, {1, 2}));
}

TYPED_TEST_P(StorePartitionAcceptance, AStaleEpochLeavesTheTable) {
  TableModel model = this->NewTable(7, 3);
  Commit stale = model.MoveSome(this->random_, 10);
  ASSERT_OK(this->store_->Apply(stale));
  const std::string before = TextOf(*this->store_);
  for (uint32_t& owner : *stale.record.mutable_partitions()->mutable_after()) {
    ++owner;
  }
  EXPECT_REFUSED(this->store_->Apply(stale), EPOCH_CONFLICT);
  EXPECT_EQ(TextOf(*this->store_), before);
}

TYPED_TEST_P(StorePartitionAcceptance, ADeletedRingsTableIsGone) {
  const TableModel model = this->NewTable(7, 3);
  TableModel other("s", 7);
  ASSERT_OK(this->store_->Create(TableHeadOf("s", 7)));
  ASSERT_OK(this->store_->Apply(other.Fill(this->random_, 2)));
  ASSERT_OK(this->store_->Delete("s", 7));
  this->ExpectStored(model);
  ASSERT_OK(this->store_->Create(TableHeadOf("s", 7, 8)));
  this->Reopen();
  EXPECT_TRUE(this->Stored("s").table.empty());
  ASSERT_OK(this->store_->Apply(CommitOf("s", 2, {NodeOf("a")}, {}, 8)));
  EXPECT_TRUE(this->Stored("s").table.empty());
  this->ExpectStored(model);
}

TYPED_TEST_P(StorePartitionAcceptance, RecordsUpToTheDroppedEpochAreDropped) {
  for (const RingHead& head : {HeadOf("hashed"), TableHeadOf("table", 4)}) {
    const std::string& ring = head.spec.name();
    ASSERT_OK(this->store_->Create(head));
    for (uint64_t epoch = 2; epoch <= 8; ++epoch) {
      ASSERT_OK(this->store_->Apply(CommitOf(ring, epoch, {NodeOf("a")})));
    }
    Commit commit = CommitOf(ring, 9);
    commit.dropped_epoch = 5;
    ASSERT_OK(this->store_->Apply(commit));
    this->Reopen();
    EXPECT_EQ(EpochsOf(this->Stored(ring)),
              (std::vector<uint64_t>{6, 7, 8, 9}));
    // The limit that drops more applies.
    commit = CommitOf(ring, 10);
    commit.dropped_epoch = 6;
    commit.history_changes = 2;
    ASSERT_OK(this->store_->Apply(commit));
    EXPECT_EQ(EpochsOf(this->Stored(ring)), (std::vector<uint64_t>{9, 10}));
    commit = CommitOf(ring, 11);
    commit.dropped_epoch = 10;
    commit.history_changes = 2;
    ASSERT_OK(this->store_->Apply(commit));
    this->Reopen();
    EXPECT_EQ(EpochsOf(this->Stored(ring)), std::vector<uint64_t>{11});
  }
}

TYPED_TEST_P(StorePartitionAcceptance, ALargeTableFollowsItsMovesForLong) {
  TableModel model = this->NewTable(12, 3);
  for (int i = 0; i < 200; ++i) {
    const size_t width =
        this->random_() % 30 == 0 ? 1 + this->random_() % 4 : model.width();
    Commit commit =
        width != model.width()
            ? model.Fill(this->random_, width)
            : model.MoveSome(this->random_, 1 + this->random_() % 300);
    commit.history_changes = 3;
    ASSERT_OK(this->store_->Apply(commit));
    if (i % 20 == 0) this->Reopen();
    ASSERT_EQ(this->Stored("r").table, model.table()) << "commit " << i;
  }
  this->ExpectStored(model);
}

REGISTER_TYPED_TEST_SUITE_P(
    StorePartitionAcceptance, ANewRingHasNoTable, ARingIsCreatedWithItsTable,
    ATableIsThereAfterReopening, TheLeastAndGreatestOrdinalsSurvive,
    MovedPartitionsChangeOnlyTheirRows, ACommitWithoutMovesLeavesTheTable,
    ANewWidthReplacesTheTable, ATableMayBeEmptiedAndFilledAgain,
    MovesThatDoNotFitChangeNothing, AnEmptyTableTakesAllPartitionsOrNone,
    ARingThatIsNotPartitionedTakesNoMoves, AStaleEpochLeavesTheTable,
    ADeletedRingsTableIsGone, RecordsUpToTheDroppedEpochAreDropped,
    ALargeTableFollowsItsMovesForLong);

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_STORE_STORE_PARTITION_ACCEPTANCE_H_
