// LatencyHistogram counts durations in fixed buckets. metrics/ reads it at
// scrape time. Thread-safe, without locks: a read may miss the newest
// observations of other threads, but no older ones.
#ifndef CLOCKWISE_SERVICE_RUNTIME_LATENCY_HISTOGRAM_H_
#define CLOCKWISE_SERVICE_RUNTIME_LATENCY_HISTOGRAM_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "service/runtime/thread_counts.h"

namespace clockwise {

class LatencyHistogram {
 public:
  // Upper bounds of the buckets in seconds. One more bucket counts longer
  // durations.
  static constexpr std::array<double, 14> kBounds = {
      0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
      0.01,    0.025,  0.05,    0.1,    0.25,  0.5,    1.0};

  void Observe(double seconds) {
    const size_t bucket = static_cast<size_t>(
        std::lower_bound(kBounds.begin(), kBounds.end(), seconds) -
        kBounds.begin());
    counts_.Add(bucket);
    counts_.Add(kNanos, static_cast<uint64_t>(std::max(0.0, seconds) * 1e9));
  }

  // Returns the number of observations in bucket i (not cumulative), 0 <= i <=
  // kBounds.size().
  uint64_t count(size_t i) const { return counts_.Sum(i); }
  // Returns the sum of all observations in seconds.
  double sum() const { return static_cast<double>(counts_.Sum(kNanos)) / 1e9; }

 private:
  static constexpr size_t kNanos = kBounds.size() + 1;  // behind the buckets

  ThreadCounts counts_{kNanos + 1};
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RUNTIME_LATENCY_HISTOGRAM_H_
