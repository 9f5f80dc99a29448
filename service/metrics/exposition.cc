#include "service/metrics/exposition.h"

#include <array>
#include <cassert>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"

namespace clockwise {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

std::string NumberText(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  // Whole numbers have no exponent, because people read them.
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (value == std::trunc(value) && std::abs(value) < kExact) {
    return absl::StrCat(static_cast<int64_t>(value));
  }
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value,
                                 std::chars_format::general)
                       .ptr;
  return std::string(text.data(), end);
}

// Appends a line: the name of the family and its suffix, the labels of the
// series, the label `le` of a bucket if it is not empty, and the value.
void AppendLine(std::string& out, absl::string_view name,
                const std::vector<ClientMetric::Label>& labels,
                absl::string_view bound, absl::string_view value) {
  absl::StrAppend(&out, name);
  char before = '{';
  for (const ClientMetric::Label& label : labels) {
    absl::StrAppend(
        &out, absl::string_view(&before, 1), label.name, "=\"",
        absl::StrReplaceAll(label.value,
                            {{"\\", "\\\\"}, {"\n", "\\n"}, {"\"", "\\\""}}),
        "\"");
    before = ',';
  }
  if (!bound.empty()) {
    absl::StrAppend(&out, absl::string_view(&before, 1), "le=\"", bound, "\"");
    before = ',';
  }
  absl::StrAppend(&out, before == ',' ? "} " : " ", value, "\n");
}

// The last bucket has no bound, and counts all values.
void AppendHistogram(std::string& out, const std::string& name,
                     const ClientMetric& series) {
  const ClientMetric::Histogram& histogram = series.histogram;
  const std::string count = absl::StrCat(histogram.sample_count);
  AppendLine(out, name + "_count", series.label, "", count);
  AppendLine(out, name + "_sum", series.label, "",
             NumberText(histogram.sample_sum));
  for (const ClientMetric::Bucket& bucket : histogram.bucket) {
    AppendLine(out, name + "_bucket", series.label,
               NumberText(bucket.upper_bound),
               absl::StrCat(bucket.cumulative_count));
  }
  AppendLine(out, name + "_bucket", series.label, "+Inf", count);
}

absl::string_view TypeName(MetricType type) {
  if (type == MetricType::Counter) return "counter";
  if (type == MetricType::Gauge) return "gauge";
  if (type == MetricType::Untyped) return "untyped";
  assert(type == MetricType::Histogram && "the server has no summaries");
  return "histogram";
}

}  // namespace

std::string ExpositionText(const std::vector<MetricFamily>& families) {
  std::string out;
  for (const MetricFamily& family : families) {
    absl::StrAppend(
        &out, "# HELP ", family.name, " ",
        absl::StrReplaceAll(family.help, {{"\\", "\\\\"}, {"\n", "\\n"}}),
        "\n# TYPE ", family.name, " ", TypeName(family.type), "\n");
    for (const ClientMetric& series : family.metric) {
      if (family.type == MetricType::Histogram) {
        AppendHistogram(out, family.name, series);
        continue;
      }
      const double value =
          family.type == MetricType::Counter ? series.counter.value
          : family.type == MetricType::Gauge ? series.gauge.value
                                             : series.untyped.value;
      AppendLine(out, family.name, series.label, "", NumberText(value));
    }
  }
  return out;
}

}  // namespace clockwise
