// Other rings, to be compared with ours.
#ifndef CLOCKWISE_TESTS_BENCH_PEERS_H_
#define CLOCKWISE_TESTS_BENCH_PEERS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/bench/bench_rings.h"

namespace clockwise {

// A way to look up keys. The returned sum keeps the compiler from removing the
// look-up.
struct Way {
  std::string name;
  std::function<uint64_t(const Keys& keys, size_t first, size_t count)> look;
  double bytes_per_point = 0;
};

template <typename Find>
Way OneByOne(const std::string& name, Find find) {
  return {name, [find](const Keys& keys, size_t first, size_t count) {
            uint64_t sum = 0;
            for (size_t i = first; i < first + count; ++i) sum += find(keys[i]);
            return sum;
          }};
}

// Returns other ways for the nodes of `ring`, with `points` points per node:
// sorted arrays, Envoy's loop, the textbook's std::map with MD5, and
// libmemcached's ketama. The last only if it is installed and accepts so many
// servers.
std::vector<Way> PeersOf(const Ring& ring, uint32_t points);

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_BENCH_PEERS_H_
