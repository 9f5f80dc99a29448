#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/metrics/rpc_stats.h"
#include "tests/metrics/scraped.h"

namespace clockwise {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Pair;
using ::testing::SizeIs;

std::string Labels(const std::string& type, const std::string& method) {
  return absl::StrCat("grpc_type=\"", type,
                      "\",grpc_service=\"clockwise.v1.PlacementService\","
                      "grpc_method=\"",
                      method, "\"");
}

// The methods of the proto, in a list that is independent of kMethods.
const std::vector<std::pair<std::string, std::string>>& Methods() {
  static const auto& methods =
      *new std::vector<std::pair<std::string, std::string>>{
          {"unary", "Locate"},        {"unary", "BatchLocate"},
          {"unary", "AddNode"},       {"unary", "UpdateNode"},
          {"unary", "RemoveNode"},    {"unary", "ApplyChanges"},
          {"server_stream", "Watch"}, {"unary", "GetRing"},
          {"unary", "CompareEpochs"}, {"unary", "ListChanges"},
          {"unary", "CreateRing"},    {"unary", "DeleteRing"},
          {"unary", "UndeleteRing"},  {"unary", "EndMigration"},
          {"unary", "ListRings"},     {"unary", "GetStatus"}};
  return methods;
}

TEST(RpcMetricsTest, EveryMethodAndCodeIsZeroFromTheStart) {
  const std::vector<std::string> codes = {"OK",
                                          "Canceled",
                                          "Unknown",
                                          "InvalidArgument",
                                          "DeadlineExceeded",
                                          "NotFound",
                                          "AlreadyExists",
                                          "PermissionDenied",
                                          "ResourceExhausted",
                                          "FailedPrecondition",
                                          "Aborted",
                                          "OutOfRange",
                                          "Unimplemented",
                                          "Internal",
                                          "Unavailable",
                                          "DataLoss",
                                          "Unauthenticated"};
  Scraped server;
  const Series series = server.Scrape();
  EXPECT_THAT(Named(series, "grpc_server_started_total"), SizeIs(18));
  EXPECT_THAT(Named(series, "grpc_server_handled_total"), SizeIs(18 * 17));
  for (const auto& [type, method] : Methods()) {
    const std::string labels = Labels(type, method);
    EXPECT_THAT(
        series,
        Contains(
            Pair(absl::StrCat("grpc_server_started_total{", labels, "}"), 0)));
    for (const std::string& code : codes) {
      EXPECT_THAT(series, Contains(Pair(
                              absl::StrCat("grpc_server_handled_total{", labels,
                                           ",grpc_code=\"", code, "\"}"),
                              0)));
    }
  }
}

TEST(RpcMetricsTest, EachCodeCountsUnderItsNumber) {
  Scraped server;
  MethodStats& locate = server.rpc_stats.Of(Method::kLocate);
  locate.CountStarted(9);
  locate.CountHandled(0, 4);                                // OK
  locate.CountHandled(3, 3);                                // INVALID_ARGUMENT
  locate.CountHandled(16, 1);                               // UNAUTHENTICATED
  server.rpc_stats.Of(Method::kWatch).CountHandled(14, 2);  // UNAVAILABLE
  Series series = server.Scrape();
  const std::string handled =
      absl::StrCat("grpc_server_handled_total{", Labels("unary", "Locate"));
  EXPECT_EQ(series[absl::StrCat("grpc_server_started_total{",
                                Labels("unary", "Locate"), "}")],
            9);
  EXPECT_EQ(series[handled + ",grpc_code=\"OK\"}"], 4);
  EXPECT_EQ(series[handled + ",grpc_code=\"InvalidArgument\"}"], 3);
  EXPECT_EQ(series[handled + ",grpc_code=\"Unauthenticated\"}"], 1);
  EXPECT_EQ(series[absl::StrCat("grpc_server_handled_total{",
                                Labels("server_stream", "Watch"),
                                ",grpc_code=\"Unavailable\"}")],
            2);
  double all = 0;
  for (const auto& [key, value] : Named(series, "grpc_server_handled_total")) {
    all += value;
  }
  EXPECT_EQ(all, 10);
}

TEST(RpcMetricsTest, BucketsAreCumulativeAndTheLastOneIsTheCount) {
  Scraped server;
  LatencyHistogram& handling = server.rpc_stats.Of(Method::kLocate).handling;
  handling.Observe(0.00005);  // a bound belongs to its bucket
  handling.Observe(0.0002);
  handling.Observe(0.9);
  handling.Observe(30);
  Series series = server.Scrape();
  const std::string name = "grpc_server_handling_seconds";
  const std::string labels = absl::StrCat("{", Labels("unary", "Locate"));
  const std::vector<std::pair<std::string, double>> cumulative = {
      {"5e-05", 1}, {"0.0001", 1}, {"0.00025", 2}, {"0.0005", 2},
      {"0.5", 2},   {"1", 3},      {"+Inf", 4}};
  for (const auto& [bound, count] : cumulative) {
    const std::string key =
        absl::StrCat(name, "_bucket", labels, ",le=\"", bound, "\"}");
    EXPECT_THAT(series, Contains(Pair(key, count)));
  }
  EXPECT_EQ(series[name + "_count" + labels + "}"], 4);
  EXPECT_NEAR(series[name + "_sum" + labels + "}"], 30.90025, 1e-9);
}

TEST(RpcMetricsTest, OnlyUnaryMethodsHaveAHandlingTime) {
  Scraped server;
  server.rpc_stats.Of(Method::kWatch).handling.Observe(3600);
  const Series counts =
      Named(server.Scrape(), "grpc_server_handling_seconds_count");
  EXPECT_THAT(counts, SizeIs(16));
  EXPECT_THAT(counts, ::testing::Not(Contains(Key(absl::StrCat(
                          "grpc_server_handling_seconds_count{",
                          Labels("server_stream", "Watch"), "}")))));
}

}  // namespace
}  // namespace clockwise
