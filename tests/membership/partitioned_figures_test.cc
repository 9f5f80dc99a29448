// Tests the figures of a change of a PARTITIONED ring against tables that are
// counted row by row. A plan must report the same figures.
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "tests/membership/partitioned_fixture.h"
#include "tests/support/refusal_reading.h"

namespace clockwise {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

std::string TextWithoutTime(v1::Change change) {
  change.clear_accept_time();
  return change.DebugString();
}

std::vector<std::string> IdsOf(
    const google::protobuf::RepeatedPtrField<std::string>& ids) {
  return {ids.begin(), ids.end()};
}

// Expects that each partition whose owners change is in one move, with its
// owners before and after, and that the others are in none.
void ExpectMovesTellOfEachPartition(const v1::Change& change,
                                    const OwnerRows& before,
                                    const OwnerRows& after) {
  const uint64_t arc = ~uint64_t{0} / after.size() + 1;
  for (size_t row = 0; row < after.size(); ++row) {
    for (const uint64_t position : {row * arc, row * arc + arc - 1}) {
      int moves = 0;
      for (const v1::Move& move : change.comparison().moves()) {
        const bool whole = move.start() == move.end();
        if (!whole && position - move.start() - 1 >= move.end() - move.start())
          continue;
        ++moves;
        ASSERT_EQ(IdsOf(move.from_ids()), before[row]) << "partition " << row;
        ASSERT_EQ(IdsOf(move.to_ids()), after[row]) << "partition " << row;
      }
      ASSERT_EQ(moves, before[row] == after[row] ? 0 : 1) << row;
    }
  }
}

// Expects the largest transfer first. Sums of sixteenths or smaller binary
// fractions are exact.
void ExpectTransfers(const v1::Change& change, const CountedMoves& counted) {
  std::map<std::pair<std::string, std::string>, double> expected, told;
  for (const auto& [nodes, slots] : counted.transfers) {
    expected[nodes] = counted.Ratio(slots);
  }
  double last = 2;
  for (const v1::Transfer& transfer : change.comparison().transfers()) {
    EXPECT_LE(transfer.ratio(), last);
    last = transfer.ratio();
    told[{transfer.from_id(), transfer.to_id()}] = transfer.ratio();
  }
  if (counted.slots == 0) expected.clear();
  EXPECT_THAT(told, ::testing::ContainerEq(expected));
  EXPECT_EQ(static_cast<size_t>(change.comparison().transfers_size()),
            told.size());
}

void ExpectShareChanges(const v1::Change& change, const v1::Snapshot& before,
                        const v1::Snapshot& after) {
  const OwnerRows was = RowsOf(before), is = RowsOf(after);
  const auto share = [](const OwnerRows& rows, const std::string& id) {
    const std::map<std::string, uint64_t> owned = CountOwned(rows);
    const auto at = owned.find(id);
    return at == owned.end()
               ? 0.0
               : static_cast<double>(at->second) /
                     static_cast<double>(rows.size() * rows[0].size());
  };
  std::map<std::string, bool> came_or_went;
  double weights = 0;
  std::map<std::string, uint32_t> weight;
  for (const v1::Node& node : before.nodes()) came_or_went[node.id()] = true;
  for (const v1::Node& node : after.nodes()) {
    weights += node.weight();
    weight[node.id()] = node.weight();
    came_or_went[node.id()] = !came_or_went.contains(node.id());
  }
  std::string expected, told;
  for (const auto& [id, alone] : came_or_went) {
    if (!alone && share(was, id) == share(is, id)) continue;
    const double due = weight.contains(id) ? weight[id] / weights : 0;
    absl::StrAppend(&expected, id, " ", share(was, id), " ", share(is, id), " ",
                    due, "\n");
  }
  for (const v1::ShareChange& one : change.comparison().share_changes()) {
    absl::StrAppend(&told, one.node_id(), " ", one.before(), " ", one.after(),
                    " ", one.due(), "\n");
  }
  EXPECT_EQ(told, expected);
}

// Compares all figures of `change` with the rings `before` and `after`.
void ExpectFigures(const v1::Change& change, const v1::Snapshot& before,
                   const v1::Snapshot& after) {
  const OwnerRows was = RowsOf(before), is = RowsOf(after);
  const CountedMoves counted(was, is);
  EXPECT_DOUBLE_EQ(change.comparison().moved_ratio(),
                   counted.Ratio(counted.moved));
  EXPECT_LE(change.comparison().minimum_moved_ratio(),
            change.comparison().moved_ratio());
  EXPECT_DOUBLE_EQ(
      change.comparison().handover_ratio(),
      static_cast<double>(counted.handovers) / static_cast<double>(is.size()));
  EXPECT_EQ(change.comparison().zone_shortfall_before(),
            CountShortfall(before));
  EXPECT_EQ(change.comparison().zone_shortfall_after(), CountShortfall(after));
  EXPECT_EQ(after.zone_shortfall(), CountShortfall(after));
  EXPECT_EQ(IdsOf(change.comparison().capped_ids()), IdsOf(after.capped_ids()));
  EXPECT_EQ(BytesOf(change.comparison().balance_before()),
            BytesOf(before.balance()));
  EXPECT_EQ(BytesOf(change.comparison().balance_after()),
            BytesOf(after.balance()));
  EXPECT_EQ(BytesOf(change.comparison().primary_balance_before()),
            BytesOf(before.primary_balance()));
  EXPECT_EQ(BytesOf(change.comparison().primary_balance_after()),
            BytesOf(after.primary_balance()));
  EXPECT_FALSE(change.comparison().moves_truncated());
  double moved = 0;
  for (const v1::Move& move : change.comparison().moves())
    moved += move.ratio();
  EXPECT_NEAR(moved, change.comparison().moved_ratio(), 1e-12);
  ExpectMovesTellOfEachPartition(change, was, is);
  ExpectTransfers(change, counted);
  ExpectShareChanges(change, before, after);
}

class PartitionedFiguresTest : public PartitionedTest {};

TEST_F(PartitionedFiguresTest, AreThoseOfTheTables) {
  uint64_t handovers = 0, shortfalls = 0;
  ForEachHistory(1000, 48, [&](std::mt19937_64& random) {
    for (int step = 0; step < 15; ++step) {
      const v1::Snapshot before = Snapshot();
      ChangeRequest request = RandomChange(random);
      request.include_moves = true;
      const v1::Change change = Make(request);
      SCOPED_TRACE(change.epoch());
      ExpectFigures(change, before, Snapshot());
      if (HasFailure()) return;
      handovers += change.comparison().handover_ratio() > 0 ? 1 : 0;
      shortfalls += change.comparison().zone_shortfall_after() > 0 ? 1 : 0;
    }
  });
  EXPECT_GT(handovers, 20u);
  EXPECT_GT(shortfalls, 20u);
}

TEST_F(PartitionedFiguresTest, OfAPlanAreThoseOfTheChange) {
  ForEachHistory(2000, 24, [&](std::mt19937_64& random) {
    for (int step = 0; step < 15; ++step) {
      ChangeRequest request = RandomChange(random);
      request.include_moves = step % 3 != 0;
      request.reason = "because";
      request.actor = "alice";
      request.validate_only = true;
      const std::string picture = Picture();
      const v1::Change plan = Make(request);
      ASSERT_EQ(Picture(), picture);
      request.validate_only = false;
      // Apply it only to the ring of the plan, unless it changes nothing.
      if (plan.epoch() > Epoch()) request.expected_epoch = plan.epoch() - 1;
      request.actor = "bob";
      v1::Change change = Make(request);
      change.set_actor(plan.actor());
      ASSERT_EQ(TextWithoutTime(change), TextWithoutTime(plan));
    }
  });
}

TEST_F(PartitionedFiguresTest, OfAPlanThatOthersOvertookAreNotApplied) {
  ForEachHistory(3000, 12, [&](std::mt19937_64& random) {
    Make(Many({Add("m1"), Add("m2")}));
    ChangeRequest request = Add("late");
    request.validate_only = true;
    request.expected_epoch = Make(request).epoch() - 1;
    const uint64_t epoch = Epoch();
    while (Epoch() == epoch && !HasFailure()) Make(RandomChange(random));
    for (const bool only : {true, false}) {
      request.validate_only = only;
      ExpectRefusal(Refused(request), absl::StatusCode::kAborted,
                    v1::ERROR_REASON_EPOCH_CONFLICT);
    }
  });
}

TEST_F(PartitionedFiguresTest, ARetryAfterARestartGetsThemAgain) {
  ForEachHistory(4000, 24, [&](std::mt19937_64& random) {
    std::vector<std::pair<ChangeRequest, std::string>> made;
    for (int step = 0; step < 15; ++step) {
      ChangeRequest request = RandomChange(random);
      request.include_moves = true;
      request.request_id = absl::StrCat("step-", step);
      const uint64_t epoch = Epoch();
      const v1::Change change = Make(request);
      if (Epoch() > epoch) made.emplace_back(request, change.DebugString());
    }
    for (int round = 0; round < 2; ++round) {
      const uint64_t epoch = Epoch();
      for (const auto& [request, answer] : made) {
        ASSERT_EQ(Make(request).DebugString(), answer);
      }
      EXPECT_EQ(Epoch(), epoch);
      Reopen();
    }
  });
}

// The history keeps records without lists, which are computed again from the
// rings.
TEST_F(PartitionedFiguresTest, AreKeptWithoutTheirLists) {
  MakeRing(5, 2);
  ChangeRequest request = Many({Add("a"), Add("b"), Add("c")});
  request.include_moves = true;
  const v1::Change change = Make(request);
  EXPECT_THAT(change.comparison().moves(), Not(IsEmpty()));
  EXPECT_THAT(change.comparison().transfers(), SizeIs(3));
  EXPECT_THAT(change.comparison().share_changes(), SizeIs(3));
  const v1::Change kept = State()->history.back()->change();
  EXPECT_THAT(kept.comparison().moves(), IsEmpty());
  EXPECT_THAT(kept.comparison().transfers(), IsEmpty());
  EXPECT_THAT(kept.comparison().share_changes(), IsEmpty());
  EXPECT_EQ(kept.comparison().moved_ratio(), 1);
  request = Add("d");
  EXPECT_THAT(Make(request).comparison().transfers(), IsEmpty())
      << "not asked for";
}

// --- Nodes that cannot own their fair share. ---

TEST_F(PartitionedFiguresTest, AWeightAboveItsPartOfTheWholeIsNamed) {
  MakeRing(6, 3);
  Make(Many(
      {Add(RequestNode("big", 2)), Add("a"), Add("b"), Add("c"), Add("d")}));
  EXPECT_THAT(Snapshot().capped_ids(), IsEmpty()) << "just a third";
  EXPECT_EQ(CountOwned(RowsOf(Snapshot())).at("big"), 64u);
  const v1::Change above = Make(Update(RequestNode("big", 3)));
  EXPECT_THAT(above.comparison().capped_ids(), ElementsAre("big"));
  EXPECT_THAT(Snapshot().capped_ids(), ElementsAre("big"));
  EXPECT_EQ(CountOwned(RowsOf(Snapshot())).at("big"), 64u);
  EXPECT_THAT(State()->history.back()->change().comparison().capped_ids(),
              ElementsAre("big"));
  const v1::Change gone = Make(Remove("big"));
  EXPECT_THAT(gone.comparison().capped_ids(), IsEmpty());
  EXPECT_THAT(SnapshotAt(*State(), 3).capped_ids(), ElementsAre("big"));
  EXPECT_THAT(SnapshotAt(*State(), 2).capped_ids(), IsEmpty());
}

TEST_F(PartitionedFiguresTest, AZoneAboveItsPartOfTheWholeIsNamedByItsNodes) {
  MakeRing(6, 2);
  Make(Many({Add(RequestNode("a", 1, "x")), Add(RequestNode("b", 1, "x")),
             Add(RequestNode("c", 2, "y"))}));
  EXPECT_THAT(Snapshot().capped_ids(), IsEmpty()) << "just a half";
  const v1::Change above = Make(Update(RequestNode("b", 2, "x")));
  EXPECT_THAT(above.comparison().capped_ids(), ElementsAre("a", "b"));
  EXPECT_EQ(above.comparison().zone_shortfall_after(), 0u);
}

TEST_F(PartitionedFiguresTest, WithAsManyNodesAsOwnersTheHeavierAreCapped) {
  MakeRing(4, 3);
  Make(Many({Add("a"), Add("b")}));
  EXPECT_THAT(Snapshot().capped_ids(), IsEmpty());
  EXPECT_THAT(Make(Update(RequestNode("b", 2))).comparison().capped_ids(),
              ElementsAre("b"));
  EXPECT_THAT(Make(Add(RequestNode("c", 9))).comparison().capped_ids(),
              ElementsAre("c"));
}

}  // namespace
}  // namespace clockwise
