#include "service/metrics/exposition.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace clockwise {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

MetricFamily Gauge(double value, std::vector<ClientMetric::Label> labels = {}) {
  MetricFamily family;
  family.name = "g";
  family.help = "A\\B\nC \"D\".";
  family.type = MetricType::Gauge;
  family.metric.emplace_back().gauge.value = value;
  family.metric.back().label = std::move(labels);
  return family;
}

TEST(ExpositionTest, TextsAreEscapedAsPrometheusRequires) {
  EXPECT_EQ(ExpositionText({Gauge(1, {{"a", "x\\y\nz\"w"}, {"b", ""}})}),
            "# HELP g A\\\\B\\nC \"D\".\n"
            "# TYPE g gauge\n"
            "g{a=\"x\\\\y\\nz\\\"w\",b=\"\"} 1\n");
}

TEST(ExpositionTest, NumbersAreExactAndWholeNumbersHaveNoExponent) {
  const auto number = [](double value) {
    const std::string text = ExpositionText({Gauge(value)});
    return text.substr(text.rfind(' ') + 1);
  };
  EXPECT_EQ(number(0), "0\n");
  EXPECT_EQ(number(-3), "-3\n");
  EXPECT_EQ(number(100'000), "100000\n");
  EXPECT_EQ(number(9007199254740991), "9007199254740991\n");
  EXPECT_EQ(number(0.1), "0.1\n");
  EXPECT_EQ(number(0.0001), "0.0001\n");
  EXPECT_EQ(std::stod(number(1.0 / 3)), 1.0 / 3);
  EXPECT_EQ(std::stod(number(1e300)), 1e300);
  EXPECT_EQ(number(kInfinity), "+Inf\n");
  EXPECT_EQ(number(-kInfinity), "-Inf\n");
  EXPECT_EQ(number(std::nan("")), "NaN\n");
}

TEST(ExpositionTest, AHistogramHasItsBucketsAndOneForAllValues) {
  MetricFamily family;
  family.name = "h";
  family.type = MetricType::Histogram;
  ClientMetric& series = family.metric.emplace_back();
  series.histogram = {7, 1.5, {{2, 0.005}, {5, 1}}};
  EXPECT_EQ(ExpositionText({family}),
            "# HELP h \n"
            "# TYPE h histogram\n"
            "h_count 7\n"
            "h_sum 1.5\n"
            "h_bucket{le=\"0.005\"} 2\n"
            "h_bucket{le=\"1\"} 5\n"
            "h_bucket{le=\"+Inf\"} 7\n");
  series.label = {{"code", "OK"}};
  EXPECT_NE(
      ExpositionText({family}).find("h_bucket{code=\"OK\",le=\"+Inf\"} 7\n"),
      std::string::npos);
}

TEST(ExpositionTest, AFamilyWithoutATypeIsUntyped) {
  MetricFamily family;
  family.name = "n";
  family.help = "h";
  family.type = MetricType::Untyped;
  family.metric.emplace_back().untyped.value = 2;
  EXPECT_EQ(ExpositionText({family}), "# HELP n h\n# TYPE n untyped\nn 2\n");
}

}  // namespace
}  // namespace clockwise
