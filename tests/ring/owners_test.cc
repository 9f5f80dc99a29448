// The owners of keys: distinct, in order, and equal to those of the reference.
#include <cstdint>
#include <random>
#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/limits.h"
#include "service/ring/ring.h"
#include "tests/support/reference_ring.h"
#include "tests/support/ring_builders.h"

namespace clockwise {
namespace {

using ::testing::ElementsAre;

TEST(RingTest, OwnersAreThoseOfTheReference) {
  std::mt19937_64 random(20240601);
  for (int round = 0; round < 100; ++round) {
    const size_t count = 1 + Draw(random, 9);
    const Nodes nodes = RandomNodes(random, count, 3, 1 + round % 4);
    const v1::RingSpec spec = HashedSpec(1 + Draw(random, 9));
    const RingPtr ring = NewRing(spec, nodes);
    const ReferenceRing reference(spec, nodes);
    ASSERT_EQ(ring->slots(), reference.Positions().size());
    for (int probe = 0; probe < 30; ++probe) {
      const uint64_t position = random();
      const uint32_t owners = 1 + Draw(random, count);
      ASSERT_EQ(OwnersAt(*ring, position, owners),
                reference.OwnersAt(position, owners))
          << "round " << round << " position " << position;
    }
  }
}

TEST(RingTest, OwnersAroundEveryPointAreThoseOfTheReference) {
  std::mt19937_64 random(7);
  for (uint32_t zones : {1u, 2u, 3u}) {
    const Nodes nodes = RandomNodes(random, 6, 2, zones);
    const v1::RingSpec spec = HashedSpec(4, 3);
    const RingPtr ring = NewRing(spec, nodes);
    const ReferenceRing reference(spec, nodes);
    for (uint64_t point : reference.Positions()) {
      for (uint64_t position : {point - 1, point, point + 1}) {
        ASSERT_EQ(OwnersAt(*ring, position), reference.OwnersAt(position));
      }
    }
  }
}

TEST(RingTest, TiedOwnersAreThoseOfTheReference) {
  std::mt19937_64 random(8);
  const Nodes nodes = {NewNode("b", 1, "", "same"), NewNode("c", 2, "", "same"),
                       NewNode("a", 3, "x", "same"), NewNode("d")};
  const v1::RingSpec spec = HashedSpec(3, 4);
  const RingPtr ring = NewRing(spec, nodes);
  const ReferenceRing reference(spec, nodes);
  for (uint64_t point : reference.Positions()) {
    for (uint64_t position : {point - 1, point, point + 1}) {
      ASSERT_EQ(OwnersAt(*ring, position), reference.OwnersAt(position));
    }
  }
}

TEST(RingTest, OwnersAreDistinctAndThePrimaryIsFirst) {
  std::mt19937_64 random(9);
  const Nodes nodes = RandomNodes(random, 20, 2, 4);
  const RingPtr ring = NewRing(HashedSpec(16, 5), nodes);
  for (int i = 0; i < 500; ++i) {
    const std::string key = "key-" + std::to_string(i);
    const Ids owners = OwnersOf(*ring, key, 20);
    EXPECT_EQ(std::set<std::string>(owners.begin(), owners.end()).size(), 20u);
    const uint32_t primary = ring->slot_nodes()[ring->SlotOf(ring->Hash(key))];
    EXPECT_EQ(owners[0], ring->nodes()[primary]->id());
  }
}

TEST(RingTest, FewerOwnersAreAPrefixOfMore) {
  std::mt19937_64 random(10);
  const RingPtr ring = NewRing(HashedSpec(8), RandomNodes(random, 12, 2, 3));
  for (int i = 0; i < 100; ++i) {
    const uint64_t position = random();
    const Ids all = OwnersAt(*ring, position, 12);
    for (uint32_t owners = 1; owners < 12; ++owners) {
      EXPECT_EQ(OwnersAt(*ring, position, owners),
                Ids(all.begin(), all.begin() + owners));
    }
  }
}

TEST(RingTest, MoreReplicasThanNodesGivesAllNodesInOrder) {
  const Nodes nodes = NewNodes(5);
  const v1::RingSpec spec = HashedSpec(160);
  const RingPtr ring = NewRing(spec, nodes);
  const ReferenceRing reference(spec, nodes);
  for (uint32_t asked : {5u, 6u, 64u}) {
    EXPECT_EQ(ring->OwnersPerKey(asked), 5u);
    EXPECT_EQ(OwnersAt(*ring, 42, asked), reference.OwnersAt(42, 5));
  }
}

TEST(RingTest, NoReplicasAskedMeansTheRingsOwnNumber) {
  const RingPtr ring = NewRing(HashedSpec(8, 3), NewNodes(5));
  EXPECT_EQ(ring->OwnersPerKey(0), 3u);
  EXPECT_EQ(ring->OwnersPerKey(1), 1u);
  EXPECT_EQ(ring->OwnersPerKey(4), 4u);
  EXPECT_EQ(NewRing(HashedSpec(8, 3), NewNodes(2))->OwnersPerKey(0), 2u);
}

TEST(RingTest, SixtyFourOwnersCanBeAsked) {
  std::mt19937_64 random(11);
  const Nodes nodes = RandomNodes(random, 70, 1, 70);
  const v1::RingSpec spec = HashedSpec(4);
  const RingPtr ring = NewRing(spec, nodes);
  const ReferenceRing reference(spec, nodes);
  for (int i = 0; i < 10; ++i) {
    const uint64_t position = random();
    ASSERT_EQ(OwnersAt(*ring, position, limits::kMaxReplicas),
              reference.OwnersAt(position, 64));
  }
}

TEST(RingTest, OneNodeOwnsEverything) {
  const RingPtr ring = NewRing(HashedSpec(160), {NewNode("only")});
  for (uint64_t position : {uint64_t{0}, uint64_t{1} << 63, ~uint64_t{0}}) {
    EXPECT_THAT(OwnersAt(*ring, position, 3), ElementsAre("only"));
  }
}

TEST(RingTest, OnePointOwnsEverything) {
  const RingPtr ring = NewRing(HashedSpec(1), {NewNode("a")});
  ASSERT_EQ(ring->slots(), 1u);
  EXPECT_EQ(ring->SlotWidth(0), ring->whole());
  const uint64_t point = ring->positions()[0];
  for (uint64_t position :
       {uint64_t{0}, point - 1, point, point + 1, ~uint64_t{0}}) {
    EXPECT_EQ(ring->SlotOf({position, 0}), 0u);
    EXPECT_THAT(OwnersAt(*ring, position), ElementsAre("a"));
  }
}

TEST(RingTest, AnEmptyRingHasNoOwners) {
  for (const v1::RingSpec& spec : {HashedSpec(160, 3), ModuloSpec(3)}) {
    const RingPtr ring = NewRing(spec, {});
    EXPECT_EQ(ring->slots(), 0u);
    EXPECT_EQ(ring->OwnersPerKey(0), 0u);
    EXPECT_EQ(ring->OwnersPerKey(5), 0u);
    EXPECT_TRUE(ring->nodes().empty());
  }
}

TEST(RingTest, ARingKeepsItsSpecAndItsNodes) {
  v1::Node node = NewNode("a", 3, "z");
  node.set_address("10.0.0.1:80");
  (*node.mutable_labels())["rack"] = "7";
  node.set_ordinal(9);
  const v1::RingSpec spec = HashedSpec(8, 2);
  const RingPtr ring = NewRing(spec, {NewNode("b"), node});
  EXPECT_EQ(ring->spec().SerializeAsString(), spec.SerializeAsString());
  ASSERT_EQ(ring->nodes().size(), 2u);
  EXPECT_EQ(ring->nodes()[0]->SerializeAsString(), node.SerializeAsString());
  EXPECT_EQ(ring->nodes()[1]->id(), "b");
}

}  // namespace
}  // namespace clockwise
