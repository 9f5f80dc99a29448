// Comparisons whose result is known in advance.
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/limits.h"
#include "service/ring/compare.h"
#include "tests/support/ring_builders.h"

namespace clockwise {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Comparison Compared(const Ring& before, const Ring& after,
                    size_t max_moves = limits::kMaxMoves) {
  return Compare(before, Measure(before), after, Measure(after), max_moves);
}

Comparison Compared(const v1::RingSpec& spec, const Nodes& before,
                    const Nodes& after, size_t max_moves = limits::kMaxMoves) {
  return Compared(*NewRing(spec, before), *NewRing(spec, after), max_moves);
}

TEST(CompareTest, NothingMovesBetweenEqualRings) {
  for (const v1::RingSpec& spec : {HashedSpec(16, 2), ModuloSpec(2)}) {
    for (size_t count : {0, 1, 5}) {
      const Comparison same = Compared(spec, NewNodes(count), NewNodes(count));
      EXPECT_THAT(same.moves, IsEmpty());
      EXPECT_EQ(same.moved_ratio, 0);
      EXPECT_EQ(same.minimum_moved_ratio, 0);
      EXPECT_FALSE(same.moves_truncated);
    }
  }
}

TEST(CompareTest, TheFirstNodeMovesTheWholeSpaceInOneMove) {
  for (uint32_t replicas : {1u, 3u}) {
    const Comparison first =
        Compared(HashedSpec(16, replicas), {}, {NewNode("a")});
    EXPECT_EQ(first.moved_ratio, 1);
    EXPECT_EQ(first.minimum_moved_ratio, 1);
    ASSERT_EQ(first.moves.size(), 1u);
    EXPECT_EQ(first.moves[0].start(), first.moves[0].end());
    EXPECT_THAT(first.moves[0].from_ids(), IsEmpty());
    EXPECT_THAT(first.moves[0].to_ids(), ElementsAre("a"));
    EXPECT_EQ(first.moves[0].ratio(), 1);
  }
  EXPECT_EQ(Compared(ModuloSpec(), {}, {NewNode("a")}).moved_ratio, 1);
}

TEST(CompareTest, SeveralFirstNodesMoveOne) {
  for (const v1::RingSpec& spec : {HashedSpec(16, 2), ModuloSpec(2)}) {
    const Comparison first = Compared(spec, {}, NewNodes(5));
    EXPECT_DOUBLE_EQ(first.moved_ratio, 1);
    EXPECT_DOUBLE_EQ(first.minimum_moved_ratio, 1);
  }
}

TEST(CompareTest, RemovingTheLastNodeMovesNothingThoughOwnersGo) {
  const Comparison last = Compared(HashedSpec(16, 2), {NewNode("a")}, {});
  EXPECT_EQ(last.moved_ratio, 0);
  EXPECT_EQ(last.minimum_moved_ratio, 0);
  ASSERT_EQ(last.moves.size(), 1u);
  EXPECT_EQ(last.moves[0].start(), last.moves[0].end());
  EXPECT_THAT(last.moves[0].from_ids(), ElementsAre("a"));
  EXPECT_THAT(last.moves[0].to_ids(), IsEmpty());
  EXPECT_EQ(last.moves[0].ratio(), 0);
  EXPECT_EQ(Compared(ModuloSpec(), {NewNode("a")}, {}).moved_ratio, 0);
}

TEST(CompareTest, AnAddedNodeMovesItsShareAndThatIsTheMinimum) {
  std::mt19937_64 random(31);
  for (int round = 0; round < 20; ++round) {
    const Nodes before = RandomNodes(random, 1 + Draw(random, 9), 4, 1);
    Nodes after = before;
    after.push_back(NewNode("new", 3));
    const RingPtr ring = NewRing(HashedSpec(20), after);
    const double share =
        Shares(Measure(*ring))[LowerBound(ring->nodes(), "new")];
    const Comparison added = Compared(*NewRing(HashedSpec(20), before), *ring);
    EXPECT_NEAR(added.moved_ratio, share, 1e-12);
    EXPECT_DOUBLE_EQ(added.moved_ratio, added.minimum_moved_ratio);
    for (const v1::Move& move : added.moves) {
      EXPECT_THAT(move.to_ids(), ElementsAre("new"));
    }
  }
}

TEST(CompareTest, ARemovedNodeMovesItsShareAndThatIsTheMinimum) {
  Nodes nodes = NewNodes(8);
  const RingPtr before = NewRing(HashedSpec(20), nodes);
  const double share =
      Shares(Measure(*before))[LowerBound(before->nodes(), "node-7")];
  nodes.pop_back();
  const Comparison removed = Compared(*before, *NewRing(HashedSpec(20), nodes));
  EXPECT_NEAR(removed.moved_ratio, share, 1e-12);
  EXPECT_DOUBLE_EQ(removed.moved_ratio, removed.minimum_moved_ratio);
  for (const v1::Move& move : removed.moves) {
    EXPECT_THAT(move.from_ids(), ElementsAre("node-7"));
  }
}

// With 3 replicas and 2 nodes, each key has 2 owners. The third node fills the
// empty slots.
TEST(CompareTest, AnEmptyOwnerSlotThatIsFilledCountsAsMoved) {
  const Comparison filled =
      Compared(HashedSpec(16, 3), NewNodes(2), NewNodes(3));
  EXPECT_NEAR(filled.moved_ratio, 1.0 / 3, 1e-12);
  EXPECT_NEAR(filled.minimum_moved_ratio, 1.0 / 3, 1e-12);
}

TEST(CompareTest, LosingAnOwnerSlotMovesNothing) {
  const Comparison lost = Compared(HashedSpec(16, 3), NewNodes(3), NewNodes(2));
  EXPECT_EQ(lost.moved_ratio, 0);
  EXPECT_EQ(lost.minimum_moved_ratio, 0);
  EXPECT_FALSE(lost.moves.empty());
}

// a and b own all keys before and after; only the primary changes.
TEST(CompareTest, AnotherOrderIsAMoveOfRatioZero) {
  const Nodes before = {NewNode("a", 1), NewNode("b", 1)};
  const Nodes after = {NewNode("a", 4), NewNode("b", 1)};
  const Comparison turned = Compared(HashedSpec(16, 2), before, after);
  EXPECT_EQ(turned.moved_ratio, 0);
  ASSERT_FALSE(turned.moves.empty());
  for (const v1::Move& move : turned.moves) {
    EXPECT_THAT(move.from_ids(), ElementsAre("b", "a"));
    EXPECT_THAT(move.to_ids(), ElementsAre("a", "b"));
    EXPECT_EQ(move.ratio(), 0);
  }
}

TEST(CompareTest, AddressesAndLabelsMoveNothing) {
  Nodes after = NewNodes(4);
  after[2].set_address("10.0.0.7:80");
  (*after[3].mutable_labels())["rack"] = "12";
  const Comparison same = Compared(HashedSpec(16, 2), NewNodes(4), after);
  EXPECT_THAT(same.moves, IsEmpty());
  EXPECT_EQ(same.moved_ratio, 0);
}

// The point of a is 0xDBAC1E875F4D0340, that of b 0x2594BA5AE690B03B
// (layout_test.cc, drawn_ring_test.cc).
TEST(CompareTest, AMoveIsTheRangeBehindThePointBeforeUpToThePoint) {
  const RingPtr b = NewRing(HashedSpec(1), {NewNode("b")});
  const RingPtr a = NewRing(HashedSpec(1), {NewNode("a")});
  const RingPtr both = NewRing(HashedSpec(1), {NewNode("a"), NewNode("b")});
  const uint64_t of_a = a->positions()[0], of_b = b->positions()[0];
  const Comparison joined = Compared(*b, *both);
  ASSERT_EQ(joined.moves.size(), 1u);
  EXPECT_EQ(joined.moves[0].start(), of_b);
  EXPECT_EQ(joined.moves[0].end(), of_a);
  const Comparison wrapping = Compared(*a, *both);
  ASSERT_EQ(wrapping.moves.size(), 1u);
  EXPECT_EQ(wrapping.moves[0].start(), of_a);
  EXPECT_EQ(wrapping.moves[0].end(), of_b);
  const double part_of_b = joined.moved_ratio;
  EXPECT_NEAR(part_of_b + wrapping.moved_ratio, 1, 1e-12);
}

TEST(CompareTest, OneOwnerForAnotherEverywhereIsOneMoveOfTheWholeSpace) {
  const Comparison swapped =
      Compared(HashedSpec(16), {NewNode("a")}, {NewNode("b")});
  ASSERT_EQ(swapped.moves.size(), 1u);
  EXPECT_EQ(swapped.moves[0].start(), swapped.moves[0].end());
  EXPECT_THAT(swapped.moves[0].from_ids(), ElementsAre("a"));
  EXPECT_THAT(swapped.moves[0].to_ids(), ElementsAre("b"));
  EXPECT_EQ(swapped.moved_ratio, 1);
}

TEST(CompareTest, TruncationKeepsTheTotalsExact) {
  const RingPtr before = NewRing(HashedSpec(16, 2), NewNodes(6));
  const RingPtr after = NewRing(HashedSpec(16, 2), NewNodes(7));
  const Comparison full = Compared(*before, *after);
  ASSERT_GT(full.moves.size(), 20u);
  ASSERT_FALSE(full.moves_truncated);
  for (size_t most :
       {size_t{0}, size_t{1}, size_t{2}, size_t{10}, full.moves.size() - 1}) {
    const Comparison cut = Compared(*before, *after, most);
    EXPECT_EQ(cut.moves.size(), most);
    EXPECT_TRUE(cut.moves_truncated) << most;
    EXPECT_EQ(cut.moved_ratio, full.moved_ratio);
    EXPECT_EQ(cut.minimum_moved_ratio, full.minimum_moved_ratio);
    for (const v1::Move& move : cut.moves) {
      bool listed = false;
      for (const v1::Move& other : full.moves) {
        listed |= move.SerializeAsString() == other.SerializeAsString();
      }
      EXPECT_TRUE(listed) << move.ShortDebugString();
    }
  }
  for (size_t most : {full.moves.size(), full.moves.size() + 1}) {
    const Comparison fits = Compared(*before, *after, most);
    EXPECT_EQ(fits.moves.size(), full.moves.size());
    EXPECT_FALSE(fits.moves_truncated);
  }
}

}  // namespace
}  // namespace clockwise
