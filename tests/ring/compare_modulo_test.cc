// MODULO's moves are not ranges. This counts what moves over all remainders.
#include "service/ring/compare_modulo.h"

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/ring/arcs.h"
#include "service/ring/compare.h"
#include "service/ring/layout_settings.h"
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

using Pairs = std::map<std::pair<std::string, std::string>, double>;

Pairs PairsOf(const Comparison& comparison) {
  Pairs pairs;
  for (const v1::Transfer& transfer : comparison.transfers) {
    pairs[{transfer.from_id(), transfer.to_id()}] = transfer.ratio();
  }
  return pairs;
}

Comparison ComparedOnce(const v1::RingSpec& spec, const Nodes& before,
                        const Nodes& after) {
  const RingPtr was = NewRing(spec, before);
  const RingPtr is = NewRing(spec, after);
  return Compare(*was, Measure(*was), *is, Measure(*is), 100);
}

// Counts primaries over all remainders of N·M.
Pairs CountPairs(const v1::RingSpec& spec, const Nodes& before,
                 const Nodes& after) {
  const RingPtr was = NewRing(spec, before);
  const RingPtr is = NewRing(spec, after);
  const uint64_t all = was->slots() * is->slots();
  Pairs pairs;
  for (uint64_t i = 0; i < all; ++i) {
    const std::string& from =
        was->nodes()[was->slot_nodes()[i % was->slots()]]->id();
    const std::string& to =
        is->nodes()[is->slot_nodes()[i % is->slots()]]->id();
    if (from != to) pairs[{from, to}] += 1.0 / static_cast<double>(all);
  }
  return pairs;
}

TEST(CompareModuloTest, TransfersEqualACountOverAllRemainders) {
  v1::RingSpec weighted;
  weighted.set_layout(v1::LAYOUT_CRC32_MODULO);
  weighted = *NormalizeSpec(weighted);
  std::mt19937_64 random(53);
  for (uint32_t round = 0; round < 100; ++round) {
    const Nodes before = RandomNodes(random, 1 + Draw(random, 8), 4, 1);
    const Nodes after = RandomNodes(random, 1 + Draw(random, 8), 4, 1);
    for (const v1::RingSpec& spec : {ModuloSpec(), weighted}) {
      const Pairs counted = CountPairs(spec, before, after);
      const Pairs listed = PairsOf(ComparedOnce(spec, before, after));
      ASSERT_EQ(listed.size(), counted.size()) << "round " << round;
      for (const auto& [pair, ratio] : counted) {
        EXPECT_NEAR(listed.at(pair), ratio, 1e-12) << "round " << round;
      }
    }
  }
}

TEST(CompareModuloTest, TransfersOfSeveralOwnersSumToTheMovedRatio) {
  std::mt19937_64 random(54);
  for (uint32_t round = 0; round < 50; ++round) {
    const Comparison comparison =
        ComparedOnce(ModuloSpec(3), RandomNodes(random, Draw(random, 9), 1, 2),
                     RandomNodes(random, 1 + Draw(random, 9), 1, 2));
    double sum = 0;
    for (const v1::Transfer& transfer : comparison.transfers) {
      sum += transfer.ratio();
    }
    EXPECT_NEAR(sum, comparison.moved_ratio, 1e-12) << "round " << round;
    EXPECT_FALSE(comparison.transfers_truncated);
  }
}

TEST(CompareModuloTest, TransfersBetweenTooManyPairsOfSlotsAreNotListed) {
  const Comparison comparison =
      ComparedOnce(ModuloSpec(), NewNodes(1000), NewNodes(1001));
  EXPECT_THAT(comparison.transfers, IsEmpty());
  EXPECT_TRUE(comparison.transfers_truncated);
}

TEST(CompareModuloTest, ArcsOfTheRemaindersHaveAllOwners) {
  for (const v1::Layout layout :
       {v1::LAYOUT_CRC32_MODULO, v1::LAYOUT_MD5_MODULO}) {
    v1::RingSpec spec;
    spec.set_layout(layout);
    spec = *NormalizeSpec(spec);
    const ArcList arcs =
        ArcsOf(*NewRing(spec, NewNodes(2)), *NewRing(spec, NewNodes(3)));
    // The remainders modulo 6. Those of 0 and 1 stay.
    ASSERT_EQ(arcs.arcs.size(), 6) << v1::Layout_Name(layout);
    for (size_t i = 0; i < 6; ++i) {
      EXPECT_EQ(arcs.arcs[i].owner, i % 3);
      EXPECT_EQ(arcs.arcs[i].moved, i < 2 ? 0 : 1);
    }
  }
}

TEST(CompareModuloTest, WeightsMoveNothing) {
  Nodes heavier = NewNodes(4);
  heavier[1].set_weight(9);
  EXPECT_EQ(Moved(ModuloSpec(2), NewNodes(4), heavier), 0);
}

}  // namespace
}  // namespace clockwise
