
#include <gtest/gtest.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/commands/change.h"
#include "client/cli/tables/moves_report.h"

namespace clockwise::cli {
namespace {

void Add(Transfers& transfers, const std::string& from, const std::string& to,
         double ratio) {
  v1::Transfer* transfer = transfers.Add();
  transfer->set_from_id(from);
  transfer->set_to_id(to);
  transfer->set_ratio(ratio);
}

TEST(TransfersTest, FirstNodeTakesFromNobody) {
  Transfers transfers;
  Add(transfers, "", "n1", 1);
  EXPECT_EQ(TransferTable(transfers, false, {20, false}),
            "FROM    TO     MOVES\n"
            "(none)  n1  100.00 %\n");
}

TEST(TransfersTest, NoTransfersAreNoTable) {
  EXPECT_EQ(TransferTable({}, false, {80, true}), "");
  // Moves of a MODULO ring are not ranges.
  EXPECT_NE(TransferTable({}, true, {80, true}), "");
}

TEST(TransfersTest, LongTablesAreCutButTheirSumIsNot) {
  Transfers transfers;
  for (int i = 0; i < 100; ++i) {
    Add(transfers, absl::StrCat("n", i), "new", 0.005);
  }
  const std::string table = TransferTable(transfers, false, {80, true});
  EXPECT_NE(table.find("and 88 more pairs: 44.0 %"), std::string::npos)
      << table;
  EXPECT_EQ(table.find("not all moves"), std::string::npos);
  const std::string cut = TransferTable(transfers, true, {80, true});
  EXPECT_NE(cut.find("and at least 88 more pairs"), std::string::npos) << cut;
  EXPECT_NE(cut.find("not all moves"), std::string::npos);
}

TEST(ChangeTest, ApplyLineIsThePlanWithoutPlanAtItsEpoch) {
  EXPECT_EQ(ApplyLine({"node", "add", "n6", "--plan", "--reason=it's"}, 6),
            "clockwise node add n6 '--reason=it'\\''s' --expected-epoch=6");
  EXPECT_EQ(ApplyLine({"--plan", "node", "--expected-epoch", "4", "remove",
                       "--expected-epoch=5", "n1"},
                      9),
            "clockwise node remove n1 --expected-epoch=9");
  EXPECT_EQ(ApplyLine({"node", "add", "--plan", "--", "--plan"}, 1),
            "clockwise node add --expected-epoch=1 -- --plan");
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
