// Tests that the size of history records is bounded, in memory and in the
// store.
#include <cstdint>
#include <deque>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "tests/membership/partitioned_fixture.h"
#include "tests/support/refusal_reading.h"

namespace clockwise {
namespace {

using ::testing::ElementsAreArray;
using ::testing::SizeIs;

class HistoryBytesTest : public PartitionedTest,
                         public ::testing::WithParamInterface<v1::Layout> {
 protected:
  void SetUp() override {
    PartitionedTest::SetUp();
    if (GetParam() == v1::LAYOUT_PARTITIONED) MakeRing(6, 2);
    zones_ = 3;
  }

  // Returns the epochs whose records the state and the store keep.
  std::vector<uint64_t> Kept() {
    std::vector<uint64_t> kept, stored;
    for (const auto& record : State()->history) {
      kept.push_back(record->change().epoch());
    }
    const StoredRing ring = memory_.Load("default").value();
    for (const auto& record : ring.history) {
      stored.push_back(record.change().epoch());
    }
    EXPECT_EQ(stored, kept);
    return kept;
  }

  void ExpectOutOfHistory(uint64_t epoch) {
    EXPECT_FALSE(KeepsEpoch(*State(), epoch));
    ExpectRefusal(RingAt(*State(), epoch, "epoch").status(),
                  absl::StatusCode::kOutOfRange,
                  v1::ERROR_REASON_EPOCH_OUT_OF_HISTORY);
  }

  // Makes random changes until one has an effect.
  void Step(std::mt19937_64& random) {
    const uint64_t epoch = Epoch();
    while (Epoch() == epoch && !HasFailure()) Make(RandomChange(random));
  }
};

TEST_P(HistoryBytesTest, OldRecordsGoAlthoughTheyAreFew) {
  for (const size_t bytes : {1'000, 3'000, 10'000}) {
    Reopen(1000, bytes);
    std::mt19937_64 random(bytes);
    std::deque<size_t> sizes;
    for (const auto& record : State()->history) {
      sizes.push_back(record->ByteSizeLong());
    }
    std::map<uint64_t, std::string> pictures;
    bool dropped = false;
    for (int i = 0; i < 100; ++i) {
      Step(random);
      pictures[Epoch()] = Picture();
      sizes.push_back(State()->history.back()->ByteSizeLong());
      size_t sum = 0;
      for (const size_t size : sizes) sum += size;
      for (; sum > bytes && sizes.size() > 1; sizes.pop_front()) {
        sum -= sizes.front();
        dropped = true;
      }
      ASSERT_THAT(Kept(), SizeIs(sizes.size()));
      ASSERT_EQ(State()->history_bytes, sum);
      const uint64_t oldest = Epoch() - sizes.size();
      for (uint64_t epoch = oldest; epoch <= Epoch(); ++epoch) {
        if (!pictures.contains(epoch)) continue;
        ASSERT_EQ(BytesOf(SnapshotAt(*State(), epoch)), pictures[epoch]);
      }
      if (oldest > 1) ExpectOutOfHistory(oldest - 1);
    }
    EXPECT_TRUE(dropped);
    EXPECT_GT(Kept().size(), bytes < 10'000 ? 0 : 3);
  }
}

TEST_P(HistoryBytesTest, TheNewestStaysWhateverItsSize) {
  Reopen(1000, 1);
  std::mt19937_64 random(1);
  for (int i = 0; i < 30; ++i) {
    const std::string before = Picture();
    Step(random);
    ASSERT_THAT(Kept(), SizeIs(1));
    ASSERT_EQ(BytesOf(SnapshotAt(*State(), Epoch() - 1)), before);
    EXPECT_TRUE(DeltaSince(*State(), Epoch() - 1, true).ok());
    if (Epoch() > 2) ExpectOutOfHistory(Epoch() - 2);
  }
}

TEST_P(HistoryBytesTest, TheSameEpochsAreKeptAfterReopening) {
  Reopen(1000, 5'000);
  std::mt19937_64 random(2);
  for (int i = 0; i < 60; ++i) {
    Step(random);
    const std::vector<uint64_t> kept = Kept();
    const size_t bytes = State()->history_bytes;
    Reopen(1000, 5'000);
    ASSERT_THAT(Kept(), ElementsAreArray(kept));
    ASSERT_EQ(State()->history_bytes, bytes);
    // A higher bound does not restore records that were dropped.
    Reopen();
    ASSERT_THAT(Kept(), ElementsAreArray(kept));
    Reopen(1000, 5'000);
  }
}

TEST_P(HistoryBytesTest, ASmallerBoundDropsAtOnceAndInTheStoreByTheNextChange) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 40; ++i) Step(random);
  ASSERT_THAT(Kept(), SizeIs(40));
  Reopen(1000, 4'000);
  const size_t few = State()->history.size();
  EXPECT_LT(few, 40u);
  EXPECT_LE(State()->history_bytes, 4'000u);
  EXPECT_THAT(memory_.Load("default").value().history, SizeIs(40));
  ExpectOutOfHistory(Epoch() - few - 1);
  Step(random);
  EXPECT_LE(Kept().size(), few + 1);
}

TEST_P(HistoryBytesTest, WhicheverBoundIsLowerHolds) {
  Reopen(3, 1'000'000);
  std::mt19937_64 random(4);
  for (int i = 0; i < 10; ++i) Step(random);
  EXPECT_THAT(Kept(), SizeIs(3));
  Reopen(3, 1);
  Step(random);
  EXPECT_THAT(Kept(), SizeIs(1));
}

INSTANTIATE_TEST_SUITE_P(Layouts, HistoryBytesTest,
                         ::testing::Values(v1::LAYOUT_HASHED,
                                           v1::LAYOUT_PARTITIONED),
                         [](const auto& test) {
                           return test.param == v1::LAYOUT_HASHED
                                      ? "Hashed"
                                      : "Partitioned";
                         });

}  // namespace
}  // namespace clockwise
