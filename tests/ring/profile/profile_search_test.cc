// Compares the search by ends with the search of each system, at every hash
// around every point.
#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "service/ring/profile/profile.h"
#include "tests/ring/first_end.h"

namespace clockwise::profile {
namespace {

// The points are the members' 32-bit tokens.
void AppendTokensAsTheyAre(std::span<const Member> members, const Settings&,
                           std::vector<Point>& points) {
  for (uint32_t i = 0; i < members.size(); ++i) {
    for (const int64_t token : members[i].tokens) {
      points.push_back({static_cast<uint32_t>(token), i});
    }
  }
}

struct Entry {
  uint32_t position;
  uint32_t member;
};

// Searches like the systems: entries are sorted by position, and entries at one
// position are in the order of insertion.
uint32_t OwnerBySearch(const std::vector<Entry>& entries, Search search,
                       Ties ties, uint32_t hash) {
  size_t at = 0;
  while (at < entries.size() &&
         (search == Search::kFirstAfter ? entries[at].position <= hash
                                        : entries[at].position < hash)) {
    ++at;
  }
  if (at == entries.size()) at = 0;
  if (search == Search::kNearest) {
    const Entry& before = entries[(at + entries.size() - 1) % entries.size()];
    const uint32_t back = hash - before.position;
    const uint32_t forth = entries[at].position - hash;
    return back <= forth ? before.member : entries[at].member;
  }
  while (ties == Ties::kLast && at + 1 < entries.size() &&
         entries[at + 1].position == entries[at].position) {
    ++at;
  }
  return entries[at].member;
}

uint32_t OwnerByEnds(const Slots& slots, uint32_t hash) {
  return slots.members[FirstEnd(slots.ends, uint64_t{hash} << 32)];
}

// Returns up to eight members with points close together around 0. So gaps are
// odd, even, 1 and 0, and the wrap is among them.
std::vector<Member> DrawnMembers(std::mt19937& random) {
  std::vector<Member> members(2 + random() % 7);
  for (Member& member : members) {
    for (uint32_t i = 0; i <= random() % 4; ++i) {
      member.tokens.push_back(static_cast<uint32_t>(random() % 41 - 20));
    }
  }
  members[0].tokens.push_back(1000);  // not all at one position
  members[1].tokens.push_back(2000);
  return members;
}

void Compare(Search search, Ties ties) {
  const Profile profile{{"", "", Order::kAsConfigured, {}, {}},
                        32,
                        search,
                        ties,
                        AppendTokensAsTheyAre,
                        nullptr};
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    const std::vector<Member> members = DrawnMembers(random);
    std::vector<Entry> entries;
    for (uint32_t i = 0; i < members.size(); ++i) {
      for (const int64_t token : members[i].tokens) {
        entries.push_back({static_cast<uint32_t>(token), i});
      }
    }
    std::stable_sort(
        entries.begin(), entries.end(),
        [](const Entry& a, const Entry& b) { return a.position < b.position; });
    const Slots slots = PlacePoints(profile, {}, members);
    ASSERT_EQ(slots.ends.size(), entries.size());
    ASSERT_TRUE(std::is_sorted(slots.ends.begin(), slots.ends.end()));
    for (int64_t hash = -40; hash < 2040; ++hash) {
      const auto position = static_cast<uint32_t>(hash);
      ASSERT_EQ(OwnerByEnds(slots, position),
                OwnerBySearch(entries, search, ties, position))
          << "round " << round << ", hash " << hash;
    }
  }
}

TEST(ProfileSearchTest, AKeyOnAPointBelongsToIt) {
  Compare(Search::kFirstAtOrAfter, Ties::kFirst);
}

TEST(ProfileSearchTest, OfPointsAtOnePositionTheLastMayOwn) {
  Compare(Search::kFirstAtOrAfter, Ties::kLast);
}

TEST(ProfileSearchTest, AKeyOnAPointMayBelongToTheNext) {
  Compare(Search::kFirstAfter, Ties::kLast);
}

TEST(ProfileSearchTest, TheNearestPointOwnsAndHalfWayTheOneBefore) {
  Compare(Search::kNearest, Ties::kFirst);
}

}  // namespace
}  // namespace clockwise::profile
