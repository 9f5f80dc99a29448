// Changes of many nodes at once, whose exchanges are sought in rounds
// (service/ring/assign/blocking_flow.h). They must move exactly as little as
// the optimum that partition_reference.h computes.
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "service/ring/next_ring.h"
#include "tests/ring/partition_history.h"
#include "tests/ring/partition_reference.h"
#include "tests/ring/patience.h"

namespace clockwise {
namespace {

RingPtr FollowedWithPatience(const RingPtr& before, const NodeList& nodes,
                             uint64_t patience) {
  if (nodes.empty()) return FollowedBy(before, nodes);
  auto ring = NextRingWithPatience(*before, nodes, patience);
  EXPECT_TRUE(ring.ok()) << ring.status();
  return *std::move(ring);
}

void ExpectPromises(const RingPtr& before, const RingPtr& after,
                    const std::string& told) {
  const Members members = MembersOf(*after);
  const Dues dues = DuesIn(*after);
  const Table was = TableOf(*before);
  const Table table = TableOf(*after);
  ASSERT_EQ(SpreadBreach(members, dues, table) +
                EvenBreach(members, dues, table) +
                PrimariesBreach(members, dues, table),
            "")
      << told;
  ASSERT_EQ(CountMoved(was, table), LeastMoved(members, dues, was).moved)
      << told;
}

class PartitionRoundsTest : public ::testing::TestWithParam<uint64_t> {};

TEST_P(PartitionRoundsTest, EveryChangeOfAHistoryMovesTheLeast) {
  for (uint64_t i = 0; i < 250; ++i) {
    PartitionHistory history(2'000'000 + GetParam() * 250 + i);
    RingPtr before = EmptyRing(history.spec());
    for (uint32_t step = 0; step < history.steps(); ++step) {
      history.Step();
      const RingPtr after =
          FollowedWithPatience(before, history.nodes(), kAlwaysRounds);
      if (!after->nodes().empty()) {
        ExpectPromises(before, after, history.told());
      }
      if (HasFatalFailure()) return;
      before = after;
    }
  }
}

// A ring of random size, and the change of weight and zone of half of its
// nodes. Some changes also add and remove nodes.
struct HalfChange {
  explicit HalfChange(uint64_t seed) : random(seed) {
    const uint32_t zones = 1 + Draw(random, 7);
    const uint32_t most_weight = 1 + Draw(random, 9);
    const uint32_t target = Draw(random, 3);
    // Shortcuts serves at most 64 nodes.
    const uint32_t least = Draw(random, 2) == 0 ? 6 : 65;
    Nodes nodes = NewNodes(least + Draw(random, 30));
    for (v1::Node& node : nodes) {
      node.set_weight(1 + Draw(random, most_weight));
      node.set_zone(absl::StrCat("zone-", Draw(random, zones)));
    }
    const uint32_t bits = 5 + Draw(random, 3);
    const uint32_t replicas = 1 + Draw(random, 4);
    before = FirstRing(bits, replicas, nodes);
    for (size_t i = 0; i < nodes.size(); i += 2) {
      nodes[i].set_weight(1 + Draw(random, most_weight));
      // All to one zone, or to any zone, or to one more.
      const uint32_t zone =
          target == 0 ? 0 : Draw(random, zones + (target == 1 ? 0 : 1));
      nodes[i].set_zone(absl::StrCat("zone-", zone));
    }
    if (Draw(random, 3) == 0) nodes.erase(nodes.begin() + 1);
    if (Draw(random, 3) == 0) nodes.push_back(NewNode("new", 2, "zone-0"));
    after = ListOf(nodes);
    told = absl::StrCat("seed ", seed, ", bits ", bits, ", replicas ", replicas,
                        ", zones ", zones, ", nodes ", nodes.size());
  }

