// PARTITIONED with more nodes and partitions than the random histories have.
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/ring/partition_history.h"
#include "tests/ring/partition_reference.h"

namespace clockwise {
namespace {

void ExpectSpreadAndEven(const Ring& ring, const Dues& dues) {
  const Members members = MembersOf(ring);
  const Table table = TableOf(ring);
  EXPECT_EQ(SpreadBreach(members, dues, table), "");
  EXPECT_EQ(EvenBreach(members, dues, table), "");
  EXPECT_EQ(PrimariesBreach(members, dues, table), "");
}

// Returns `count` nodes of weights 1 to `max_weight` in `zones` zones.
Nodes ManyNodes(size_t count, uint32_t max_weight, uint32_t zones) {
  Nodes nodes = NewNodes(count);
  for (uint32_t i = 0; i < count; ++i) {
    nodes[i].set_weight(1 + i / zones % max_weight);
    nodes[i].set_zone(absl::StrCat("zone-", i % zones));
  }
  return nodes;
}

TEST(PartitionScaleTest, AThousandPartitionsMoveTheLeastToo) {
  std::mt19937_64 random(1);
  Nodes nodes = ManyNodes(20, 4, 4);
  RingPtr before = EmptyRing(PartitionedSpec(10, 3));
  for (int step = 0; step < 6; ++step) {
    SCOPED_TRACE(step);
    const RingPtr after = FollowedBy(before, nodes);
    const Dues dues = DuesIn(*after);
    ExpectSpreadAndEven(*after, dues);
    const Table was = TableOf(*before);
    EXPECT_EQ(CountMoved(was, TableOf(*after)),
              LeastMoved(MembersOf(*after), dues, was).moved);
    before = after;
    nodes[Draw(random, nodes.size())].set_weight(1 + Draw(random, 9));
    nodes[Draw(random, nodes.size())].set_zone("zone-1");
    nodes.erase(nodes.begin() + Draw(random, nodes.size()));
    nodes.push_back(NewNode(absl::StrCat("new-", step), 2, "zone-2"));
  }
}

// 12,288 owner slots for 1,000 nodes: 12 or 13 partitions each. A new node gets
// 12, from nodes that have 13. Removing a node moves only its own partitions.
TEST(PartitionScaleTest, OneNodeOfAThousandMovesItsOwnShareAlone) {
  Nodes nodes = ManyNodes(1000, 1, 5);
  const RingPtr before = FirstRing(12, 3, nodes);
  ExpectSpreadAndEven(*before, DuesIn(*before));

  nodes.push_back(NewNode("new", 1, "zone-3"));
  const RingPtr more = FollowedBy(before, nodes);
  ExpectSpreadAndEven(*more, DuesIn(*more));
  EXPECT_EQ(CountMoved(TableOf(*before), TableOf(*more)), 12);

  nodes.erase(nodes.begin() + 500);
  const RingPtr less = FollowedBy(more, nodes);
  const Dues dues = DuesIn(*less);
  ExpectSpreadAndEven(*less, dues);
  const Table was = TableOf(*more);
  EXPECT_EQ(CountMoved(was, TableOf(*less)),
            LeastGained(MembersOf(*less), dues, was));
}

TEST(PartitionScaleTest, AThousandNodesOfManyWeightsAreSpreadAndEven) {
  Nodes nodes = ManyNodes(1000, 7, 9);
  const RingPtr before = FirstRing(12, 3, nodes);
  ExpectSpreadAndEven(*before, DuesIn(*before));
  for (size_t i = 0; i < nodes.size(); i += 10) nodes[i].set_weight(3);
  for (size_t i = 5; i < nodes.size(); i += 100) nodes[i].set_zone("");
  nodes.erase(nodes.begin(), nodes.begin() + 50);
  const RingPtr after = FollowedBy(before, nodes);
  const Dues dues = DuesIn(*after);
  ExpectSpreadAndEven(*after, dues);
  EXPECT_GE(CountMoved(TableOf(*before), TableOf(*after)),
            LeastGained(MembersOf(*after), dues, TableOf(*before)));
}

}  // namespace
}  // namespace clockwise
