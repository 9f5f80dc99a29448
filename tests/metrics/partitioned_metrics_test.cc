// Tests the metrics of PARTITIONED rings.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/metrics/collector.h"
#include "tests/metrics/scraped.h"

namespace clockwise {
namespace {

class PartitionedMetricsTest : public testing::Test {
 protected:
  PartitionedMetricsTest() { server_.CreatePartitioned("table", 5, 2); }

  double Of(const std::string& metric, const std::string& ring = "table") {
    const std::string series =
        absl::StrCat("clockwise_ring_", metric, "{ring=\"", ring, "\"}");
    const Series scraped = server_.Scrape();
    EXPECT_TRUE(scraped.contains(series)) << series;
    return scraped.contains(series) ? scraped.at(series) : -1;
  }

  Scraped server_;
};

TEST_F(PartitionedMetricsTest, PointsAreThePartitions) {
  EXPECT_EQ(Of("points"), 0) << "without nodes";
  server_.Add("table", {"a"});
  EXPECT_EQ(Of("points"), 32);
  server_.Add("table", {"b", "c"});
  EXPECT_EQ(Of("points"), 32);
  server_.Remove("table", {"a", "b", "c"});
  EXPECT_EQ(Of("points"), 0);
}

TEST_F(PartitionedMetricsTest, PartitionsShortOfZonesAreCounted) {
  EXPECT_EQ(Of("zone_shortfall_partitions"), 0);
  server_.Add("table", {"a", "b"});
  EXPECT_EQ(Of("zone_shortfall_partitions"), 0) << "no node has a zone";
  server_.Remove("table", {"a", "b"});

  server_.Apply("table", {AddOf("a", 1, "x"), AddOf("b", 1, "x")});
  EXPECT_EQ(Of("zone_shortfall_partitions"), 32) << "there is one zone";
  const StatePtr two = server_.Apply("table", {AddOf("c", 1, "y")});
  EXPECT_EQ(Of("zone_shortfall_partitions"), 0);
  EXPECT_EQ(two->history.back()->change().comparison().zone_shortfall_before(),
            32u);
}

TEST_F(PartitionedMetricsTest, OtherLayoutsHaveNoPartitionsToBeShort) {
  server_.CreateRing("hashed", 2);
  server_.Apply("hashed", {AddOf("a", 1, "x"), AddOf("b", 1, "x")});
  const std::string name = "clockwise_ring_zone_shortfall_partitions";
  EXPECT_THAT(Named(server_.Scrape(), name), testing::SizeIs(1));
  EXPECT_THAT(server_.Text(),
              testing::HasSubstr(absl::StrCat("# TYPE ", name, " gauge\n")));
}

TEST_F(PartitionedMetricsTest, TheBalanceIsTheTables) {
  server_.Apply("table", {AddOf("a"), AddOf("b"), AddOf("c")});
  // 64 owned partitions on three nodes: 21, 21, 22.
  EXPECT_DOUBLE_EQ(Of("peak_to_mean_ratio"), 22 / (64 / 3.0));
}

}  // namespace
}  // namespace clockwise
