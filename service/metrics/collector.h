// MetricsCollector tells Prometheus how the server is: every figure is read
// when it is scraped, and nothing pushes any. Thread-safe.
//
// It owns nothing but its options; what they point to outlives it. A scrape
// takes the newest state of each ring once, so that the figures of a ring are
// all of one epoch, and holds no lock while it reads them. Costs O(rings +
// nodes of the rings with series per node).
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

class MetricsCollector final : public prometheus::Collectable {
 public:
  struct Options {
    const Membership* membership = nullptr;
    const RpcStats* rpc_stats = nullptr;
    std::function<WatchFigures()> watch_figures;
    std::function<SecurityFigures()> security_figures;  // may be empty
    // Rings of more nodes get no series per node.
    size_t max_node_series = limits::kMaxNodeSeries;
    // Labels of clockwise_build_info: version, revision, …
    std::map<std::string, std::string> build_info;
  };

  explicit MetricsCollector(Options options);

  // One family for each row of kMetrics, in its order; without series where
  // there is nothing to tell.
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const Options options_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_METRICS_COLLECTOR_H_
