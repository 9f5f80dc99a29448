#include "client/cli/transfers.h"

#include <gtest/gtest.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/change.h"

namespace clockwise::cli {
namespace {

void AddMove(Moves& moves, const std::vector<std::string>& from,
             const std::vector<std::string>& to, double ratio) {
  v1::Move* move = moves.Add();
  for (const auto& id : from) move->add_from(id);
  for (const auto& id : to) move->add_to(id);
  move->set_ratio(ratio);
}

std::string Text(const std::vector<Transfer>& transfers) {
  std::string text;
  for (const Transfer& t : transfers) {
    absl::StrAppend(&text, t.from, ">", t.to, "=", t.ratio, " ");
  }
  return text;
}

TEST(TransfersTest, RangesOfTheSamePairAddUp) {
  Moves moves;
  AddMove(moves, {"n1"}, {"n3"}, 0.125);
  AddMove(moves, {"n2"}, {"n3"}, 0.0625);
  AddMove(moves, {"n2"}, {"n3"}, 0.1875);
  EXPECT_EQ(Text(Transfers(moves)), "n2>n3=0.25 n1>n3=0.125 ");
}

TEST(TransfersTest, OnlyOwnersThatAreNewCount) {
  Moves moves;
  AddMove(moves, {"n1", "n2"}, {"n3", "n1"}, 0.25);  // n3 for n2
  AddMove(moves, {"n1", "n2"}, {"n2", "n1"}, 0);     // only the order
  AddMove(moves, {"n1", "n2"}, {"n3", "n4"}, 0.5);   // both, half each
  EXPECT_EQ(Text(Transfers(moves)), "n1>n3=0.25 n2>n3=0.25 n2>n4=0.25 ");
}

TEST(TransfersTest, FirstNodeTakesFromNobody) {
  Moves moves;
  AddMove(moves, {}, {"n1"}, 1);
  const auto transfers = Transfers(moves);
  EXPECT_EQ(Text(transfers), ">n1=1 ");
  EXPECT_EQ(TransferTable(transfers, false, {20, false}),
            "FROM      TO     MOVES\n"
            "(nobody)  n1  100.00 %\n");
}

TEST(TransfersTest, LastNodeGivesToNobody) {
  Moves moves;
  AddMove(moves, {"n1"}, {}, 0);
  EXPECT_TRUE(Transfers(moves).empty());
  EXPECT_EQ(TransferTable({}, false, {80, true}), "");
  // As in MODULO, whose moves are no ranges.
  EXPECT_NE(TransferTable({}, true, {80, true}), "");
}

TEST(TransfersTest, LongTablesAreCutButTheirSumIsNot) {
  Moves moves;
  for (int i = 0; i < 100; ++i) {
    AddMove(moves, {absl::StrCat("n", i)}, {"new"}, 0.005);
  }
  const std::string table = TransferTable(Transfers(moves), true, {80, true});
  EXPECT_NE(table.find("and 88 more such pairs: 44.0 %"), std::string::npos)
      << table;
  EXPECT_NE(table.find("not all moves"), std::string::npos);
}

TEST(ChangeTest, ApplyLineIsThePlanWithoutPlanAtItsEpoch) {
  EXPECT_EQ(ApplyLine({"node", "add", "n6", "--plan", "--reason=it's"}, 6),
            "clockwise node add n6 '--reason=it'\\''s' --expected_epoch=6");
  EXPECT_EQ(ApplyLine({"--plan", "node", "--expected_epoch", "4", "remove",
                       "--expected_epoch=5", "n1"},
                      9),
            "clockwise node remove n1 --expected_epoch=9");
  EXPECT_EQ(ApplyLine({"node", "add", "--plan", "--", "--plan"}, 1),
            "clockwise node add --expected_epoch=1 -- --plan");
}

TEST(ChangeTest, BalanceOfARingWithoutNodesIsNotShown) {
  v1::Balance none;
  v1::Balance some;
  some.set_peak_to_mean(1.25);
  some.set_min_to_mean(0.5);
  EXPECT_EQ(BalanceLine(none, none, {80, false}), "");
  EXPECT_EQ(BalanceLine(none, some, {80, false}),
            "balance: fullest node 1.250 of its fair share, emptiest 0.500\n");
  EXPECT_EQ(BalanceLine(some, some, {80, false}),
            "balance: fullest node 1.250 -> 1.250 of its fair share, emptiest "
            "0.500 -> 0.500\n");
}

TEST(ChangeTest, RequestIdsAreFitToSendAndDiffer) {
  EXPECT_EQ(NewRequestId().size(), 32u);
  EXPECT_NE(NewRequestId(), NewRequestId());
}

}  // namespace
}  // namespace clockwise::cli
