#include "client/cli/simulation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/tables/simulation_table.h"
#include "service/api/validate.h"
#include "service/limits.h"
#include "service/ring/balance.h"
#include "service/ring/compare.h"

namespace clockwise::cli {
namespace {

v1::RingSpec SpecOf(v1::Layout layout, uint32_t virtual_nodes = 160,
                    uint32_t replicas = 1) {
  v1::RingSpec spec;
  spec.set_layout(layout);
  spec.set_virtual_node_count(virtual_nodes);
  spec.set_partition_bits(12);
  spec.set_replica_count(replicas);
  return spec;
}

RingPair RingsOf(const v1::RingSpec& spec, const NodesAround& nodes) {
  auto rings = BuildRings(spec, nodes);
  EXPECT_TRUE(rings.ok()) << rings.status();
  return *std::move(rings);
}

KeySample SampleOf(v1::Layout layout, size_t keys) {
  auto sample = ReadKeySample(absl::StrCat(keys), {layout});
  EXPECT_TRUE(sample.ok()) << sample.status();
  return *std::move(sample);
}

Figures FiguresFor(const v1::RingSpec& spec, const NodesAround& nodes,
                   size_t keys = 0) {
  return FiguresOf(RingsOf(spec, nodes), SampleOf(spec.layout(), keys));
}

constexpr v1::Layout kLayouts[] = {v1::LAYOUT_HASHED, v1::LAYOUT_PARTITIONED,
                                   v1::LAYOUT_MODULO};

TEST(SimulationTest, FirstNodesAreRemovedAndNewOnesComeLast) {
  const NodesAround nodes = NumberedNodes(9, 2, 1);
  ASSERT_EQ(nodes.before.size(), 9u);
  ASSERT_EQ(nodes.after.size(), 10u);
  EXPECT_EQ(nodes.before.front()->id(), "node-00001");
  EXPECT_EQ(nodes.before.back()->id(), "node-00009");
  EXPECT_EQ(nodes.after.front()->id(), "node-00002");
  EXPECT_EQ(nodes.after.back()->id(), "node-00011");
  EXPECT_TRUE(IsSorted(nodes.before));
  EXPECT_TRUE(IsSorted(nodes.after));
}

TEST(SimulationTest, FiguresAreThoseOfTheRingsThemselves) {
  const NodesAround nodes = NumberedNodes(10, 2, 1);
  for (const v1::Layout layout : kLayouts) {
    for (const uint32_t replicas : {1u, 3u}) {
      const v1::RingSpec spec = SpecOf(layout, 40, replicas);
      const RingPair rings = RingsOf(spec, nodes);
      const Figures figures = FiguresOf(rings, KeySample({}));
      const Ownership before = Measure(*rings.before);
      const Ownership after = Measure(*rings.after);
      const Comparison moved =
          Compare(*rings.before, before, *rings.after, after, 0);
      const auto same = [](const v1::Balance& a, const v1::Balance& b) {
        return a.SerializeAsString() == b.SerializeAsString();
      };
      EXPECT_TRUE(
          same(figures.balance_before, BalanceOf(*rings.before, before)));
      EXPECT_TRUE(same(figures.balance_after, BalanceOf(*rings.after, after)));
      EXPECT_TRUE(same(figures.primary_balance_before,
                       PrimaryBalanceOf(*rings.before, before)));
      EXPECT_TRUE(same(figures.primary_balance_after,
                       PrimaryBalanceOf(*rings.after, after)));
      EXPECT_EQ(figures.moved_ratio, moved.moved_ratio);
      EXPECT_EQ(figures.minimum_moved_ratio, moved.minimum_moved_ratio);
      EXPECT_EQ(figures.nodes_before, 10u);
      EXPECT_EQ(figures.nodes_after, 11u);
      EXPECT_EQ(figures.spec.replica_count(), replicas);
      EXPECT_DOUBLE_EQ(
          *std::max_element(figures.loads.begin(), figures.loads.end()),
          figures.balance_after.peak_to_mean());
    }
  }
}

TEST(SimulationTest, ModuloIsEvenAndMovesAllButOnePartInNodes) {
  for (const uint32_t nodes : {1u, 2u, 10u, 99u, 1000u}) {
    const Figures figures =
        FiguresFor(SpecOf(v1::LAYOUT_MODULO), NumberedNodes(nodes, 1, 0));
    EXPECT_DOUBLE_EQ(figures.moved_ratio, nodes / (nodes + 1.0));
    EXPECT_DOUBLE_EQ(figures.minimum_moved_ratio, 1 / (nodes + 1.0));
    EXPECT_NEAR(figures.moved_to_minimum(), nodes, 1e-9 * nodes);
    EXPECT_DOUBLE_EQ(figures.balance_after.peak_to_mean(), 1);
  }
}

TEST(SimulationTest, HashedMovesWhatTheAddedNodeOwnsAndNoMore) {
  for (const uint32_t points : {1u, 16u, 1000u}) {
    const Figures figures =
        FiguresFor(SpecOf(v1::LAYOUT_HASHED, points), NumberedNodes(10, 1, 0));
    EXPECT_DOUBLE_EQ(figures.moved_to_minimum(), 1);
    EXPECT_NEAR(figures.moved_ratio, figures.loads.back() / 11, 1e-12);
    // The share of a node deviates from the mean by about one over the square
    // root of its points.
    EXPECT_NEAR(figures.moved_ratio, 1 / 11.0,
                4 / 11.0 / std::sqrt(static_cast<double>(points)));
  }
}

TEST(SimulationTest, MorePointsAreMoreEven) {
  double stddev = 100;
  for (const uint32_t points : {1u, 16u, 160u, 1600u}) {
    const Figures figures =
        FiguresFor(SpecOf(v1::LAYOUT_HASHED, points), NumberedNodes(100, 1, 0));
    EXPECT_LT(figures.balance_after.stddev(), stddev / 2) << points;
    stddev = figures.balance_after.stddev();
  }
}

TEST(SimulationTest, PartitionedFollowsOnTheRingBefore) {
  const NodesAround nodes = NumberedNodes(10, 1, 0);
  const Figures figures = FiguresFor(SpecOf(v1::LAYOUT_PARTITIONED), nodes);
  // With 4096 partitions, each node has within one partition of its fair share.
  EXPECT_LE(figures.balance_after.peak_to_mean(), 1 + 11.0 / 4096);
  EXPECT_LE(figures.moved_to_minimum(), 1.01);
}

TEST(SimulationTest, KeysAreCountedWhereTheirOwnersAre) {
  const NodesAround nodes = NumberedNodes(6, 2, 1);
  constexpr size_t kKeys = 2000;
  for (const v1::Layout layout : kLayouts) {
    for (const uint32_t replicas : {1u, 3u}) {
      const RingPair rings = RingsOf(SpecOf(layout, 40, replicas), nodes);
      const Figures figures = FiguresOf(rings, SampleOf(layout, kKeys));
      const auto owners_of = [&](const Ring& ring, const std::string& key) {
        std::vector<uint32_t> owners(replicas);
        ring.OwnersFrom(ring.SlotOf(ring.Hash(key)), owners);
        std::vector<std::string> ids;
        for (const uint32_t owner : owners) {
          ids.push_back(ring.nodes()[owner]->id());
        }
        return ids;
      };
      std::map<std::string, double> keys_of;
      double moved = 0;
      for (size_t i = 0; i < kKeys; ++i) {
        const std::string key = absl::StrCat("key-", i);
        const auto was = owners_of(*rings.before, key);
        for (const std::string& is : owners_of(*rings.after, key)) {
          keys_of[is] += 1;
          moved += std::find(was.begin(), was.end(), is) == was.end();
        }
      }
      double peak = 0;
      for (const auto& [id, keys] : keys_of) peak = std::max(peak, keys);
      const double owned = static_cast<double>(kKeys) * replicas;
      EXPECT_EQ(figures.keys.keys, kKeys);
      EXPECT_DOUBLE_EQ(figures.keys.moved_ratio, moved / owned);
      EXPECT_DOUBLE_EQ(figures.keys.peak_to_mean,
                       peak * static_cast<double>(nodes.after.size()) / owned);
    }
  }
}

TEST(SimulationTest, ManyKeysComeNearTheExactFigures) {
  for (const v1::Layout layout : kLayouts) {
    const Figures figures =
        FiguresFor(SpecOf(layout), NumberedNodes(10, 1, 0), 100'000);
    EXPECT_NEAR(figures.keys.moved_ratio, figures.moved_ratio, 0.005);
    EXPECT_NEAR(figures.keys.peak_to_mean, figures.balance_after.peak_to_mean(),
                0.04);
  }
}

TEST(SimulationTest, NoChangeMovesNothing) {
  for (const v1::Layout layout : kLayouts) {
    const Figures figures =
        FiguresFor(SpecOf(layout), NumberedNodes(5, 0, 0), 100);
    EXPECT_EQ(figures.moved_ratio, 0);
    EXPECT_EQ(figures.keys.moved_ratio, 0);
    EXPECT_EQ(figures.moved_to_minimum(), 0);
    EXPECT_NE(FiguresJson(figures).find("\"movedToMinimum\":null"),
              std::string::npos);
  }
}

TEST(SimulationTest, SpecsOutOfBoundsAreRefused) {
  const NodesAround nodes = NumberedNodes(300, 0, 0);
  const auto refused = [&](const v1::RingSpec& spec) {
    return !BuildRings(spec, nodes).ok();
  };
  EXPECT_TRUE(refused(
      SpecOf(v1::LAYOUT_PARTITIONED, 0, limits::kMaxPartitionReplicas + 1)));
  EXPECT_TRUE(refused(SpecOf(v1::LAYOUT_HASHED, limits::kMaxVirtualNodes)));
}

TEST(KeySampleTest, MoreKeysThanItsBoundAreRefused) {
  KeySample sample({});
  for (size_t i = 0; i < limits::kMaxSimulatedKeys; ++i) {
    ASSERT_TRUE(sample.Add("").ok());
  }
  EXPECT_FALSE(sample.Add("").ok());
  EXPECT_EQ(sample.size(), limits::kMaxSimulatedKeys);
}

TEST(SimulationTableTest, ChangesReadAsOneWouldSayThem) {
  EXPECT_EQ(ChangeText(NumberedNodes(1, 0, 0)), "1 node");
  EXPECT_EQ(ChangeText(NumberedNodes(1000, 1, 0)), "1,000 nodes, then 1 more");
  EXPECT_EQ(ChangeText(NumberedNodes(10, 0, 2)), "10 nodes, 2 removed");
  EXPECT_EQ(ChangeText(NumberedNodes(10, 2, 2)),
            "10 nodes, 2 added, 2 removed");
}

}  // namespace
}  // namespace clockwise::cli
