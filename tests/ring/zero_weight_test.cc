// Nodes of weight 0 hold no points and no partitions.
#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "service/api/refusal.h"
#include "service/ring/balance.h"
#include "service/ring/layout_settings.h"
#include "service/ring/next_ring.h"
#include "tests/support/ring_builders.h"

namespace clockwise {
namespace {

v1::RingSpec SpecWith(v1::Layout layout, uint32_t owners) {
  v1::RingSpec spec;
  spec.set_layout(layout);
  spec.set_replica_count(owners);
  if (layout == v1::LAYOUT_PARTITIONED) spec.set_partition_bits(8);
  return NormalizeSpec(spec).value();
}

// Four nodes with IDs that HAProxy accepts too.
Nodes FourNodes() {
  return {NewNode("1", 2, "a"), NewNode("2", 1, "b"), NewNode("3", 3, "a"),
          NewNode("4", 1, "c")};
}

Nodes WithIdle(const std::string& zone) {
  Nodes nodes = FourNodes();
  nodes.push_back(NewNode("5", 1, zone));
  nodes.back().set_weight(0);
  return nodes;
}

uint64_t Partitions(const Ring& ring, const std::string& id) {
  const auto node = std::find_if(ring.nodes().begin(), ring.nodes().end(),
                                 [&](const auto& n) { return n->id() == id; });
  const auto index = static_cast<uint32_t>(node - ring.nodes().begin());
  return static_cast<uint64_t>(
      std::count(ring.slot_nodes().begin(), ring.slot_nodes().end(), index));
}

TEST(ZeroWeightTest, OtherNodesKeepTheirKeys) {
  std::mt19937_64 random(7);
  for (const v1::Layout layout :
       {v1::LAYOUT_HASHED, v1::LAYOUT_HAPROXY, v1::LAYOUT_HAPROXY_3,
        v1::LAYOUT_HAPROXY_MAP, v1::LAYOUT_UHASHRING}) {
    for (const std::string zone : {"a", "idle"}) {
      SCOPED_TRACE(v1::Layout_Name(layout) + " " + zone);
      const RingPtr without = NewRing(SpecWith(layout, 3), FourNodes());
      const RingPtr with = NewRing(SpecWith(layout, 3), WithIdle(zone));
      EXPECT_EQ(with->slots(), without->slots());
      for (int i = 0; i < 500; ++i) {
        const std::string key = std::to_string(random());
        EXPECT_EQ(OwnersOf(*with, key), OwnersOf(*without, key));
      }
      const Ownership ownership = Measure(*with);
      EXPECT_EQ(ownership.owned.back(), 0);
      EXPECT_EQ(BalanceOf(*with, ownership).peak_to_mean(),
                BalanceOf(*without, Measure(*without)).peak_to_mean());
      EXPECT_NE(with->fingerprint(), without->fingerprint());
    }
  }
}

TEST(ZeroWeightTest, UhashringKetamaCountsTheNode) {
  const v1::RingSpec spec = SpecWith(v1::LAYOUT_UHASHRING_KETAMA, 1);
  // Groups of 4 points: 40 × number of nodes × weight / sum of weights.
  EXPECT_EQ(NewRing(spec, FourNodes())->slots(), 4 * (45 + 22 + 68 + 22));
  EXPECT_EQ(NewRing(spec, WithIdle("a"))->slots(), 4 * (57 + 28 + 85 + 28));
}

TEST(ZeroWeightTest, ANodeOfWeight0IsTheLastOwner) {
  Nodes nodes = {NewNode("a"), NewNode("b"), NewNode("c")};
  nodes[0].set_weight(0);
  const RingPtr ring = NewRing(HashedSpec(16, 3), nodes);
  EXPECT_EQ(OwnersOf(*ring, "key").back(), "a");
}

TEST(ZeroWeightTest, TheLastOwnerChangesWithoutAPoint) {
  Nodes nodes = {NewNode("a"), NewNode("b"), NewNode("d"), NewNode("e")};
  nodes[2].set_weight(0);
  nodes[3].set_weight(0);
  const v1::RingSpec spec = HashedSpec(160, 3);
  const RingPtr before = NewRing(spec, nodes);
  EXPECT_EQ(OwnersOf(*before, "key").back(), "d");
  nodes.push_back(NewNode("c"));
  nodes.back().set_weight(0);
  const auto after = NextRing(*before, ListOf(nodes));
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_EQ(OwnersOf(**after, "key").back(), "c");
  EXPECT_TRUE((*after)->SameArrays(*NewRing(spec, nodes)));
}

TEST(ZeroWeightTest, SomeNodeNeedsAWeight) {
  for (const LayoutRule& rule : Layouts()) {
    SCOPED_TRACE(rule.name());
    if (rule.traits->takes.any_token || rule.traits->takes.tokens > 0) continue;
    Nodes nodes = {NewNode("1"), NewNode("2")};
    nodes[0].set_weight(0);
    v1::RingSpec spec;
    spec.set_layout(rule.layout);
    spec.set_replica_count(1);
    const RingPtr empty = NewRing(NormalizeSpec(spec).value(), {});
    const auto one = NextRing(*empty, ListOf(nodes));
    EXPECT_EQ(one.ok(), rule.traits->takes.zero_weight) << one.status();
    nodes[1].set_weight(0);
    const auto none = NextRing(*empty, ListOf(nodes));
    EXPECT_EQ(ReasonOf(none.status()), v1::ERROR_REASON_NODES_UNPLACEABLE)
        << none.status();
  }
}

TEST(ZeroWeightTest, PartitionsLeaveAndReturnWithTheWeight) {
  const v1::RingSpec spec = SpecWith(v1::LAYOUT_PARTITIONED, 3);
  Nodes nodes = WithIdle("c");
  auto ring = FirstRing(spec, ListOf(nodes));
  ASSERT_TRUE(ring.ok()) << ring.status();
  EXPECT_EQ(Partitions(**ring, "5"), 0);
  nodes.back().set_weight(2);
  ring = NextRing(**ring, ListOf(nodes));
  ASSERT_TRUE(ring.ok()) << ring.status();
  EXPECT_GT(Partitions(**ring, "5"), 0);
  nodes.back().set_weight(0);
  ring = NextRing(**ring, ListOf(nodes));
  ASSERT_TRUE(ring.ok()) << ring.status();
  EXPECT_EQ(Partitions(**ring, "5"), 0);
  nodes[0].set_weight(0);
  nodes[1].set_weight(0);
  const auto few = NextRing(**ring, ListOf(nodes));
  EXPECT_EQ(few.status().message(),
            "weight: 2 of 5 nodes have a weight above 0, and a partition needs "
            "3 owners; raise a weight, or remove nodes");
}

// Each walk would otherwise go around the whole ring, in vain.
TEST(ZeroWeightTest, NoWalkLooksForANodeThatHoldsNoPoints) {
  Nodes nodes = {NewNode("a", 2000, "a"), NewNode("b", 2000, "b"),
                 NewNode("c", 1, "c")};
  nodes.back().set_weight(0);
  EXPECT_EQ(NewRing(HashedSpec(160, 3), nodes)->slots(), 640000);
  v1::RingSpec envoy;
  envoy.set_layout(v1::LAYOUT_ENVOY_RING_HASH);
  envoy.set_replica_count(2);
  envoy.mutable_settings()->set_min_ring_size(500000);
  (*envoy.mutable_settings()->mutable_locality_weights())["a"] = 1;
  (*envoy.mutable_settings()->mutable_locality_weights())["b"] = 0;
  const RingPtr ring = NewRing(
      NormalizeSpec(envoy).value(),
      {NewNode("a", 1, "a"), NewNode("b", 1, "b"), NewNode("c", 1, "a")});
  EXPECT_GE(ring->slots(), 500000);
}

}  // namespace
}  // namespace clockwise
