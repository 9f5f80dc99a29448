#include "client/cli/tables/moves_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace clockwise::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr Terminal kAscii = {40, false};

v1::ShareChange Share(const std::string& id, double before, double after,
                      double due) {
  v1::ShareChange change;
  change.set_node_id(id);
  change.set_before(before);
  change.set_after(after);
  change.set_due(due);
  return change;
}

TEST(SharesTableTest, TheLargestDifferencesComeFirst) {
  EXPECT_EQ(SharesTable({Share("a", 0.5, 0.4, 0.4), Share("b", 0.5, 0.2, 0.2),
                         Share("c", 0, 0.4, 0.4)},
                        {20, false}),
            "NODE   BEFORE    AFTER     FAIR\n"
            "c           -  40.00 %  40.00 %\n"
            "b     50.00 %  20.00 %  20.00 %\n"
            "a     50.00 %  40.00 %  40.00 %\n");
}

TEST(SharesTableTest, AGoneNodeHasNoShareAfter) {
  EXPECT_THAT(SharesTable({Share("a", 0.25, 0, 0)}, {20, false}),
              HasSubstr("a     25.00 %      -     -\n"));
}

TEST(SharesTableTest, ManyNodesAreCutAndCounted) {
  std::vector<v1::ShareChange> changes;
  for (int i = 0; i < 30; ++i) {
    changes.push_back(
        Share("n" + std::to_string(100 + i), 0.030, 0.030 - i * 0.0001, 0.03));
  }
  const std::string text = SharesTable(changes, kAscii);
  EXPECT_THAT(text, HasSubstr("n129 "));
  EXPECT_THAT(text, HasSubstr("n118 "));
  EXPECT_THAT(text, Not(HasSubstr("n117 ")));
  EXPECT_THAT(text, HasSubstr("and 18 more nodes, each by at most 0.17"));
}

TEST(SharesTableTest, NothingIsNoTable) {
  EXPECT_EQ(SharesTable({}, kAscii), "");
}

TEST(ZonesLineTest, IsSilentWithoutPartitionsOrZones) {
  EXPECT_EQ(ZonesLine(0, 3, 0, 0, kAscii), "");
  EXPECT_EQ(ZonesLine(16, 0, 0, 0, kAscii), "");
}

TEST(ZonesLineTest, TellsOfDistinctZonesAndOfWhatIsShort) {
  EXPECT_EQ(
      ZonesLine(16, 3, 0, 0, kAscii),
      "zones: the owners of each partition are in different zones (3 zones)\n");
  EXPECT_EQ(ZonesLine(65'536, 2, 0, 65'536, kAscii),
            "zones: partitions with owners in the same zone 0 -> 65,536 of "
            "65,536 (2 zones)\n");
  EXPECT_THAT(ZonesLine(16, 1, 0, 4, kAscii), HasSubstr("(1 zone)"));
}

TEST(CappedLineTest, NamesWhoIsHeldBack) {
  EXPECT_EQ(CappedLine({}), "");
  EXPECT_THAT(CappedLine({"big"}), HasSubstr("capped: big cannot own"));
  EXPECT_THAT(CappedLine({"a", "b", "c", "d", "e", "f"}),
              HasSubstr("capped: a b c d and 2 more cannot own"));
}

TEST(HandoverLineTest, TellsOfPrimariesThatChangeHands) {
  EXPECT_EQ(HandoverLine(0), "");
  EXPECT_THAT(HandoverLine(0.021), HasSubstr("2.10 % of the hash space gets"));
}

TEST(MovesReportTest, SumsUpWhatTheServerCounted) {
  v1::Comparison change;
  change.set_moved_ratio(0.25);
  v1::Transfer* transfer = change.add_transfers();
  transfer->set_from_id("a");
  transfer->set_to_id("c");
  transfer->set_ratio(0.25);
  change.set_moves_truncated(true);  // the transfers cover all moves
  *change.add_share_changes() = Share("c", 0, 0.25, 0.25);
  const std::string text = MovesReport(change, kAscii);
  EXPECT_THAT(text, HasSubstr("a     c   25.00 %"));
  EXPECT_THAT(text, HasSubstr("c          -  25.00 %  25.00 %"));
  EXPECT_THAT(text, Not(HasSubstr("not all")));
  change.set_transfers_truncated(true);
  EXPECT_THAT(MovesReport(change, kAscii), HasSubstr("not all"));
}

TEST(MovesReportTest, MovesOfWhichNoneIsListedAreSaidNotToBeListed) {
  v1::Comparison diff;
  diff.set_moved_ratio(0.9);  // a large MODULO ring
  EXPECT_THAT(MovesReport(diff, kAscii),
              HasSubstr("(the moves could not be listed"));
  EXPECT_THAT(MovesReport(v1::Comparison(), kAscii), Not(HasSubstr("not all")));
}

}  // namespace
}  // namespace clockwise::cli
