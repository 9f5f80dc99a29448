#include "client/lib/owned_ranges.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

#include "tests/support/ring_builders.h"

namespace clockwise {
namespace {

using client::OwnedRanges;
using client::Without;
constexpr uint64_t kLast = std::numeric_limits<uint64_t>::max();

bool Holds(const std::vector<HashRange>& ranges, uint64_t position) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const HashRange& range) {
    if (range.start == range.end) return true;
    if (range.start < range.end) {
      return position > range.start && position <= range.end;
    }
    return position > range.start || position <= range.end;
  });
}

bool Owns(const Ring& ring, const std::string& id, uint64_t position) {
  const Ids owners = OwnersAt(ring, position);
  return std::find(owners.begin(), owners.end(), id) != owners.end();
}

std::shared_ptr<const client::RingView> ViewAt(const RingPtr& ring,
                                               uint64_t epoch) {
  return std::make_shared<const client::RingView>(ring, epoch, 7, nullptr);
}

// The ends of all ranges, their neighbours, and some others.
std::vector<uint64_t> Probes(const Ring& ring, std::mt19937_64& random) {
  std::vector<uint64_t> probes = {0, kLast};
  for (size_t slot = 0; slot < ring.slots(); ++slot) {
    for (uint64_t d = 0; d < 3; ++d) {
      probes.push_back(ring.SlotEnd(slot) + d - 1);
    }
  }
  for (int i = 0; i < 50; ++i) probes.push_back(random());
  return probes;
}

TEST(OwnedRangesTest, AreWhatTheNodeOwns) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 60; ++round) {
    const RingPtr ring =
        NewRing(HashedSpec(1 + Draw(random, 8), 1 + Draw(random, 3)),
                RandomNodes(random, 1 + Draw(random, 6), 3, 3));
    const std::string id = ring->nodes()[0]->id();
    const std::vector<HashRange> owned = OwnedRanges(*ring, id);
    for (const uint64_t position : Probes(*ring, random)) {
      ASSERT_EQ(Holds(owned, position), Owns(*ring, id, position)) << position;
    }
    for (size_t i = 1; i < owned.size(); ++i) {
      EXPECT_LT(owned[i - 1].start, owned[i].start);
      EXPECT_NE(owned[i - 1].end, owned[i].start) << "not merged";
    }
  }
}

TEST(OwnedRangesTest, ANodeAloneOwnsAllAndAStrangerNothing) {
  const RingPtr ring = NewRing(HashedSpec(5), {NewNode("a")});
  EXPECT_EQ(OwnedRanges(*ring, "a").size(), 1u);
  EXPECT_EQ(OwnedRanges(*ring, "a")[0].start, OwnedRanges(*ring, "a")[0].end);
  EXPECT_TRUE(OwnedRanges(*ring, "b").empty());
}

TEST(OwnedRangesTest, AnEventTellsExactlyWhatComesAndGoes) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 60; ++round) {
    const v1::RingSpec spec =
        HashedSpec(1 + Draw(random, 6), 1 + Draw(random, 3));
    const RingPtr before =
        NewRing(spec, RandomNodes(random, 1 + Draw(random, 6), 3, 2));
    const RingPtr after =
        NewRing(spec, RandomNodes(random, 1 + Draw(random, 6), 3, 2));
    const std::string id = after->nodes()[0]->id();
    const RingEvent event =
        client::EventFor(id, ViewAt(before, 3), ViewAt(after, 5));
    EXPECT_EQ(event.from_epoch, 3u);
    EXPECT_EQ(event.epoch, 5u);
    std::vector<uint64_t> probes = Probes(*before, random);
    const std::vector<uint64_t> more = Probes(*after, random);
    probes.insert(probes.end(), more.begin(), more.end());
    for (const uint64_t position : probes) {
      const bool then = Owns(*before, id, position);
      const bool now = Owns(*after, id, position);
      ASSERT_EQ(Holds(event.gained, position), now && !then) << position;
      ASSERT_EQ(Holds(event.lost, position), then && !now) << position;
    }
  }
}

TEST(OwnedRangesTest, TheFirstEventGainsAllThatTheNodeOwns) {
  const RingPtr ring = NewRing(HashedSpec(20), NewNodes(3));
  const RingEvent event = client::EventFor("node-1", nullptr, ViewAt(ring, 4));
  EXPECT_EQ(event.from_epoch, 0u);
  EXPECT_EQ(event.gained, OwnedRanges(*ring, "node-1"));
  EXPECT_TRUE(event.lost.empty());
}

TEST(OwnedRangesTest, RemaindersAreNoRanges) {
  const RingPtr ring = NewRing(ModuloSpec(), NewNodes(3));
  const RingEvent event = client::EventFor("node-1", nullptr, ViewAt(ring, 4));
  EXPECT_TRUE(event.ranges_unknown);
  EXPECT_TRUE(event.gained.empty());
}

TEST(OwnedRangesTest, DifferencesAtTheEdges) {
  const std::vector<HashRange> all = {{kLast, kLast}};
  EXPECT_EQ(Without(all, {}), all);
  EXPECT_TRUE(Without(all, all).empty());
  EXPECT_EQ(Without(all, {{10, 20}}), (std::vector<HashRange>{{20, 10}}));
  EXPECT_EQ(Without(all, {{20, 10}}), (std::vector<HashRange>{{10, 20}}));
  EXPECT_EQ(Without({{5, 10}, {20, 30}}, {{8, 25}}),
            (std::vector<HashRange>{{5, 8}, {25, 30}}));
  EXPECT_EQ(Without({{kLast, 5}}, {{kLast, 0}}),
            (std::vector<HashRange>{{0, 5}}));
}

}  // namespace
}  // namespace clockwise