  std::mt19937_64 random;
  RingPtr before;
  NodeList after;
  std::string told;
};

TEST_P(PartitionRoundsTest, AChangeOfHalfTheNodesMovesTheLeast) {
  for (uint64_t i = 0; i < 100; ++i) {
    const HalfChange change(GetParam() * 100 + i);
    const RingPtr after =
        FollowedWithPatience(change.before, change.after, kAlwaysRounds);
    ExpectPromises(change.before, after, change.told);
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Shards, PartitionRoundsTest,
                         ::testing::Range<uint64_t>(0, 8));

// Half of 1,000 nodes move to one zone, or the zones of half are exchanged.
struct ThousandNodes {
  ThousandNodes(uint32_t bits, uint32_t zones, bool to_one_zone) {
    Nodes nodes = NewNodes(1000);
    for (uint32_t i = 0; i < nodes.size(); ++i) {
      nodes[i].set_zone(absl::StrCat("zone-", i % zones));
    }
    before = FirstRing(bits, 3, nodes);
    std::mt19937_64 random(bits);
    for (size_t i = 0; i < nodes.size(); i += 2) {
      nodes[i].set_weight(to_one_zone ? 2 : 1);
      nodes[i].set_zone(
          absl::StrCat("zone-", to_one_zone ? 0 : Draw(random, zones)));
    }
    after = ListOf(nodes);
  }

  RingPtr before;
  NodeList after;
};

// At this size the reference is too slow. Single searches are exact as well,
// and the tests of the reference cover them.
TEST(PartitionExchangeTest, RoundsMoveAsLittleAsSingleSearchesInALargeRing) {
  for (const uint32_t zones : {2, 4, 5, 20}) {
    for (const bool to_one_zone : {false, true}) {
      const ThousandNodes change(12, zones, to_one_zone);
      const Table was = TableOf(*change.before);
      const RingPtr single =
          FollowedWithPatience(change.before, change.after, kNeverRounds);
      const RingPtr rounds =
          FollowedWithPatience(change.before, change.after, kAlwaysRounds);
      EXPECT_EQ(CountMoved(was, TableOf(*rounds)),
                CountMoved(was, TableOf(*single)))
          << zones;
      const Members members = MembersOf(*rounds);
      const Dues dues = DuesIn(*rounds);
      EXPECT_EQ(SpreadBreach(members, dues, TableOf(*rounds)), "");
      EXPECT_EQ(EvenBreach(members, dues, TableOf(*rounds)), "");
      EXPECT_EQ(PrimariesBreach(members, dues, TableOf(*rounds)), "");
    }
  }
}

uint64_t StepsOf(const ThousandNodes& change) {
  WorkBudget budget;
  const auto ring = NextRing(*change.before, change.after, nullptr, &budget);
  EXPECT_TRUE(ring.ok());
  return budget.spent();
}

// With two zones, the searches of one chain after the other needed 900 steps
// per owner slot at 2^16 partitions, and four times as many at 2^18. With more
// zones they needed fewer.
TEST(PartitionExchangeTest, TheStepsOfALargeChangeGrowWithThePartitionsOnly) {
  for (const bool to_one_zone : {false, true}) {
    for (const uint32_t zones : {2, 4, 5}) {
      for (const uint32_t bits : {14, 16}) {
        const uint64_t slots = uint64_t{3} << bits;
        const uint64_t steps = StepsOf(ThousandNodes(bits, zones, to_one_zone));
        EXPECT_LT(steps, 50 * slots) << bits << " " << zones;
      }
    }
  }
}

// Steps are the same on all machines, so all refuse the same changes. This also
// fails if a loop does not count what it visits.
TEST(PartitionExchangeTest, AChangeNeedsTheSameStepsEverywhere) {
  EXPECT_EQ(StepsOf(ThousandNodes(10, 4, false)), 191'375u);
  EXPECT_EQ(StepsOf(ThousandNodes(12, 4, false)), 479'683u);
}

// After 2^18 steps, the exchanges are sought in rounds.
TEST(PartitionExchangeTest, AStopEndsALargeChangeAtOnce) {
  const ThousandNodes change(16, 4, false);
  uint64_t checks = 0;
  WorkBudget whole(WorkBudget::kUnlimited, [&] { return ++checks == 0; });
  ASSERT_TRUE(NextRing(*change.before, change.after, nullptr, &whole).ok());
  ASSERT_GT(checks, 30u);
  for (uint64_t at = 1; at <= checks; at += checks / 20) {
    uint64_t asked = 0;
    WorkBudget stopped(WorkBudget::kUnlimited, [&] { return ++asked == at; });
    const auto ring = NextRing(*change.before, change.after, nullptr, &stopped);
    EXPECT_EQ(ring.status().code(), absl::StatusCode::kCancelled) << at;
    // The plan may end the loop that it is in, but starts no other.
    EXPECT_EQ(asked, at);
    EXPECT_LT(stopped.spent(), whole.spent() * at / checks +
                                   2 * change.before->slot_nodes().size());
  }
}

}  // namespace
}  // namespace clockwise
