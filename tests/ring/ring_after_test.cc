// A ring made from the previous one must equal, byte for byte, the ring built
// from scratch. Random histories, with one change and with many at once, in all
// forms of a ring.
#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "service/ring/next_ring.h"
#include "service/ring/point_edits.h"
#include "service/ring/ring.h"
#include "tests/support/ring_builders.h"

namespace clockwise {
namespace {

// A history of rings under one spec, each compared with one built from scratch.
class History {
 public:
  History(const v1::RingSpec& spec, Nodes nodes)
      : nodes_(std::move(nodes)), ring_(NewRing(spec, nodes_)) {}

  Nodes& nodes() { return nodes_; }

  // Moves on to the present nodes().
  void Step() {
    const NodeList list = ListOf(nodes_);
    patched_ += PointEdits::Between(*ring_, list).has_value() ? 1 : 0;
    auto next = NextRing(*ring_, list);
    ASSERT_TRUE(next.ok()) << next.status();
    const auto built = Ring::Build(ring_->spec(), list);
    ASSERT_TRUE(built.ok()) << built.status();
    ASSERT_TRUE((*next)->SameArrays(**built)) << list.size() << " nodes";
    ASSERT_EQ((*next)->fingerprint(), (*built)->fingerprint());
    ring_ = *std::move(next);
  }
  int patched() const { return patched_; }
  size_t slots() const { return ring_->slots(); }

 private:
  Nodes nodes_;
  RingPtr ring_;
  int patched_ = 0;
};

constexpr uint32_t kZones = 3;
constexpr uint32_t kWeights = 3;

void ChangeOne(std::mt19937_64& random, uint32_t& number, Nodes& nodes) {
  const uint32_t what = Draw(random, 7);
  const uint32_t at = Draw(random, nodes.size());
  if (what < 2 || nodes.size() < 2) {
    nodes.push_back(RandomNode(random, number++, kWeights, kZones));
  } else if (what < 4) {
    nodes.erase(nodes.begin() + at);
    if (nodes[0].weight() == 0) nodes[0].set_weight(1);
  } else if (what == 4) {
    nodes[at].set_weight(Draw(random, kWeights + 1));
    // At least one node has a weight above 0.
    if (at == 0 && nodes[0].weight() == 0) nodes[0].set_weight(1);
  } else if (what == 5) {
    nodes[at].set_zone("z" + std::to_string(Draw(random, 2)));
  } else {
    // Nodes with one hash_key have all their points in common.
    nodes[at].set_hash_key("same-" + std::to_string(Draw(random, 2)));
  }
}

// Runs a history with at most `most` changes per step.
int RunHistory(uint64_t seed, const v1::RingSpec& spec, size_t nodes, int steps,
               uint32_t most) {
  std::mt19937_64 random(seed);
  History history(spec, RandomNodes(random, nodes, kWeights, kZones));
  auto number = static_cast<uint32_t>(nodes);
  for (int step = 0; step < steps && !testing::Test::HasFailure(); ++step) {
    for (uint32_t i = Draw(random, most) + 1; i > 0; --i) {
      ChangeOne(random, number, history.nodes());
    }
    history.Step();
  }
  return history.patched();
}

TEST(RingAfterTest, OneChangeAtATime) {
  for (const uint32_t replicas : {1, 2, 3, 5}) {
    for (const size_t nodes : {9, 40, 300}) {
      SCOPED_TRACE(testing::Message() << replicas << " of " << nodes);
      EXPECT_GT(RunHistory(nodes, HashedSpec(12, replicas), nodes, 60, 1), 30);
    }
  }
}

TEST(RingAfterTest, SeveralChangesAtOnce) {
  for (const uint32_t replicas : {1, 3}) {
    SCOPED_TRACE(replicas);
    EXPECT_GT(RunHistory(2, HashedSpec(16, replicas), 400, 60, 20), 50);
  }
}

TEST(RingAfterTest, FewPointsInManyEmptyBuckets) {
  for (const uint64_t seed : {1, 2, 3, 4, 5}) {
    for (const uint32_t virtual_nodes : {1, 2}) {
      SCOPED_TRACE(testing::Message() << seed << " " << virtual_nodes);
      EXPECT_GT(RunHistory(seed, HashedSpec(virtual_nodes, 2), 25, 80, 1), 40);
    }
  }
}

// Grows and shrinks node by node, across steps of the number of buckets and the
// wrap of the circle.
TEST(RingAfterTest, FromFewToManyAndBack) {
  History history(HashedSpec(40, 3), NewNodes(3));
  for (int i = 3; i < 160; ++i) {
    history.nodes().push_back(NewNode("node-" + std::to_string(i)));
    ASSERT_NO_FATAL_FAILURE(history.Step());
  }
  while (history.nodes().size() > 3) {
    history.nodes().erase(history.nodes().begin() +
                          static_cast<ptrdiff_t>(history.nodes().size() / 2));
    ASSERT_NO_FATAL_FAILURE(history.Step());
  }
  EXPECT_GT(history.patched(), 250);
}

// Above 65,535 nodes, lines have another form. Tests both directions.
TEST(RingAfterTest, ManyNodes) {
  History history(HashedSpec(1, 2), NewNodes(65533));
  for (int i = 0; i < 4; ++i) {
    history.nodes().push_back(NewNode("added-" + std::to_string(i)));
    ASSERT_NO_FATAL_FAILURE(history.Step());
  }
  for (int i = 0; i < 5; ++i) {
    history.nodes().erase(history.nodes().begin() + 1000 * i);
    ASSERT_NO_FATAL_FAILURE(history.Step());
  }
  EXPECT_EQ(history.patched(), 9);
}

TEST(RingAfterTest, AChangeOfAddressesAloneChangesNoPoint) {
  Nodes nodes = NewNodes(10);
  const RingPtr before = NewRing(HashedSpec(16, 2), nodes);
  nodes[3].set_address("elsewhere:1");
  const auto after = NextRing(*before, ListOf(nodes));
  ASSERT_TRUE(after.ok());
  EXPECT_TRUE((*after)->SameArrays(*before));
  EXPECT_EQ((*after)->nodes()[3]->address(), "elsewhere:1");
}

}  // namespace
}  // namespace clockwise
