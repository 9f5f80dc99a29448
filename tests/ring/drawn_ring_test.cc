// A ring small enough to draw, with literal points, tested at both ends and
// around each point. tests/vectors/hashed_points.py printed the points.
//
// Two virtual nodes; a and b have weight 1, c has weight 2; a and c are in zone
// x, b is in zone y.
//
//   slot  position            node  zone   owners by zone   without zones
//      0  0x07250B236394ABF4  c     x      c b a            c b a
//      1  0x2594BA5AE690B03B  b     y      b c a            b c a
//      2  0x5D4A175B5D78198A  c     x      c b a            c a b
//      3  0x8E4840235744A5DD  c     x      c b a            c a b
//      4  0x9E8D7FA925E84EFA  a     x      a b c            a c b
//      5  0xA686E49E464AA755  c     x      c b a            c a b
//      6  0xDBAC1E875F4D0340  a     x      a b c            a b c
//      7  0xF7E22BB39223ABE3  b     y      b c a            b c a
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/ring/ring.h"
#include "tests/support/ring_builders.h"

namespace clockwise {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

struct DrawnSlot {
  uint64_t position;
  uint32_t node;
  Ids zoned, plain;
};

const std::vector<DrawnSlot>& Drawing() {
  static const std::vector<DrawnSlot> drawing = {
      {0x07250B236394ABF4, 2, {"c", "b", "a"}, {"c", "b", "a"}},
      {0x2594BA5AE690B03B, 1, {"b", "c", "a"}, {"b", "c", "a"}},
      {0x5D4A175B5D78198A, 2, {"c", "b", "a"}, {"c", "a", "b"}},
      {0x8E4840235744A5DD, 2, {"c", "b", "a"}, {"c", "a", "b"}},
      {0x9E8D7FA925E84EFA, 0, {"a", "b", "c"}, {"a", "c", "b"}},
      {0xA686E49E464AA755, 2, {"c", "b", "a"}, {"c", "a", "b"}},
      {0xDBAC1E875F4D0340, 0, {"a", "b", "c"}, {"a", "b", "c"}},
      {0xF7E22BB39223ABE3, 1, {"b", "c", "a"}, {"b", "c", "a"}}};
  return drawing;
}

RingPtr ZonedRing() {
  return NewRing(HashedSpec(2, 2), {NewNode("a", 1, "x"), NewNode("b", 1, "y"),
                                    NewNode("c", 2, "x")});
}

RingPtr PlainRing() {
  return NewRing(HashedSpec(2, 2),
                 {NewNode("a"), NewNode("b"), NewNode("c", 2)});
}

TEST(DrawnRingTest, HasThePointsDrawn) {
  const RingPtr ring = ZonedRing();
  ASSERT_EQ(ring->slots(), Drawing().size());
  for (size_t i = 0; i < Drawing().size(); ++i) {
    EXPECT_EQ(ring->positions()[i], Drawing()[i].position) << i;
    EXPECT_EQ(ring->slot_nodes()[i], Drawing()[i].node) << i;
  }
}

TEST(DrawnRingTest, AKeyOnAPointBelongsToThatPoint) {
  const RingPtr ring = ZonedRing();
  for (size_t i = 0; i < Drawing().size(); ++i) {
    EXPECT_EQ(ring->SlotOf({Drawing()[i].position, 0}), i);
  }
}

TEST(DrawnRingTest, AKeyOnePastAPointBelongsToTheNext) {
  const RingPtr ring = ZonedRing();
  for (size_t i = 0; i < Drawing().size(); ++i) {
    EXPECT_EQ(ring->SlotOf({Drawing()[i].position + 1, 0}),
              (i + 1) % Drawing().size());
  }
}

TEST(DrawnRingTest, AKeyOneBeforeAPointBelongsToThatPoint) {
  const RingPtr ring = ZonedRing();
  for (size_t i = 0; i < Drawing().size(); ++i) {
    EXPECT_EQ(ring->SlotOf({Drawing()[i].position - 1, 0}), i);
  }
}

TEST(DrawnRingTest, TheSpaceWrapsFromTheLastPointToTheFirst) {
  const RingPtr ring = ZonedRing();
  EXPECT_EQ(ring->SlotOf({0, 0}), 0u);
  EXPECT_EQ(ring->SlotOf({std::numeric_limits<uint64_t>::max(), 0}), 0u);
}

TEST(DrawnRingTest, OwnersFillDistinctZonesFirst) {
  const RingPtr ring = ZonedRing();
  for (const DrawnSlot& slot : Drawing()) {
    EXPECT_THAT(OwnersAt(*ring, slot.position, 3),
                ElementsAreArray(slot.zoned));
    EXPECT_THAT(OwnersAt(*ring, slot.position, 2),
                ElementsAre(slot.zoned[0], slot.zoned[1]));
    EXPECT_THAT(OwnersAt(*ring, slot.position, 1), ElementsAre(slot.zoned[0]));
  }
}

TEST(DrawnRingTest, OwnersWithoutZonesAreTheNextDistinctNodes) {
  const RingPtr ring = PlainRing();
  for (const DrawnSlot& slot : Drawing()) {
    EXPECT_THAT(OwnersAt(*ring, slot.position, 3),
                ElementsAreArray(slot.plain));
  }
}

TEST(DrawnRingTest, OneZoneForAllIsAsGoodAsNone) {
  const RingPtr ring = NewRing(
      HashedSpec(2, 2),
      {NewNode("a", 1, "x"), NewNode("b", 1, "x"), NewNode("c", 2, "x")});
  for (const DrawnSlot& slot : Drawing()) {
    EXPECT_THAT(OwnersAt(*ring, slot.position, 3),
                ElementsAreArray(slot.plain));
  }
}

TEST(DrawnRingTest, SlotWidthsAreTheGapsBetweenPoints) {
  const RingPtr ring = ZonedRing();
  EXPECT_EQ(ring->whole(), absl::MakeUint128(1, 0));
  absl::uint128 sum = 0;
  for (size_t i = 0; i < Drawing().size(); ++i) {
    const uint64_t before = Drawing()[(i + 7) % 8].position;
    EXPECT_EQ(ring->SlotWidth(i), uint64_t{Drawing()[i].position - before});
    sum += ring->SlotWidth(i);
  }
  EXPECT_EQ(sum, ring->whole());
}

// a and b hash the same text, so each of their two points is a tie:
//   slots 0, 1  0x34D96501BFE75F2B  a, b
//   slots 2, 3  0x9DF1FAE64EBF2289  a, b
TEST(DrawnRingTest, EqualPositionsAreOrderedByNodeId) {
  const Nodes nodes = {NewNode("b", 1, "", "same"),
                       NewNode("a", 1, "", "same")};
  const RingPtr ring = NewRing(HashedSpec(2), nodes);
  EXPECT_THAT(ring->positions(),
              ElementsAre(0x34D96501BFE75F2B, 0x34D96501BFE75F2B,
                          0x9DF1FAE64EBF2289, 0x9DF1FAE64EBF2289));
  EXPECT_THAT(ring->slot_nodes(), ElementsAre(0, 1, 0, 1));
  EXPECT_EQ(ring->SlotOf({0x34D96501BFE75F2B, 0}), 0u);
  EXPECT_EQ(ring->SlotOf({0x34D96501BFE75F2C, 0}), 2u);
  EXPECT_EQ(ring->SlotOf({0x9DF1FAE64EBF2289, 0}), 2u);
  EXPECT_EQ(ring->SlotOf({0x9DF1FAE64EBF228A, 0}), 0u);
  for (uint64_t position : std::vector<uint64_t>{
           0, 0x34D96501BFE75F2B, 0x9DF1FAE64EBF2289, 0xFFFFFFFFFFFFFFFF}) {
    EXPECT_THAT(OwnersAt(*ring, position, 1), ElementsAre("a"));
    EXPECT_THAT(OwnersAt(*ring, position, 2), ElementsAre("a", "b"));
  }
  EXPECT_EQ(ring->SlotWidth(1), 0);
  EXPECT_EQ(ring->SlotWidth(3), 0);
}

// IDs compare bytewise, so "node-10" is before "node-9", and "Z" before "a".
TEST(DrawnRingTest, EqualPositionsAreOrderedByTheBytesOfTheId) {
  const RingPtr ring =
      NewRing(HashedSpec(1),
              {NewNode("node-9", 1, "", "same"), NewNode("a", 1, "", "same"),
               NewNode("Z", 1, "", "same"), NewNode("node-10", 1, "", "same")});
  EXPECT_THAT(OwnersAt(*ring, 0, 4),
              ElementsAre("Z", "a", "node-10", "node-9"));
}

}  // namespace
}  // namespace clockwise
