#include "service/metrics/collector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "tests/metrics/scraped.h"
#include "tests/support/delete_ring.h"

namespace clockwise {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

// The promised metrics, and the process metrics that all Prometheus clients
// export.
TEST(MetricsTest, EveryNameOfTheDesignIsServedWithItsType) {
  const std::vector<std::string> promised = {
      "clockwise_build_info gauge",
      "clockwise_ring_epoch gauge",
      "clockwise_ring_nodes gauge",
      "clockwise_ring_points gauge",
      "clockwise_ring_expected_peak_to_mean_ratio gauge",
      "clockwise_ring_peak_to_mean_ratio gauge",
      "clockwise_ring_share_stddev_ratio gauge",
      "clockwise_node_share_ratio gauge",
      "clockwise_node_locates_total counter",
      "clockwise_ring_moved_ratio_total counter",
      "clockwise_ring_changes_total counter",
      "clockwise_watch_streams gauge",
      "clockwise_watch_lag_epochs gauge",
      "clockwise_watch_resyncs_total counter",
      "clockwise_store_commit_seconds histogram",
      "clockwise_store_up gauge",
      "clockwise_store_trusted gauge",
      "clockwise_store_refuses_changes gauge",
      "clockwise_store_rejected_answers_total counter",
      "clockwise_pending_bytes gauge",
      "grpc_server_started_total counter",
      "grpc_server_handled_total counter",
      "grpc_server_handling_seconds histogram",
      "process_cpu_seconds_total counter",
      "process_resident_memory_bytes gauge",
      "process_virtual_memory_bytes gauge",
      "process_open_fds gauge",
      "process_max_fds gauge",
      "process_start_time_seconds gauge",
      "process_threads gauge",
  };
  Scraped server;
  server.Add("default", {"a"});
  server.watch_figures.resyncs[{"default", "history"}] = 1;
  const std::string text = server.Text();
  const Series series = server.Scrape();
  for (const std::string& line : promised) {
    EXPECT_THAT(text, HasSubstr(absl::StrCat("# TYPE ", line, "\n")));
    const std::string name = line.substr(0, line.find(' '));
    EXPECT_THAT(text, HasSubstr(absl::StrCat("# HELP ", name, " ")));
    const bool histogram = line.find(" histogram") != std::string::npos;
    EXPECT_THAT(Named(series, histogram ? name + "_count" : name),
                Not(IsEmpty()))
        << line;
  }
}

TEST(MetricsTest, FiguresOfARingAreThoseOfItsState) {
  Scraped server;
  server.Apply("default", {AddOf("a", 3), AddOf("b"), AddOf("c")});
  const StatePtr state = server.Remove("default", {"b"});
  Series series = server.Scrape();
  EXPECT_EQ(series["clockwise_ring_epoch{ring=\"default\"}"], 3);
  EXPECT_EQ(series["clockwise_ring_nodes{ring=\"default\"}"], 2);
  EXPECT_EQ(series["clockwise_ring_points{ring=\"default\"}"], 4 * 160);
  EXPECT_GT(state->measured.balance.peak_to_mean(), 1);
  EXPECT_DOUBLE_EQ(
      series["clockwise_ring_peak_to_mean_ratio{ring=\"default\"}"],
      state->measured.balance.peak_to_mean());
  EXPECT_GT(state->measured.expected_peak, 1.25);
  EXPECT_DOUBLE_EQ(
      series["clockwise_ring_expected_peak_to_mean_ratio{ring=\"default\"}"],
      state->measured.expected_peak);
  EXPECT_GT(state->measured.balance.stddev(), 0);
  EXPECT_DOUBLE_EQ(
      series["clockwise_ring_share_stddev_ratio{ring=\"default\"}"],
      state->measured.balance.stddev());
}

TEST(MetricsTest, NamesOfRingsAndNodesCanBeHidden) {
  for (const MetricNames names : {MetricNames::kHashed, MetricNames::kOff}) {
    Scraped server(limits::kMaxNodeSeries, names);
    server.Add("default", {"secret-node"});
    server.watch_figures.resyncs[{"default", "history"}] = 1;
    server.watch_figures.streams["default"] = 1;
    const std::string text = server.Text();
    EXPECT_THAT(text, Not(HasSubstr("secret-node")));
    EXPECT_THAT(text, Not(HasSubstr("\"default\"")));
    EXPECT_THAT(text, HasSubstr("clockwise_store_up 1"));
    // The digits are from sha256sum.
    const auto hashed =
        HasSubstr("clockwise_ring_epoch{ring=\"37a8eec1ce19687d\"} 2");
    if (names == MetricNames::kHashed) {
      EXPECT_THAT(text, hashed);
    } else {
      EXPECT_THAT(text, Not(HasSubstr("ring=")));
    }
  }
}

TEST(MetricsTest, SharesAreThoseOfTheSnapshot) {
  Scraped server;
  server.CreateRing("twofold", /*replicas=*/2);
  const StatePtr state = server.Add("twofold", {"a", "b", "c"});
  const v1::Snapshot snapshot =
      SnapshotOf(*state, state->measured, state->epoch, false);
  Series series = server.Scrape();
  double sum = 0;
  for (int i = 0; i < 3; ++i) {
    const double share =
        series[absl::StrCat("clockwise_node_share_ratio{ring=\"twofold\",node=",
                            "\"", snapshot.nodes(i).id(), "\"}")];
    EXPECT_DOUBLE_EQ(share, snapshot.shares(i));
    sum += share;
  }
  EXPECT_THAT(sum, DoubleNear(1, 1e-12));
}

TEST(MetricsTest, ARingWithoutNodesHasFigures) {
  Scraped server;
  Series series = server.Scrape();
  EXPECT_EQ(series["clockwise_ring_epoch{ring=\"default\"}"], 1);
  for (const char* name :
       {"clockwise_ring_nodes", "clockwise_ring_points",
        "clockwise_ring_peak_to_mean_ratio",
        "clockwise_ring_share_stddev_ratio", "clockwise_ring_moved_ratio_total",
        "clockwise_watch_streams"}) {
    const std::string key = absl::StrCat(name, "{ring=\"default\"}");
    EXPECT_THAT(Named(series, name), ElementsAre(Pair(key, 0)));
  }
  EXPECT_THAT(Named(series, "clockwise_node_share_ratio"), IsEmpty());
}

TEST(MetricsTest, ChangesAreCountedByWhatTheyDid) {
  Scraped server;
  server.Add("default", {"a"});
  server.Add("default", {"b"});
  server.Add("default", {"c"});
  server.Apply("default", {UpdateOf("c", 7)});
  server.Remove("default", {"a"});
  server.Remove("default", {"b"});
  server.Apply("default", {AddOf("d"), RemoveOf("c")});
  EXPECT_THAT(
      Named(server.Scrape(), "clockwise_ring_changes_total"),
      UnorderedElementsAre(
          Pair(R"(clockwise_ring_changes_total{ring="default",kind="add"})", 3),
          Pair(R"(clockwise_ring_changes_total{ring="default",kind="update"})",
               1),
          Pair(R"(clockwise_ring_changes_total{ring="default",kind="remove"})",
               2),
          Pair(R"(clockwise_ring_changes_total{ring="default",kind="mixed"})",
               1),
          Pair(
              R"(clockwise_ring_changes_total{ring="default",kind="end_migration"})",
              0),
          Pair(
              R"(clockwise_ring_changes_total{ring="default",kind="undelete"})",
              0)));
}

TEST(MetricsTest, MovedSpaceAddsUpOverChanges) {
  Scraped server;
  double moved = 0;
  for (const char* id : {"a", "b", "c"}) {
    const StatePtr state = server.Add("default", {id});
    moved += state->history.back()->change().comparison().moved_ratio();
  }
  EXPECT_GT(moved, 1.5);  // all, half and a third of the hash space
  EXPECT_DOUBLE_EQ(
      server.Scrape()["clockwise_ring_moved_ratio_total{ring=\"default\"}"],
      moved);
}

TEST(MetricsTest, LocatesOfANodeOutliveChangesOfOthers) {
  Scraped server;
  StatePtr state = server.Add("default", {"a", "b"});
  state->locates.Add(0, 5);
  state->locates.Add(1, 7);
  state = server.Add("default", {"aa"});
  state->locates.Add(2);
  Series series = server.Scrape();
  const std::string name =
      "clockwise_node_locates_total{ring=\"default\",node=";
  EXPECT_EQ(series[name + "\"a\"}"], 5);
  EXPECT_EQ(series[name + "\"aa\"}"], 0);
  EXPECT_EQ(series[name + "\"b\"}"], 8);
}

TEST(MetricsTest, SeriesOfNodesEndAboveTheBoundThatTheHelpTells) {
  Scraped server(/*max_node_series=*/3);
  server.CreateRing("other");
  server.Add("other", {"x"});
  for (const char* name :
       {"clockwise_node_share_ratio", "clockwise_node_locates_total"}) {
    EXPECT_THAT(server.Text(), ::testing::ContainsRegex(absl::StrCat(
                                   "# HELP ", name, " .*at most 3 nodes")));
  }
  server.Add("default", {"a", "b", "c"});
  EXPECT_THAT(Named(server.Scrape(), "clockwise_node_share_ratio"), SizeIs(4));
  EXPECT_THAT(Named(server.Scrape(), "clockwise_node_locates_total"),
              SizeIs(4));
  server.Add("default", {"d"});
  EXPECT_THAT(Named(server.Scrape(), "clockwise_node_share_ratio"), SizeIs(1));
  EXPECT_THAT(Named(server.Scrape(), "clockwise_node_locates_total"),
              SizeIs(1));
  EXPECT_EQ(server.Scrape()["clockwise_ring_nodes{ring=\"default\"}"], 4);
  server.Remove("default", {"a"});
  EXPECT_THAT(Named(server.Scrape(), "clockwise_node_share_ratio"), SizeIs(4));
}

TEST(MetricsTest, ARingThatNobodyWatchesHasZeroStreams) {
  Scraped server;
  server.CreateRing("watched");
  server.watch_figures.streams["watched"] = 12;
  // Its last streams have not been informed yet that it was deleted.
  server.watch_figures.streams["deleted"] = 2;
  EXPECT_THAT(Named(server.Scrape(), "clockwise_watch_streams"),
              UnorderedElementsAre(
                  Pair("clockwise_watch_streams{ring=\"default\"}", 0),
                  Pair("clockwise_watch_streams{ring=\"watched\"}", 12),
                  Pair("clockwise_watch_streams{ring=\"deleted\"}", 2)));
}

TEST(MetricsTest, LagAndResyncsAreTheWatchFigures) {
  Scraped server;
  server.watch_figures.lag_epochs = 9;
  server.watch_figures.resyncs[{"default", "history"}] = 3;
  server.watch_figures.resyncs[{"default", "incarnation"}] = 4;
  const Series series = server.Scrape();
  EXPECT_THAT(Named(series, "clockwise_watch_lag_epochs"),
              ElementsAre(Pair("clockwise_watch_lag_epochs", 9)));
  EXPECT_THAT(Named(series, "clockwise_watch_resyncs_total"),
              UnorderedElementsAre(
                  Pair("clockwise_watch_resyncs_total{ring=\"default\",reason="
                       "\"history\"}",
                       3),
                  Pair("clockwise_watch_resyncs_total{ring=\"default\",reason="
                       "\"incarnation\"}",
                       4)));
}

TEST(MetricsTest, CommitsAreTimed) {
  Scraped server;
  server.Add("default", {"a"});
  server.Add("default", {"b"});
  server.Add("default", {"b"});  // already in the ring, so nothing is committed
  Series series = server.Scrape();
  EXPECT_EQ(series["clockwise_store_commit_seconds_count"], 2);
  EXPECT_EQ(series["clockwise_store_commit_seconds_bucket{le=\"+Inf\"}"], 2);
  EXPECT_GT(series["clockwise_store_commit_seconds_sum"], 0);
}

TEST(MetricsTest, StoreUpFollowsTheStore) {
  Scraped server;
  EXPECT_EQ(server.Scrape()["clockwise_store_up"], 1);
  server.store.is_up = false;
  EXPECT_THAT(Named(server.Scrape(), "clockwise_store_up"),
              ElementsAre(Pair("clockwise_store_up", 0)));
}

TEST(MetricsTest, StoreTrustedFollowsTheStore) {
  Scraped server;
  EXPECT_EQ(server.Scrape()["clockwise_store_trusted"], 1);
  server.store.trust = absl::UnavailableError("replaced");
  server.store.rejected = 3;
  EXPECT_EQ(server.Scrape()["clockwise_store_trusted"], 0);
  EXPECT_EQ(server.Scrape()["clockwise_store_rejected_answers_total"], 3);
}

TEST(MetricsTest, RefusesChangesFollowsTheStore) {
  Scraped server;
  server.CreateRing("r");
  EXPECT_EQ(server.Scrape()["clockwise_store_refuses_changes"], 0);
  server.store.refusal = Refusal(v1::ERROR_REASON_STORE_FULL, "full");
  EXPECT_FALSE(DeleteRing(*server.membership, "r").ok());
  EXPECT_EQ(server.Scrape()["clockwise_store_refuses_changes"], 1);
  EXPECT_EQ(server.Scrape()["clockwise_store_up"], 1);
  server.store.refusal = absl::OkStatus();
  EXPECT_TRUE(DeleteRing(*server.membership, "r").ok());
  EXPECT_EQ(server.Scrape()["clockwise_store_refuses_changes"], 0);
}

TEST(MetricsTest, ADeletedRingHasNoSeries) {
  Scraped server;
  server.CreateRing("gone");
  server.Add("gone", {"a"});
  EXPECT_THAT(server.Text(), HasSubstr("\"gone\""));
  ASSERT_TRUE(DeleteRing(*server.membership, "gone").ok());
  EXPECT_THAT(server.Text(), Not(HasSubstr("\"gone\"")));
}

TEST(MetricsTest, LabelValuesStandAsTheyAreOrEscaped) {
  Scraped server;
  server.CreateRing("r/1.2_3-4:5");
  server.Add("r/1.2_3-4:5", {"10.0.0.1:7000/rack-1_b"});
  const std::string text = server.Text();
  EXPECT_THAT(text, HasSubstr("clockwise_node_share_ratio{ring=\"r/1.2_3-4:5\","
                              "node=\"10.0.0.1:7000/rack-1_b\"} 1\n"));
  EXPECT_THAT(text,
              HasSubstr("clockwise_build_info{revision=\"\\\"a\\\\b\\\"\\nc\","
                        "version=\"1.2.3\"} 1\n"));
}

TEST(MetricsTest, FiguresOfOneScrapeAreOfOneEpoch) {
  Scraped server;
  constexpr int kChanges = 60;
  std::thread writer([&] {
    for (int i = 0; i < kChanges; ++i) {
      server.Add("default", {absl::StrCat("n", i)});
    }
  });
  double epoch = 0;
  while (epoch < kChanges + 1) {
    Series series = server.Scrape();
    const double before = epoch;
    epoch = series["clockwise_ring_epoch{ring=\"default\"}"];
    EXPECT_GE(epoch, before);
    ASSERT_EQ(series["clockwise_ring_nodes{ring=\"default\"}"], epoch - 1);
    ASSERT_EQ(series["clockwise_ring_points{ring=\"default\"}"],
              160 * (epoch - 1));
    ASSERT_EQ(Named(series, "clockwise_node_share_ratio").size(), epoch - 1);
  }
  writer.join();
}

}  // namespace
}  // namespace clockwise
