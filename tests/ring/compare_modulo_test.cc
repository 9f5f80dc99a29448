// MODULO's moves are not ranges. This counts what moves over all remainders.
#include "service/ring/compare_modulo.h"

#include <cstdint>
#include <random>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/ring/compare.h"
#include "tests/support/reference_ring.h"
#include "tests/support/ring_builders.h"

namespace clockwise {
namespace {

using ::testing::IsEmpty;

double Moved(const v1::RingSpec& spec, const Nodes& before,
             const Nodes& after) {
  return ModuloMovedRatio(*NewRing(spec, before), *NewRing(spec, after));
}

TEST(CompareModuloTest, MovedRatioEqualsACountOverAllRemainders) {
  std::mt19937_64 random(51);
  for (uint32_t round = 0; round < 300; ++round) {
    const uint32_t zones = 1 + round % 4;
    const v1::RingSpec spec = ModuloSpec(1 + (round / 4) % 4);
    const Nodes before = RandomNodes(random, Draw(random, 11), 1, zones);
    Nodes after = RandomNodes(random, Draw(random, 11), 1, zones);
    if (round % 3 == 0) {  // other IDs, so that slots and nodes differ
      for (v1::Node& node : after) {
        if (Draw(random, 2) == 0) node.set_id("m" + node.id());
      }
    }
    EXPECT_NEAR(Moved(spec, before, after),
                CountMovedRatio(spec, before, after), 1e-12)
        << before.size() << " to " << after.size() << " nodes, round " << round;
  }
}

// N of the N·(N+1) remainders keep their slot, those below N: 1 in N + 1 stays.
TEST(CompareModuloTest, OneMoreNodeOfNMovesAllButOneInNPlusOne) {
  for (size_t count : {1, 2, 4, 5, 99}) {
    Nodes before, after;
    for (size_t i = 0; i <= count; ++i) {
      const std::string number = std::to_string(1000 + i);
      if (i < count) before.push_back(NewNode("n" + number));
      after.push_back(NewNode("n" + number));
    }
    const double n = static_cast<double>(count);
    EXPECT_NEAR(Moved(ModuloSpec(), before, after), n / (n + 1), 1e-12);
  }
}

TEST(CompareModuloTest, ManyNodesAreCountedInTime) {
  std::mt19937_64 random(52);
  const Nodes before = RandomNodes(random, 80, 1, 1);
  const Nodes after(before.begin(), before.end() - 1);
  EXPECT_NEAR(Moved(ModuloSpec(2), before, after),
              CountMovedRatio(ModuloSpec(2), before, after), 1e-12);
}

TEST(CompareModuloTest, MovesAreNoRangesAndSoAreLeftOut) {
  const RingPtr before = NewRing(ModuloSpec(), NewNodes(4));
  const RingPtr after = NewRing(ModuloSpec(), NewNodes(5));
  const Comparison comparison =
      Compare(*before, Measure(*before), *after, Measure(*after), 100);
  EXPECT_THAT(comparison.moves, IsEmpty());
  EXPECT_TRUE(comparison.moves_truncated);
  EXPECT_NEAR(comparison.moved_ratio, 0.8, 1e-12);
  EXPECT_NEAR(comparison.minimum_moved_ratio, 0.2, 1e-12);
}

TEST(CompareModuloTest, WeightsMoveNothing) {
  Nodes heavier = NewNodes(4);
  heavier[1].set_weight(9);
  EXPECT_EQ(Moved(ModuloSpec(2), NewNodes(4), heavier), 0);
}

}  // namespace
}  // namespace clockwise
