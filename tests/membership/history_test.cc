// Tests the rings of earlier epochs that the history keeps.
#include <cstdint>
#include <map>
#include <random>
#include <string>

#include "gmock/gmock.h"
#include "tests/membership/random_history.h"
#include "tests/support/membership_fixture.h"
#include "tests/support/refusal_reading.h"

namespace clockwise {
namespace {

using HistoryTest = MembershipTest;
using Code = absl::StatusCode;

std::string PictureAt(const RingState& state, uint64_t epoch) {
  const absl::StatusOr<MeasuredRing> ring = RingAt(state, epoch, "epoch");
  EXPECT_TRUE(ring.ok()) << ring.status();
  if (!ring.ok()) return "";
  return BytesOf(SnapshotOf(state, *ring, epoch, true));
}

void ExpectOutOfHistory(const RingState& state, uint64_t epoch) {
  EXPECT_FALSE(KeepsEpoch(state, epoch)) << epoch;
  const absl::Status status = RingAt(state, epoch, "from_epoch").status();
  ExpectRefusal(status, Code::kOutOfRange,
                v1::ERROR_REASON_EPOCH_OUT_OF_HISTORY);
  EXPECT_THAT(std::string(status.message()),
              ::testing::HasSubstr("from_epoch"));
}

TEST_F(HistoryTest, EveryKeptEpochsRingIsTheRingItWas) {
  for (uint64_t seed : {1, 2, 3}) {
    std::mt19937_64 random(seed);
    std::map<uint64_t, std::string> pictures = {{Epoch(), Picture()}};
    for (int i = 0; i < 40; ++i) {
      (void)membership_->Apply(RandomChange(random, State()->ring().nodes()));
      pictures[Epoch()] = Picture();
    }
    for (int round = 0; round < 2; ++round) {
      for (const auto& [epoch, picture] : pictures) {
        EXPECT_TRUE(KeepsEpoch(*State(), epoch));
        ASSERT_EQ(PictureAt(*State(), epoch), picture) << epoch;
      }
      Reopen();
    }
  }
}

TEST_F(HistoryTest, KeepsTheLastChangesAndNoMore) {
  constexpr uint64_t kKept = 7;
  Reopen(kKept);
  std::mt19937_64 random(4);
  std::map<uint64_t, std::string> pictures = {{Epoch(), Picture()}};
  for (int i = 0; i < 60; ++i) {
    (void)membership_->Apply(RandomChange(random, State()->ring().nodes()));
    pictures[Epoch()] = Picture();
    const StatePtr state = State();
    const uint64_t newest = state->epoch;
    const uint64_t oldest = newest > kKept ? newest - kKept : 1;
    ASSERT_EQ(state->history.size(), newest - oldest);
    for (uint64_t epoch = oldest; epoch <= newest; ++epoch) {
      ASSERT_TRUE(KeepsEpoch(*state, epoch));
      ASSERT_EQ(PictureAt(*state, epoch), pictures[epoch]);
    }
    if (oldest > 1) ExpectOutOfHistory(*state, oldest - 1);
    ExpectOutOfHistory(*state, newest + 1);
  }
  EXPECT_LE(memory_.Load("default").value().history.size(), kKept);
}

TEST_F(HistoryTest, EpochZeroIsTheNewest) {
  Make(Add("a"));
  Make(Add("b"));
  EXPECT_EQ(RingAt(*State(), 0, "epoch").value().ring->fingerprint(),
            State()->ring().fingerprint());
}

TEST_F(HistoryTest, TheRingOfEpochOneIsEmpty) {
  Make(Add("a"));
  EXPECT_TRUE(RingAt(*State(), 1, "epoch").value().ring->nodes().empty());
  ExpectOutOfHistory(*State(), 3);
  ExpectOutOfHistory(*State(), ~uint64_t{0});
}

TEST_F(HistoryTest, AStateOnceTakenDoesNotChange) {
  Make(Add("a"));
  const StatePtr taken = State();
  Make(Add("b"));
  Make(Remove("a"));
  EXPECT_EQ(taken->epoch, 2u);
  EXPECT_EQ(taken->history.size(), 1u);
  EXPECT_EQ(taken->ring().nodes().size(), 1u);
  ExpectOutOfHistory(*taken, 3);
}

TEST_F(HistoryTest, ASmallerHistoryAfterReopeningIsTrimmed) {
  for (const char* id : {"a", "b", "c", "d", "e", "f"}) Make(Add(id));
  Reopen(2);
  Make(Add("g"));
  EXPECT_EQ(State()->history.size(), 2u);
  EXPECT_TRUE(KeepsEpoch(*State(), 6));
  ExpectOutOfHistory(*State(), 5);
}

TEST_F(HistoryTest, ASnapshotHasTheRingsFigures) {
  Make(Many({Add(RequestNode("b", 2)), Add("a"), Add("c")}));
  const StatePtr state = State();
  const v1::Snapshot with = SnapshotOf(*state, state->measured, 2, true);
  EXPECT_EQ(with.epoch(), 2u);
  EXPECT_EQ(with.incarnation(), state->incarnation);
  EXPECT_EQ(with.fingerprint(), state->ring().fingerprint());
  EXPECT_EQ(BytesOf(with.spec()), BytesOf(state->ring().spec()));
  ASSERT_EQ(with.nodes_size(), 3);
  EXPECT_EQ(with.nodes(1).id(), "b");
  ASSERT_EQ(with.shares_size(), 3);
  EXPECT_NEAR(with.shares(0) + with.shares(1) + with.shares(2), 1, 1e-12);
  EXPECT_EQ(BytesOf(with.balance()), BytesOf(state->measured.balance));
  EXPECT_THAT(with.point_positions(),
              ::testing::ElementsAreArray(state->ring().positions()));
  EXPECT_THAT(with.point_nodes(),
              ::testing::ElementsAreArray(state->ring().slot_nodes()));
  const v1::Snapshot without = SnapshotOf(*state, state->measured, 2, false);
  EXPECT_EQ(without.point_positions_size(), 0);
  EXPECT_EQ(without.point_nodes_size(), 0);
  EXPECT_EQ(without.nodes_size(), 3);
}

}  // namespace
}  // namespace clockwise
