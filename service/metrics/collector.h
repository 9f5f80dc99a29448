// MetricsCollector collects the server's metrics for Prometheus. All figures
// are read at scrape time, and none is pushed. Thread-safe.
//
// It owns its options; the objects that they point to must outlive it. A scrape
// reads the newest state of each ring once, so that all figures of a ring are
// of one epoch. It holds no lock while it reads them. O(rings + nodes of the
// rings that have series per node).
#ifndef CLOCKWISE_SERVICE_METRICS_COLLECTOR_H_
#define CLOCKWISE_SERVICE_METRICS_COLLECTOR_H_

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "service/limits.h"
#include "service/membership/membership.h"
#include "service/metrics/rpc_stats.h"
#include "service/metrics/security_figures.h"

namespace clockwise {

// MetricNames states how the names of rings and nodes appear in labels. kOff
// omits all series that have such a label.
enum class MetricNames { kOn, kHashed, kOff };

class MetricsCollector final : public prometheus::Collectable {
 public:
  struct Options {
    const Membership* membership = nullptr;
    const RpcStats* rpc_stats = nullptr;
    std::function<WatchFigures()> watch_figures;
    std::function<SecurityFigures()> security_figures;  // may be empty
    // Rings with more nodes have no series per node.
    size_t max_node_series = limits::kMaxNodeSeries;
    MetricNames names = MetricNames::kOn;
    // Labels of clockwise_build_info: version, revision, …
    std::map<std::string, std::string> build_info;
  };

  explicit MetricsCollector(Options options);

  // Returns one family for each row of kMetrics, in the same order. A family
  // without values has no series.
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const Options options_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_METRICS_COLLECTOR_H_
