#include "client/cli/tables/table.h"

#include <gtest/gtest.h>

#include "absl/strings/str_split.h"
#include "client/cli/tables/ring_tables.h"
#include "client/cli/text.h"

namespace clockwise::cli {
namespace {

constexpr auto kRight = Table::Align::kRight;
constexpr Terminal kUtf8Table = {80, true};
constexpr Terminal kAsciiTable = {40, false};

TEST(TableTest, NumbersAreRightAlignedAndLinesEndWithoutSpaces) {
  Table table({{"NODE"}, {"N", kRight}, {"ZONE"}});
  table.AddRow({"n1", "5", "a"});
  table.AddRow({"long-name", "1234", ""});
  EXPECT_EQ(table.Render(kUtf8Table),
            "NODE          N  ZONE\n"
            "n1            5  a\n"
            "long-name  1234\n");
}

TEST(TableTest, WidthsCountCharacters) {
  Table table({{"A"}, {"B"}});
  table.AddRow({"é€", "x"});
  table.AddRow({"abc", "y"});
  EXPECT_EQ(table.Render(kUtf8Table),
            "A    B\n"
            "é€   x\n"
            "abc  y\n");
}

TEST(TableTest, CellsCannotSteerTheTerminal) {
  Table table({{"A"}});
  table.AddRow({"\x1B[31m\n"});
  EXPECT_EQ(table.Render(kUtf8Table), "A\n\\x1b[31m\\x0a\n");
}

TEST(TableTest, BarsFillTheTerminalAndGoWhereItIsNarrow) {
  Table table({{"A"}});
  table.AddRow({"x"}, 0.25);
  table.AddRow({"y"}, 0.5);
  EXPECT_EQ(table.Render({13, false}),
            "A\n"
            "x  #####\n"
            "y  ##########\n");
  EXPECT_EQ(table.Render({10, false}), "A\nx\ny\n");
  for (const absl::string_view line :
       absl::StrSplit(table.Render(kUtf8Table), '\n')) {
    EXPECT_LE(DisplayWidth(line), kUtf8Table.width);
  }
}

v1::Snapshot TwoNodes(v1::Layout layout) {
  v1::Snapshot snapshot;
  snapshot.mutable_spec()->set_layout(layout);
  for (const uint32_t weight : {1u, 3u}) {
    v1::Node* node = snapshot.add_nodes();
    node->set_id("n" + std::to_string(weight));
    node->set_weight(weight);
    snapshot.add_shares(0.5);
  }
  return snapshot;
}

TEST(RingTablesTest, FairSharesFollowWeightsWhereTheLayoutDoes) {
  EXPECT_EQ(FairShares(TwoNodes(v1::LAYOUT_HASHED)),
            (std::vector<double>{0.25, 0.75}));
  EXPECT_EQ(FairShares(TwoNodes(v1::LAYOUT_MODULO)),
            (std::vector<double>{0.5, 0.5}));
  EXPECT_TRUE(FairShares(v1::Snapshot()).empty());
}

TEST(RingTablesTest, NodeTableShowsShareBesideFairShare) {
  EXPECT_EQ(NodeTable(TwoNodes(v1::LAYOUT_HASHED), false, kAsciiTable),
            "NODE  ADDRESS  ZONE  WEIGHT    SHARE     FAIR\n"
            "n1                        1  50.00 %  25.00 %\n"
            "n3                        3  50.00 %  75.00 %\n");
}

TEST(RingTablesTest, SpreadCountsNodesWithoutKeysAndNodesThatLeft) {
  const auto spread =
      SpreadOver(TwoNodes(v1::LAYOUT_HASHED), {{"n3", 30}, {"gone", 10}});
  ASSERT_EQ(spread.size(), 3u);
  EXPECT_EQ(spread[0].keys, 0u);
  EXPECT_DOUBLE_EQ(spread[1].share, 0.75);
  EXPECT_EQ(spread[2].node_id, "gone");
  EXPECT_EQ(spread[2].weight, 0u);
  EXPECT_NE(SpreadTable(spread, kUtf8Table).find("fullest: n3 with 1.000"),
            std::string::npos);
  EXPECT_EQ(SpreadJson({spread[1]}, 40, 7),
            R"({"keys":"40","epoch":"7","nodes":[{"nodeId":"n3","zone":"",)"
            R"("weight":3,"keys":"30","share":0.75,"fairShare":0.75}]})"
            "\n");
}

}  // namespace
}  // namespace clockwise::cli
