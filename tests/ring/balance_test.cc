// Compares ownership and balance with a count over every arc.
#include "service/ring/balance.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/reference_ring.h"
#include "tests/support/ring_builders.h"

namespace clockwise {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

// Arcs must be equal. MODULO has its own unit, so it is compared by cross
// products.
void ExpectMeasuredAsCounted(const v1::RingSpec& spec, const Nodes& nodes) {
  const RingPtr ring = NewRing(spec, nodes);
  const Ownership ownership = Measure(*ring);
  const ReferenceFigures counted = CountOwnership(spec, nodes);
  ASSERT_EQ(ownership.owned.size(), nodes.size());
  ASSERT_EQ(ownership.primaries.size(), nodes.size());
  EXPECT_EQ(ownership.owners,
            std::min<size_t>(spec.replica_count(), nodes.size()));
  EXPECT_EQ(ownership.whole, ring->whole());
  const absl::uint128 unit =
      spec.layout() == v1::LAYOUT_HASHED ? 1 : ownership.whole / nodes.size();
  const auto at = [](const auto& map, const std::string& id) {
    const auto found = map.find(id);
    return found == map.end() ? absl::uint128(0) : found->second;
  };
  for (size_t i = 0; i < nodes.size(); ++i) {
    const std::string& id = ring->nodes()[i]->id();
    ASSERT_EQ(ownership.owned[i], at(counted.owned, id) * unit) << id;
    ASSERT_EQ(ownership.primaries[i], at(counted.primaries, id) * unit) << id;
  }
}

v1::Balance CountedBalance(const Nodes& nodes,
                           const std::vector<double>& parts) {
  double weights = 0, sum = 0, square = 0;
  for (const v1::Node& node : nodes) weights += node.weight();
  std::vector<double> ratios;
  for (size_t i = 0; i < nodes.size(); ++i) {
    ratios.push_back(parts[i] / (nodes[i].weight() / weights));
  }
  v1::Balance balance;
  balance.set_peak_to_mean(*std::max_element(ratios.begin(), ratios.end()));
  balance.set_min_to_mean(*std::min_element(ratios.begin(), ratios.end()));
  for (double ratio : ratios) sum += ratio;
  const double mean = sum / static_cast<double>(ratios.size());
  for (double ratio : ratios) square += (ratio - mean) * (ratio - mean);
  balance.set_stddev(std::sqrt(square / static_cast<double>(ratios.size())));
  return balance;
}

void ExpectNear(const v1::Balance& balance, const v1::Balance& counted) {
  EXPECT_NEAR(balance.peak_to_mean(), counted.peak_to_mean(), 1e-9);
  EXPECT_NEAR(balance.min_to_mean(), counted.min_to_mean(), 1e-9);
  EXPECT_NEAR(balance.stddev(), counted.stddev(), 1e-9);
}

TEST(BalanceTest, OwnershipOfHashedRingsEqualsABruteForceCount) {
  std::mt19937_64 random(21);
  for (uint32_t round = 0; round < 60; ++round) {
    const Nodes nodes =
        RandomNodes(random, 1 + Draw(random, 8), 3, 1 + round % 3);
    ExpectMeasuredAsCounted(HashedSpec(1 + round % 7, 1 + round % 4), nodes);
  }
}

TEST(BalanceTest, OwnershipOfTiedPointsEqualsABruteForceCount) {
  const Nodes nodes = {NewNode("a", 2, "x", "same"),
                       NewNode("b", 3, "", "same"), NewNode("c", 1, "x"),
                       NewNode("d", 1, "", "same")};
  for (uint32_t replicas : {1u, 2u, 3u, 4u}) {
    ExpectMeasuredAsCounted(HashedSpec(3, replicas), nodes);
  }
}

TEST(BalanceTest, OwnershipOfModuloRingsEqualsABruteForceCount) {
  std::mt19937_64 random(22);
  for (uint32_t round = 0; round < 60; ++round) {
    const Nodes nodes =
        RandomNodes(random, 1 + Draw(random, 12), 3, 1 + round % 4);
    ExpectMeasuredAsCounted(ModuloSpec(1 + round % 4), nodes);
  }
}

TEST(BalanceTest, WhatIsOwnedSumsToTheWholeSpaceTimesOwners) {
  std::mt19937_64 random(23);
  for (const v1::RingSpec& spec : {HashedSpec(40, 3), ModuloSpec(3)}) {
    const RingPtr ring = NewRing(spec, RandomNodes(random, 20, 5, 4));
    const Ownership ownership = Measure(*ring);
    absl::uint128 owned = 0, primaries = 0;
    for (absl::uint128 part : ownership.owned) owned += part;
    for (absl::uint128 part : ownership.primaries) primaries += part;
    EXPECT_EQ(owned, ownership.whole * 3);
    EXPECT_EQ(primaries, ownership.whole);
  }
}

TEST(BalanceTest, SharesSumToOneAndAreTheCountedParts) {
  std::mt19937_64 random(24);
  for (uint32_t replicas : {1u, 2u, 3u}) {
    for (v1::RingSpec spec : {HashedSpec(7, replicas), ModuloSpec(replicas)}) {
      const Nodes nodes = RandomNodes(random, 9, 3, 2);
      const RingPtr ring = NewRing(spec, nodes);
      const std::vector<double> shares = Shares(Measure(*ring));
      const ReferenceFigures counted = CountOwnership(spec, nodes);
      EXPECT_NEAR(std::accumulate(shares.begin(), shares.end(), 0.0), 1, 1e-12);
      for (const auto& [id, owned] : counted.owned) {
        const size_t index = LowerBound(ring->nodes(), id);
        EXPECT_NEAR(shares[index], RatioOf(owned, counted.whole * replicas),
                    1e-12);
      }
    }
  }
}

TEST(BalanceTest, BalanceIsEachNodesShareOverItsWeightsDue) {
  std::mt19937_64 random(25);
  for (uint32_t replicas : {1u, 2u, 3u}) {
    Nodes nodes = RandomNodes(random, 10, 6, 3);
    std::sort(nodes.begin(), nodes.end(),
              [](const auto& a, const auto& b) { return a.id() < b.id(); });
    const v1::RingSpec spec = HashedSpec(20, replicas);
    const RingPtr ring = NewRing(spec, nodes);
    const Ownership ownership = Measure(*ring);
    ReferenceFigures counted = CountOwnership(spec, nodes);
    std::vector<double> owned, primaries;
    for (const v1::Node& node : nodes) {
      owned.push_back(
          RatioOf(counted.owned[node.id()], counted.whole * replicas));
      primaries.push_back(RatioOf(counted.primaries[node.id()], counted.whole));
    }
    ExpectNear(BalanceOf(*ring, ownership), CountedBalance(nodes, owned));
    ExpectNear(PrimaryBalanceOf(*ring, ownership),
               CountedBalance(nodes, primaries));
  }
}

TEST(BalanceTest, WithOneReplicaThePrimariesAreAllOwners) {
  const RingPtr ring = NewRing(HashedSpec(20, 1), NewNodes(7));
  const Ownership ownership = Measure(*ring);
  EXPECT_EQ(ownership.owned, ownership.primaries);
  ExpectNear(BalanceOf(*ring, ownership), PrimaryBalanceOf(*ring, ownership));
}

TEST(BalanceTest, OneNodeIsPerfectlyBalanced) {
  for (const v1::RingSpec& spec : {HashedSpec(160, 3), ModuloSpec()}) {
    const RingPtr ring = NewRing(spec, {NewNode("a", 7)});
    const Ownership ownership = Measure(*ring);
    EXPECT_EQ(ownership.owners, 1u);
    EXPECT_THAT(Shares(ownership), ElementsAre(DoubleNear(1, 1e-12)));
    for (const v1::Balance& balance :
         {BalanceOf(*ring, ownership), PrimaryBalanceOf(*ring, ownership)}) {
      EXPECT_NEAR(balance.peak_to_mean(), 1, 1e-12);
      EXPECT_NEAR(balance.min_to_mean(), 1, 1e-12);
      EXPECT_NEAR(balance.stddev(), 0, 1e-12);
    }
  }
}

TEST(BalanceTest, AllNodesOwningAllKeysIsPerfectBalance) {
  const RingPtr ring = NewRing(HashedSpec(160, 3), NewNodes(3));
  const Ownership ownership = Measure(*ring);
  for (absl::uint128 owned : ownership.owned) {
    EXPECT_EQ(owned, ownership.whole);
  }
  EXPECT_NEAR(BalanceOf(*ring, ownership).peak_to_mean(), 1, 1e-12);
  EXPECT_GT(PrimaryBalanceOf(*ring, ownership).peak_to_mean(), 1);
}

TEST(BalanceTest, AnEmptyRingHasNoSharesAndZeroBalance) {
  for (const v1::RingSpec& spec : {HashedSpec(160, 3), ModuloSpec()}) {
    const RingPtr ring = NewRing(spec, {});
    const Ownership ownership = Measure(*ring);
    EXPECT_EQ(ownership.owners, 0u);
    EXPECT_TRUE(Shares(ownership).empty());
    for (const v1::Balance& balance :
         {BalanceOf(*ring, ownership), PrimaryBalanceOf(*ring, ownership)}) {
      EXPECT_EQ(balance.peak_to_mean(), 0);
      EXPECT_EQ(balance.min_to_mean(), 0);
      EXPECT_EQ(balance.stddev(), 0);
    }
  }
}

// The bound that each change computes equals the one of a count of all points.
TEST(BalanceTest, TheExpectedPeakOfARingIsThatOfItsPoints) {
  std::mt19937_64 random(7);
  for (uint32_t round = 0; round < 20; ++round) {
    Nodes nodes = RandomNodes(random, 1 + Draw(random, 9), 4, 1);
    nodes.push_back(NewNode("none"));
    nodes.back().set_weight(0);
    const RingPtr ring = NewRing(HashedSpec(1 + Draw(random, 50)), nodes);
    const double expected = ExpectedPeak(*ring, 9);
    EXPECT_EQ(expected, ExpectedPeak(ring->rule(), ring->slot_nodes(),
                                     ring->nodes().size(), 9));
    EXPECT_GT(expected, kEvenPeak);
  }
}

}  // namespace
}  // namespace clockwise
