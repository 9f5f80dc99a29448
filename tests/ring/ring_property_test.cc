// The guarantees of every HASHED ring, on random rings with fixed seeds.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "service/ring/balance.h"
#include "service/ring/ring.h"
#include "tests/support/ring_builders.h"

namespace clockwise {
namespace {

constexpr int kKeys = 2000;

std::vector<uint64_t> Probes(uint64_t seed, int count = kKeys) {
  std::mt19937_64 random(seed);
  std::vector<uint64_t> probes(count);
  for (uint64_t& probe : probes) probe = random();
  return probes;
}

bool Has(const Ids& ids, const std::string& id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

Ids Without(Ids ids, const std::string& id) {
  ids.erase(std::remove(ids.begin(), ids.end(), id), ids.end());
  return ids;
}

TEST(RingTest, InsertionOrderNeverMattersOver100Shuffles) {
  std::mt19937_64 random(1);
  Nodes nodes = RandomNodes(random, 12, 3, 3);
  nodes.push_back(NewNode("tie-1", 1, "", "same"));
  nodes.push_back(NewNode("tie-2", 1, "", "same"));
  for (const v1::RingSpec& spec : {HashedSpec(16, 3), ModuloSpec(3)}) {
    const RingPtr first = NewRing(spec, nodes);
    for (int shuffle = 0; shuffle < 100; ++shuffle) {
      std::shuffle(nodes.begin(), nodes.end(), random);
      const RingPtr ring = NewRing(spec, nodes);
      ASSERT_EQ(ring->fingerprint(), first->fingerprint());
      for (uint64_t probe : Probes(shuffle, 20)) {
        ASSERT_EQ(OwnersAt(*ring, probe), OwnersAt(*first, probe));
      }
    }
  }
}

TEST(RingTest, AddedNodeTakesKeysOnlyForItself) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 10; ++round) {
    Nodes nodes = RandomNodes(random, 2 + round, 3, 1);
    const RingPtr before = NewRing(HashedSpec(16, 1), nodes);
    nodes.push_back(NewNode("new", 2));
    const RingPtr after = NewRing(HashedSpec(16, 1), nodes);
    int taken = 0;
    for (uint64_t probe : Probes(round)) {
      const Ids was = OwnersAt(*before, probe), is = OwnersAt(*after, probe);
      if (was != is) {
        ASSERT_EQ(is, Ids{"new"});
      }
      taken += was != is;
    }
    EXPECT_GT(taken, 0);
  }
}

// Without zones, every list of owners is the old one with the new node
// inserted.
TEST(RingTest, AddedNodeOnlyPushesInAmongReplicas) {
  std::mt19937_64 random(3);
  Nodes nodes = RandomNodes(random, 8, 3, 1);
  const RingPtr before = NewRing(HashedSpec(16), nodes);
  nodes.push_back(NewNode("new", 2));
  const RingPtr after = NewRing(HashedSpec(16), nodes);
  for (uint64_t probe : Probes(3)) {
    ASSERT_EQ(Without(OwnersAt(*after, probe, 9), "new"),
              OwnersAt(*before, probe, 8));
  }
}

TEST(RingTest, ARemovedNodesKeysAloneMove) {
  std::mt19937_64 random(4);
  for (int round = 0; round < 10; ++round) {
    Nodes nodes = RandomNodes(random, 3 + round, 3, 1);
    const RingPtr before = NewRing(HashedSpec(16, 2), nodes);
    const std::string gone = nodes.back().id();
    nodes.pop_back();
    const RingPtr after = NewRing(HashedSpec(16, 2), nodes);
    for (uint64_t probe : Probes(round)) {
      const Ids was = OwnersAt(*before, probe), is = OwnersAt(*after, probe);
      ASSERT_FALSE(Has(is, gone));
      if (!Has(was, gone)) {
        ASSERT_EQ(was, is);
      } else {
        ASSERT_EQ(is.front(), Without(was, gone).front());
      }
    }
  }
}

TEST(RingTest, ANodeThatComesBackGetsItsKeysBack) {
  std::mt19937_64 random(5);
  Nodes nodes = RandomNodes(random, 9, 3, 3);
  const RingPtr before = NewRing(HashedSpec(16, 3), nodes);
  const v1::Node gone = nodes.back();
  nodes.pop_back();
  const RingPtr between = NewRing(HashedSpec(16, 3), nodes);
  EXPECT_NE(between->fingerprint(), before->fingerprint());
  nodes.insert(nodes.begin() + 3, gone);
  const RingPtr after = NewRing(HashedSpec(16, 3), nodes);
  EXPECT_EQ(after->fingerprint(), before->fingerprint());
  for (uint64_t probe : Probes(5)) {
    ASSERT_EQ(OwnersAt(*after, probe), OwnersAt(*before, probe));
  }
}

TEST(RingTest, AGreaterWeightOnlyAddsKeysToThatNode) {
  std::mt19937_64 random(6);
  for (int round = 0; round < 10; ++round) {
    Nodes nodes = RandomNodes(random, 5, 3, 1);
    const RingPtr before = NewRing(HashedSpec(16), nodes);
    v1::Node& heavier = nodes[round % 5];
    heavier.set_weight(heavier.weight() + 1 + round % 3);
    const RingPtr after = NewRing(HashedSpec(16), nodes);
    int gained = 0;
    for (uint64_t probe : Probes(round)) {
      const Ids was = OwnersAt(*before, probe, 1);
      const Ids is = OwnersAt(*after, probe, 1);
      if (was != is) {
        ASSERT_EQ(is, Ids{heavier.id()});
      }
      gained += was != is;
    }
    EXPECT_GT(gained, 0);
  }
}

// A node with p of P points owns about p/P of the space, with a relative
// standard deviation below 1/sqrt(p): the gaps before its points are nearly
// independent and exponential. Each of 16 × 20 nodes must be within 5
// deviations. A correct ring fails for one in a hundred thousand seeds, and
// seeds are fixed.
TEST(RingTest, WeightsHoldWithinFiveStandardDeviations) {
  std::mt19937_64 random(12);
  for (int round = 0; round < 20; ++round) {
    Nodes nodes = RandomNodes(random, 16, 8, 1);
    for (v1::Node& node : nodes) {
      node.set_id(node.id() + "-" + std::to_string(round));
      node.set_hash_key(node.id());
    }
    const RingPtr ring = NewRing(HashedSpec(160), nodes);
    const std::vector<double> shares = Shares(Measure(*ring));
    double weights = 0;
    for (const NodePtr& node : ring->nodes()) weights += node->weight();
    for (size_t i = 0; i < shares.size(); ++i) {
      const double weight = ring->nodes()[i]->weight();
      EXPECT_NEAR(shares[i] / (weight / weights), 1,
                  5 / std::sqrt(160 * weight));
    }
  }
}

// Hashes real keys. A count of n expected keys has a standard deviation below
// sqrt(n), in addition to that of the ring. Allows 5 of both.
TEST(RingTest, KeysFallAsTheSharesSay) {
  const RingPtr ring = NewRing(HashedSpec(160), NewNodes(8));
  const std::vector<double> shares = Shares(Measure(*ring));
  std::map<std::string, double> counts;
  constexpr int kCounted = 20000;
  for (int i = 0; i < kCounted; ++i) {
    ++counts[OwnersOf(*ring, "user:" + std::to_string(i))[0]];
  }
  for (size_t i = 0; i < shares.size(); ++i) {
    const double due = shares[i] * kCounted;
    EXPECT_NEAR(counts[ring->nodes()[i]->id()], due, 5 * std::sqrt(due));
  }
}

// Two IDs that differ in one character share no more keys than unrelated IDs.
TEST(RingTest, SimilarIdsDoNotFollowEachOther) {
  const RingPtr ring = NewRing(HashedSpec(160), NewNodes(10));
  std::map<Ids, int> pairs;
  for (uint64_t probe : Probes(13, 9000)) ++pairs[OwnersAt(*ring, probe, 2)];
  EXPECT_EQ(pairs.size(), 90u);
  for (const auto& [pair, count] : pairs) {
    EXPECT_LT(count, 300) << pair[0] << " " << pair[1];
  }
}

}  // namespace
}  // namespace clockwise
