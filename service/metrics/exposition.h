// Writes metrics in the text format of Prometheus, version 0.0.4. Stateless.
//
// prometheus-cpp defines the types of the metrics in its headers. Its own
// writer is in a library that Debian has as a shared library only, and the
// programs of the release archive link all libraries but glibc statically.
#ifndef CLOCKWISE_SERVICE_METRICS_EXPOSITION_H_
#define CLOCKWISE_SERVICE_METRICS_EXPOSITION_H_

#include <prometheus/metric_family.h>

#include <string>
#include <vector>

namespace clockwise {

// Returns the text of all families. They are counters, gauges or histograms. A
// number is written with as many digits as are needed to read the same number
// again.
std::string ExpositionText(
    const std::vector<prometheus::MetricFamily>& families);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_METRICS_EXPOSITION_H_
