// Other rings, to be measured beside ours.
#ifndef CLOCKWISE_TESTS_BENCH_PEERS_H_
#define CLOCKWISE_TESTS_BENCH_PEERS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/bench/bench_rings.h"

namespace clockwise {

// One way to look keys up; the sum keeps the compiler from leaving it out.
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

// Of the nodes of `ring`, with `points` a node: sorted arrays, Envoy's loop,
// the textbooks' std::map and MD5, and libmemcached's ketama, if it is
// installed and takes so many servers.
std::vector<Way> PeersOf(const Ring& ring, uint32_t points);

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_BENCH_PEERS_H_
