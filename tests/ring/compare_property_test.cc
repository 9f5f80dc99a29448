// Comparisons of random rings. Every key inside a move must have the owners of
// that move, and every key outside must keep its owners.
#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/limits.h"
#include "service/ring/compare.h"
#include "tests/support/reference_ring.h"
#include "tests/support/ring_builders.h"

namespace clockwise {
namespace {

// Adds and removes some of `nodes`, and changes weights and zones.
Nodes Changed(std::mt19937_64& random, Nodes nodes, uint32_t zones) {
  const uint64_t edits = 1 + Draw(random, 3);
  for (uint64_t edit = 0; edit < edits; ++edit) {
    const uint64_t what = Draw(random, 4);
    if (what == 0 || nodes.empty()) {
      const uint32_t number = 100 + Draw(random, 1000);
      nodes.push_back(RandomNode(random, number * 4 + edit % 4, 3, zones));
      continue;
    }
    const size_t at = Draw(random, nodes.size());
    if (what == 1) nodes.erase(nodes.begin() + at);
    if (what == 2) nodes[at].set_weight(1 + Draw(random, 4));
    if (what == 3) {
      nodes[at].set_zone("zone-" + std::to_string(Draw(random, 3)));
    }
  }
  return nodes;
}

Ids IdsOf(const google::protobuf::RepeatedPtrField<std::string>& ids) {
  return {ids.begin(), ids.end()};
}

bool Inside(const v1::Move& move, uint64_t position) {
  if (move.start() == move.end()) return true;
  return uint64_t{position - move.start() - 1} <
         uint64_t{move.end() - move.start()};
}

// Ranges must follow each other clockwise without overlap. Two adjacent ranges
// must differ in their owners.
void ExpectSortedDisjointMerged(const std::vector<v1::Move>& moves) {
  absl::uint128 covered = 0;
  int wraps = 0;
  for (size_t i = 0; i < moves.size(); ++i) {
    const v1::Move& move = moves[i];
    const v1::Move& next = moves[(i + 1) % moves.size()];
    EXPECT_NE(IdsOf(move.from_ids()), IdsOf(move.to_ids()));
    wraps += move.start() >= move.end();
    if (moves.size() == 1) return;
    ASSERT_NE(move.start(), move.end()) << "the whole space beside others";
    covered += uint64_t{move.end() - move.start()};
    if (i + 1 < moves.size()) {
      EXPECT_TRUE(move.end() < next.end() || move.start() < next.start());
    }
    if (move.end() != next.start()) continue;
    EXPECT_FALSE(IdsOf(move.from_ids()) == IdsOf(next.from_ids()) &&
                 IdsOf(move.to_ids()) == IdsOf(next.to_ids()))
        << move.ShortDebugString() << next.ShortDebugString();
  }
  EXPECT_LE(wraps, 1);
  EXPECT_LE(covered, absl::MakeUint128(1, 0));
}

struct Pair {
  v1::RingSpec spec;
  Nodes before, after;
};

Pair RandomPair(std::mt19937_64& random, uint32_t round) {
  const uint32_t zones = 1 + round % 3;
  Pair pair;
  pair.spec = HashedSpec(1 + Draw(random, 7), 1 + (round / 3) % 4);
  pair.before = RandomNodes(random, Draw(random, 8), 3, zones);
  pair.after = Changed(random, pair.before, zones);
  return pair;
}

Comparison Compared(const Pair& pair, size_t max_moves = limits::kMaxMoves) {
  const RingPtr before = NewRing(pair.spec, pair.before);
  const RingPtr after = NewRing(pair.spec, pair.after);
  return Compare(*before, Measure(*before), *after, Measure(*after), max_moves);
}

void ExpectMovesTellTheTruth(const Pair& pair, const Comparison& comparison,
                             std::mt19937_64& random) {
  const ReferenceRing before(pair.spec, pair.before);
  const ReferenceRing after(pair.spec, pair.after);
  std::set<uint64_t> probes = {0, 1, ~uint64_t{0}, ~uint64_t{0} - 1};
  for (int i = 0; i < 30; ++i) probes.insert(random());
  for (const v1::Move& move : comparison.moves) {
    for (uint64_t edge : {move.start(), move.end()}) {
      probes.insert({edge - 1, edge, edge + 1});
    }
  }
  for (uint64_t probe : probes) {
    const Ids was = before.OwnersAt(probe), is = after.OwnersAt(probe);
    int inside = 0;
    for (const v1::Move& move : comparison.moves) {
      if (!Inside(move, probe)) continue;
      ++inside;
      ASSERT_EQ(IdsOf(move.from_ids()), was) << probe;
      ASSERT_EQ(IdsOf(move.to_ids()), is) << probe;
    }
    ASSERT_EQ(inside, was == is ? 0 : 1) << probe;
  }
}

TEST(CompareTest, MovesTellForEveryKeyWhatBecomesOfIt) {
  std::mt19937_64 random(41);
  for (uint32_t round = 0; round < 200; ++round) {
    const Pair pair = RandomPair(random, round);
    const Comparison comparison = Compared(pair);
    SCOPED_TRACE(round);
    ASSERT_FALSE(comparison.moves_truncated);
    ExpectSortedDisjointMerged(comparison.moves);
    ExpectMovesTellTheTruth(pair, comparison, random);
    if (HasFatalFailure()) return;
  }
}

TEST(CompareTest, MovedRatioEqualsABruteForceCount) {
  std::mt19937_64 random(42);
  for (uint32_t round = 0; round < 200; ++round) {
    const Pair pair = RandomPair(random, round);
    const Comparison comparison = Compared(pair);
    SCOPED_TRACE(round);
    EXPECT_NEAR(comparison.moved_ratio,
                CountMovedRatio(pair.spec, pair.before, pair.after), 1e-12);
    double sum = 0;
    for (const v1::Move& move : comparison.moves) sum += move.ratio();
    EXPECT_NEAR(sum, comparison.moved_ratio, 1e-12);
  }
}

TEST(CompareTest, EachMovesRatioIsItsWidthTimesTheOwnersItGains) {
  std::mt19937_64 random(43);
  for (uint32_t round = 0; round < 60; ++round) {
    const Pair pair = RandomPair(random, round);
    const double owners = static_cast<double>(
        ReferenceRing(pair.spec, pair.after).owners_per_key());
    for (const v1::Move& move : Compared(pair).moves) {
      const absl::uint128 width = move.start() == move.end()
                                      ? absl::MakeUint128(1, 0)
                                      : uint64_t{move.end() - move.start()};
      const Ids from = IdsOf(move.from_ids());
      double gained = 0;
      for (const std::string& id : move.to_ids()) {
        gained += std::find(from.begin(), from.end(), id) == from.end();
      }
      const double due =
          gained == 0
              ? 0
              : gained * RatioOf(width, absl::MakeUint128(1, 0)) / owners;
      EXPECT_NEAR(move.ratio(), due, 1e-12) << move.ShortDebugString();
    }
  }
}

TEST(CompareTest, TheMinimumIsWhatNodesGainAndNeverMoreThanWhatMoves) {
  std::mt19937_64 random(44);
  for (uint32_t round = 0; round < 200; ++round) {
    Pair pair = RandomPair(random, round);
    if (round % 4 == 0) pair.spec = ModuloSpec(pair.spec.replica_count());
    const Comparison comparison = Compared(pair);
    SCOPED_TRACE(round);
    EXPECT_LE(comparison.minimum_moved_ratio, comparison.moved_ratio);
    EXPECT_NEAR(comparison.minimum_moved_ratio,
                CountMinimumMovedRatio(pair.spec, pair.before, pair.after),
                1e-12);
  }
}

TEST(CompareTest, AListThatJustFitsIsNotTruncated) {
  std::mt19937_64 random(46);
  for (uint32_t round = 0; round < 100; ++round) {
    const Pair pair = RandomPair(random, round);
    const Comparison full = Compared(pair);
    const Comparison fits = Compared(pair, full.moves.size());
    SCOPED_TRACE(round);
    EXPECT_FALSE(fits.moves_truncated);
    EXPECT_EQ(fits.moves.size(), full.moves.size());
    EXPECT_EQ(fits.moved_ratio, full.moved_ratio);
  }
}

TEST(CompareTest, ThereAndBackHasTheSameRangesTurnedRound) {
  std::mt19937_64 random(45);
  for (uint32_t round = 0; round < 40; ++round) {
    const Pair pair = RandomPair(random, round);
    const Comparison there = Compared(pair);
    const Comparison back = Compared({pair.spec, pair.after, pair.before});
    ASSERT_EQ(there.moves.size(), back.moves.size());
    std::map<std::pair<uint64_t, uint64_t>, const v1::Move*> ranges;
    for (const v1::Move& move : back.moves) {
      ranges[{move.start(), move.end()}] = &move;
    }
    for (const v1::Move& move : there.moves) {
      const v1::Move* turned = ranges[{move.start(), move.end()}];
      ASSERT_NE(turned, nullptr);
      EXPECT_EQ(IdsOf(move.from_ids()), IdsOf(turned->to_ids()));
      EXPECT_EQ(IdsOf(move.to_ids()), IdsOf(turned->from_ids()));
    }
  }
}

}  // namespace
}  // namespace clockwise
