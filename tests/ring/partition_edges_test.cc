// Edge cases of PARTITIONED on hand-made rings: from no node to four and back,
// more nodes than partitions, weights and zones that cannot be fulfilled.
#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/ring/partition_history.h"
#include "tests/ring/partition_reference.h"

namespace clockwise {
namespace {

// Checks all guarantees but the minimum of moves.
void ExpectSpreadAndEven(const Ring& ring) {
  const Members members = MembersOf(ring);
  const Dues dues = DuesIn(ring);
  const Table table = TableOf(ring);
  EXPECT_EQ(SpreadBreach(members, dues, table), "");
  EXPECT_EQ(EvenBreach(members, dues, table), "");
  EXPECT_EQ(PrimariesBreach(members, dues, table), "");
}

// Checks all guarantees. Returns the number of owner slots that moved.
int64_t ExpectLeastMoved(const RingPtr& before, const RingPtr& after) {
  ExpectSpreadAndEven(*after);
  const Table was = TableOf(*before);
  const int64_t moved = CountMoved(was, TableOf(*after));
  EXPECT_EQ(moved, LeastMoved(MembersOf(*after), DuesIn(*after), was).moved);
  return moved;
}

// Returns the number of partitions of each node, by ID.
std::map<std::string, int> Owned(const Ring& ring) {
  std::map<std::string, int> owned;
  for (const NodePtr& node : ring.nodes()) owned[node->id()] = 0;
  for (const Ids& row : TableOf(ring)) {
    for (const std::string& id : row) ++owned[id];
  }
  return owned;
}

TEST(PartitionEdgesTest, ARingGrowsFromNoNodeToFourAndBack) {
  RingPtr ring = EmptyRing(PartitionedSpec(4, 3));
  const uint64_t empty = ring->fingerprint();
  EXPECT_EQ(ring->slots(), 0u);
  // Up: with three owners, each of the first three nodes gets all 16
  // partitions. The fourth node gets 12, and nothing else moves. Down: its 12
  // move to the remaining nodes, which then own everything until the end.
  const std::vector<std::pair<size_t, int64_t>> moved_at = {
      {1, 16}, {2, 16}, {3, 16}, {4, 12}, {3, 12}, {2, 0}, {1, 0}, {0, 0}};
  for (const auto& [nodes, moved] : moved_at) {
    const RingPtr before = ring;
    ring = FollowedBy(before, NewNodes(nodes));
    SCOPED_TRACE(absl::StrCat(before->nodes().size(), " to ", nodes));
    ASSERT_EQ(ring->slot_nodes().size(), 16 * std::min<size_t>(3, nodes));
    EXPECT_EQ(ring->owners_per_slot(), std::clamp<size_t>(nodes, 1, 3));
    if (nodes == 0) continue;
    EXPECT_EQ(ring->slots(), 16u);
    EXPECT_EQ(ExpectLeastMoved(before, ring), moved);
  }
  EXPECT_EQ(ring->slots(), 0u);
  EXPECT_EQ(ring->fingerprint(), empty);
}

TEST(PartitionEdgesTest, AllNodesMayBeReplacedAtOnce) {
  const RingPtr before = FirstRing(4, 3, NewNodes(5));
  Nodes others;
  for (int i = 0; i < 4; ++i) others.push_back(NewNode(absl::StrCat("o", i)));
  EXPECT_EQ(ExpectLeastMoved(before, FollowedBy(before, others)), 48);
}

TEST(PartitionEdgesTest, WithMoreNodesThanPartitionsSomeOwnNone) {
  const RingPtr ring = FirstRing(4, 1, NewNodes(40));
  ExpectSpreadAndEven(*ring);
  int owners = 0;
  for (const auto& [id, owned] : Owned(*ring)) owners += owned;
  EXPECT_EQ(owners, 16);
  // A request can still have all 40 nodes, each once.
  for (const uint64_t position : {uint64_t{0}, ~uint64_t{0}}) {
    Ids ids = OwnersAt(*ring, position, 64);
    ASSERT_EQ(ids.size(), 40u);
    // Nodes that own nothing come last, by ID.
    EXPECT_TRUE(std::is_sorted(ids.begin() + 16, ids.end()));
    std::sort(ids.begin(), ids.end());
    EXPECT_EQ(std::unique(ids.begin(), ids.end()), ids.end());
  }
  const RingPtr fewer = FollowedBy(ring, NewNodes(30));
  ExpectLeastMoved(ring, fewer);
  // 48 owner slots for 40 nodes: one or two each.
  for (const auto& [id, owned] : Owned(*FirstRing(4, 3, NewNodes(40)))) {
    EXPECT_TRUE(owned == 1 || owned == 2) << id << " " << owned;
  }
}

TEST(PartitionEdgesTest, AWeightAboveOneInReplicasOwnsEveryPartitionOnce) {
  Nodes nodes = NewNodes(4);
  nodes[0].set_weight(100);
  const RingPtr ring = FirstRing(4, 2, nodes);
  std::map<std::string, int> owned = Owned(*ring);
  EXPECT_EQ(owned["node-0"], 16);
  for (const char* id : {"node-1", "node-2", "node-3"}) {
    EXPECT_TRUE(owned[id] == 5 || owned[id] == 6) << id << " " << owned[id];
  }
  ExpectSpreadAndEven(*ring);
  // It is capped already, so more weight changes nothing.
  nodes[0].set_weight(65'535);
  EXPECT_EQ(ExpectLeastMoved(ring, FollowedBy(ring, nodes)), 0);
  // With the weight of the others, it loses half of them.
  nodes[0].set_weight(1);
  const RingPtr even = FollowedBy(ring, nodes);
  EXPECT_EQ(ExpectLeastMoved(ring, even), 8);
  EXPECT_EQ(Owned(*even)["node-0"], 8);
}

TEST(PartitionEdgesTest, ZonesAsManyAsReplicasEachHaveEveryPartition) {
  const RingPtr ring = FirstRing(
      4, 3,
      {NewNode("a1", 10, "a"), NewNode("b1", 1, "b"), NewNode("b2", 1, "b"),
       NewNode("c1", 1, "c"), NewNode("c2", 3, "c")});
  ExpectSpreadAndEven(*ring);
  EXPECT_EQ(Owned(*ring),
            (std::map<std::string, int>{
                {"a1", 16}, {"b1", 8}, {"b2", 8}, {"c1", 4}, {"c2", 12}}));
}

TEST(PartitionEdgesTest, AHeavyZoneHasEveryPartitionOnceAndOthersShareTheRest) {
  const RingPtr ring = FirstRing(
      4, 3,
      {NewNode("a1", 6, "a"), NewNode("a2", 6, "a"), NewNode("b", 2, "b"),
       NewNode("c", 2, "c"), NewNode("d", 4, "")});
  ExpectSpreadAndEven(*ring);
  EXPECT_EQ(Owned(*ring),
            (std::map<std::string, int>{
                {"a1", 8}, {"a2", 8}, {"b", 8}, {"c", 8}, {"d", 16}}));
}

TEST(PartitionEdgesTest, ZonesFewerThanReplicasEachHaveEveryPartition) {
  const RingPtr ring = FirstRing(
      4, 3,
      {NewNode("x1", 1, "x"), NewNode("x2", 1, "x"), NewNode("x3", 1, "x"),
       NewNode("x4", 1, "x"), NewNode("y1", 1, "y")});
  ExpectSpreadAndEven(*ring);
  EXPECT_EQ(Owned(*ring),
            (std::map<std::string, int>{
                {"x1", 8}, {"x2", 8}, {"x3", 8}, {"x4", 8}, {"y1", 16}}));
}

TEST(PartitionEdgesTest, NodesWithoutAZoneAreAZone) {
  const RingPtr ring =
      FirstRing(4, 2, {NewNode("a", 1, "a"), NewNode("n1"), NewNode("n2")});
  ExpectSpreadAndEven(*ring);
  EXPECT_EQ(Owned(*ring),
            (std::map<std::string, int>{{"a", 16}, {"n1", 8}, {"n2", 8}}));
}

TEST(PartitionEdgesTest, ANodeThatChangesItsZoneMovesTheLeast) {
  Nodes nodes;
  for (const char* zone : {"a", "b", "c"}) {
    nodes.push_back(NewNode(absl::StrCat(zone, 1), 1, zone));
    nodes.push_back(NewNode(absl::StrCat(zone, 2), 1, zone));
  }
  RingPtr before = FirstRing(4, 3, nodes);
  // To a zone with other nodes, to a new one, to none, and back.
  for (const char* zone : {"b", "d", "", "a"}) {
    nodes[1].set_zone(zone);
    const RingPtr after = FollowedBy(before, nodes);
    SCOPED_TRACE(absl::StrCat("zone '", zone, "'"));
    ExpectLeastMoved(before, after);
    before = after;
  }
  // Removes the last node of a zone, and thus the zone.
  nodes.erase(nodes.begin(), nodes.begin() + 2);
  const RingPtr after = FollowedBy(before, nodes);
  ExpectLeastMoved(before, after);
}

TEST(PartitionEdgesTest, ZonesThatAreNamedAnewMoveNothing) {
  Nodes nodes;
  for (int i = 0; i < 9; ++i) {
    nodes.push_back(
        NewNode(absl::StrCat("n", i), 1 + i % 2, absl::StrCat("zone-", i % 4)));
  }
  const RingPtr before = FirstRing(5, 3, nodes);
  for (v1::Node& node : nodes) node.set_zone("other-" + node.zone());
  EXPECT_EQ(ExpectLeastMoved(before, FollowedBy(before, nodes)), 0);
}

// The new node shifts the indexes of the nodes that sort after it.
TEST(PartitionEdgesTest, WhereANodeSortsChangesNothingOfWhatMoves) {
  const RingPtr before = FirstRing(4, 3, NewNodes(3));
  for (const char* id : {"a-first", "node-1-between", "z-last"}) {
    Nodes nodes = NewNodes(3);
    nodes.push_back(NewNode(id));
    const RingPtr after = FollowedBy(before, nodes);
    SCOPED_TRACE(id);
    EXPECT_EQ(ExpectLeastMoved(before, after), 12);
    const Table was = TableOf(*before), is = TableOf(*after);
    for (size_t p = 0; p < was.size(); ++p) {
      for (const std::string& owner : is[p]) {
        EXPECT_TRUE(owner == id ||
                    std::count(was[p].begin(), was[p].end(), owner) == 1);
      }
    }
  }
}

TEST(PartitionEdgesTest, OwnersBeyondTheTableWalkOnClockwiseAndWrap) {
  NodeList nodes = ListOf(NewNodes(6));
  std::vector<uint32_t> table;
  for (uint32_t partition = 0; partition < 16; ++partition) {
    // Nodes 4 and 5 own nothing.
    for (const uint32_t owner :
         {partition == 3 ? 3u : 1u, partition == 3 ? 2u : 0u}) {
      table.push_back(owner);
    }
  }
  const RingPtr ring = *Ring::Build(PartitionedSpec(4, 2), nodes, table);
  const auto at = [&](uint64_t partition, uint32_t asked) {
    return OwnersAt(*ring, partition << 60, asked);
  };
  EXPECT_EQ(at(0, 0), (Ids{"node-1", "node-0"}));
  EXPECT_EQ(at(0, 1), (Ids{"node-1"}));
  EXPECT_EQ(at(0, 3), (Ids{"node-1", "node-0", "node-3"}));
  EXPECT_EQ(at(3, 4), (Ids{"node-3", "node-2", "node-1", "node-0"}));
  EXPECT_EQ(at(4, 4), (Ids{"node-1", "node-0", "node-3", "node-2"}));
  EXPECT_EQ(at(15, 64),
            (Ids{"node-1", "node-0", "node-3", "node-2", "node-4", "node-5"}));
}

}  // namespace
}  // namespace clockwise
