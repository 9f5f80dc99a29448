// Envoy's ring, for comparison, reimplemented from its description
// (source/extensions/load_balancing_policies/ring_hash): a sorted array of hash
// and host, where the hash is XXH64 of "<host>_<i>". The search returns the
// middle entry if the key's hash lies between it and the previous one.
// Immutable.
#ifndef CLOCKWISE_TESTS_BENCH_ENVOY_RING_H_
#define CLOCKWISE_TESTS_BENCH_ENVOY_RING_H_

#include <xxhash.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace clockwise {

class EnvoyRing {
 public:
  using Host = std::shared_ptr<const std::string>;

  // Builds a ring with `points` points for each host.
  EnvoyRing(const std::vector<Host>& hosts, uint32_t points) {
    ring_.reserve(hosts.size() * points);
    std::string key;
    for (const Host& host : hosts) {
      key = *host + "_";
      const size_t prefix = key.size();
      for (uint32_t i = 0; i < points; ++i) {
        key.resize(prefix);
        key += std::to_string(i);
        ring_.push_back({XXH64(key.data(), key.size(), 0), host});
      }
    }
    std::sort(ring_.begin(), ring_.end(),
              [](const Entry& a, const Entry& b) { return a.hash < b.hash; });
  }

  Host Choose(uint64_t hash) const {
    auto low = int64_t{0};
    auto high = static_cast<int64_t>(ring_.size());
    while (true) {
      const int64_t middle = (low + high) / 2;
      if (middle == static_cast<int64_t>(ring_.size())) return ring_[0].host;
      const uint64_t here = ring_[static_cast<size_t>(middle)].hash;
      const uint64_t before =
          middle == 0 ? 0 : ring_[static_cast<size_t>(middle - 1)].hash;
      if (hash <= here && hash > before) {
        return ring_[static_cast<size_t>(middle)].host;
      }
      if (here < hash) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
      if (low > high) return ring_[0].host;
    }
  }

 private:
  struct Entry {
    uint64_t hash;
    Host host;
  };
  std::vector<Entry> ring_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_BENCH_ENVOY_RING_H_
