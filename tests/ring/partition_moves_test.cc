// Compares a PARTITIONED ring before and after each step of random histories:
// the reported moves must be the real moves, and the minimum.
#include "service/ring/partition_moves.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "service/limits.h"
#include "service/ring/compare.h"
#include "tests/ring/partition_history.h"
#include "tests/ring/partition_reference.h"

namespace clockwise {
namespace {

constexpr uint64_t kHistories = 250;  // per test

Ids IdsOf(const google::protobuf::RepeatedPtrField<std::string>& ids) {
  return {ids.begin(), ids.end()};
}

// Checks whether `position` is in the range (start, end], which may wrap.
bool Inside(const v1::Move& move, uint64_t position) {
  if (move.start() == move.end()) return true;
  return uint64_t{position - move.start() - 1} <
         uint64_t{move.end() - move.start()};
}

Comparison Compared(const Ring& before, const Ring& after) {
  return Compare(before, Measure(before), after, Measure(after),
                 limits::kMaxMoves);
}

template <typename Take>
void ForEachComparison(uint64_t test, const Take& take) {
  for (uint64_t i = 0; i < kHistories; ++i) {
    ForEachStep(1'000'000'000 * test + i,
                [&](const PartitionHistory& history, const RingPtr& before,
                    const RingPtr& after) {
                  SCOPED_TRACE(history.told());
                  take(history, *before, *after, Compared(*before, *after));
                });
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(PartitionMovesTest, MovesTellForEveryKeyWhatBecomesOfIt) {
  std::mt19937_64 random(1);
  ForEachComparison(1, [&](const PartitionHistory&, const Ring& before,
                           const Ring& after, const Comparison& comparison) {
    ASSERT_FALSE(comparison.moves_truncated);
    std::set<uint64_t> probes = {0, 1, ~uint64_t{0}, ~uint64_t{0} - 1};
    for (int i = 0; i < 30; ++i) probes.insert(random());
    for (const v1::Move& move : comparison.moves) {
      for (const uint64_t edge : {move.start(), move.end()}) {
        probes.insert({edge - 1, edge, edge + 1});
      }
    }
    for (const uint64_t probe : probes) {
      const Ids was = OwnersAt(before, probe), is = OwnersAt(after, probe);
      int inside = 0;
      for (const v1::Move& move : comparison.moves) {
        if (!Inside(move, probe)) continue;
        ++inside;
        ASSERT_EQ(IdsOf(move.from_ids()), was) << probe;
        ASSERT_EQ(IdsOf(move.to_ids()), is) << probe;
      }
      ASSERT_EQ(inside, was == is ? 0 : 1) << probe;
    }
  });
}

TEST(PartitionMovesTest, TheMovedRatioCountsWhatOwnsAPartitionNewly) {
  ForEachComparison(2, [](const PartitionHistory&, const Ring& before,
                          const Ring& after, const Comparison& comparison) {
    double moved = 0, sum = 0;
    if (!after.nodes().empty()) {
      moved = static_cast<double>(CountMoved(TableOf(before), TableOf(after))) /
              static_cast<double>(after.slot_nodes().size());
    }
    for (const v1::Move& move : comparison.moves) sum += move.ratio();
    ASSERT_NEAR(comparison.moved_ratio, moved, 1e-12);
    ASSERT_NEAR(sum, moved, 1e-12);
  });
}

// If the gain of the nodes is a reachable minimum, no more may move. Otherwise
// partitions conflict: a partition must be exchanged with another, because of
// zones or because its new owner owns it already.
TEST(PartitionMovesTest, WhatMovesIsTheMinimumUnlessPartitionsConflict) {
  int steps = 0, without_conflict = 0;
  ForEachComparison(3, [&](const PartitionHistory&, const Ring& before,
                           const Ring& after, const Comparison& comparison) {
    ASSERT_LE(comparison.minimum_moved_ratio, comparison.moved_ratio + 1e-12);
    if (after.nodes().empty()) return;
    const Members members = MembersOf(after);
    const Table was = TableOf(before);
    const Dues dues = DuesIn(after);
    ++steps;
    if (LeastMoved(members, dues, was).moved !=
        LeastGained(members, dues, was)) {
      return;
    }
    ++without_conflict;
    ASSERT_NEAR(comparison.minimum_moved_ratio, comparison.moved_ratio, 1e-12);
  });
  EXPECT_GT(without_conflict, steps / 2);
}

// Everything that a client in another language does.
TEST(PartitionMovesTest, AMirrorThatFollowsTheMovesAloneHasTheTable) {
  for (uint64_t i = 0; i < kHistories; ++i) {
    Table mirror;
    ForEachStep(
        4'000'000'000 + i, [&](const PartitionHistory& history,
                               const RingPtr& before, const RingPtr& after) {
          const uint32_t bits = history.spec().partition_bits();
          mirror.resize(size_t{1} << bits);
          for (const v1::Move& move : Compared(*before, *after).moves) {
            for (size_t p = 0; p < mirror.size(); ++p) {
              if (!Inside(move, uint64_t{p} << (64 - bits))) continue;
              ASSERT_EQ(mirror[p], IdsOf(move.from_ids())) << history.told();
              mirror[p] = IdsOf(move.to_ids());
            }
          }
          ASSERT_EQ(mirror, TableOf(*after)) << history.told();
        });
    if (HasFatalFailure()) return;
  }
}

TEST(PartitionMovesTest, PartitionsKeptByTheirOwnersAreInNoMove) {
  ForEachComparison(5, [](const PartitionHistory& history, const Ring& before,
                          const Ring& after, const Comparison& comparison) {
    const Table was = TableOf(before), is = TableOf(after);
    const uint32_t bits = history.spec().partition_bits();
    for (size_t p = 0; p < is.size(); ++p) {
      // The first and last positions of the partition.
      const uint64_t first = uint64_t{p} << (64 - bits);
      const uint64_t last = first | ~uint64_t{0} >> bits;
      for (const uint64_t position : {first, last}) {
        const bool moves = std::any_of(
            comparison.moves.begin(), comparison.moves.end(),
            [&](const v1::Move& move) { return Inside(move, position); });
        ASSERT_EQ(moves, was[p] != is[p]) << "partition " << p;
      }
    }
  });
}

// Callers may pass the spec of a damaged file. Found by fuzzing backups.
TEST(PartitionsOfTest, MoreBitsThanThereMayBeAreNoPartitions) {
  v1::RingSpec spec;
  spec.set_layout(v1::LAYOUT_PARTITIONED);
  spec.set_partition_bits(limits::kMaxPartitionBits);
  EXPECT_EQ(PartitionsOf(spec), size_t{1} << limits::kMaxPartitionBits);
  for (const uint32_t bits : {limits::kMaxPartitionBits + 1, 63U, 64U, ~0U}) {
    spec.set_partition_bits(bits);
    EXPECT_EQ(PartitionsOf(spec), 0u) << bits;
  }
}

}  // namespace
}  // namespace clockwise
