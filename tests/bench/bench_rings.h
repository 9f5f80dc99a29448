// Keys, nodes and rings for the benchmarks of rings, and rounds in which all
// variants alternate, so that other load on the machine affects them equally.
#ifndef CLOCKWISE_TESTS_BENCH_BENCH_RINGS_H_
#define CLOCKWISE_TESTS_BENCH_BENCH_RINGS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "service/ring/ring.h"

namespace clockwise {

using RingPtr = std::shared_ptr<const Ring>;

// A million random keys of 16 bytes, over and over.
class Keys {
 public:
  Keys();
  absl::string_view operator[](size_t i) const {
    return {bytes_.data() + (i & (kKeys - 1)) * kKeyBytes, kKeyBytes};
  }

 private:
  static constexpr size_t kKeys = 1 << 20;
  static constexpr size_t kKeyBytes = 16;
  std::string bytes_;
};

// `count` nodes of weight 1 in three zones.
NodeList BenchNodes(uint32_t count);

RingPtr BenchRing(v1::Layout layout, uint32_t points, uint32_t replicas,
                  const NodeList& nodes);

// NODESxPOINTS, as in "1000x160".
struct Size {
  uint32_t nodes = 0;
  uint32_t points = 0;
};
std::optional<Size> ParseSize(absl::string_view text);

// The main of a benchmark: [ROUNDS] [NODESxPOINTS ...]. Gives the exit code.
int RunSizes(int argc, char** argv, void (*run)(Size size, int rounds));

// One way of doing what is measured.
struct Timed {
  std::string name;
  std::function<void(int round)> run;
  std::vector<double> seconds = {};
};
// Runs all in turn, `rounds` times and once before that is not counted; their
// times are sorted then.
void TakeTurns(std::vector<Timed>& ways, int rounds);
// Takes turns, and prints a line of JSON for each way: its median and least
// time in milliseconds.
void RunWays(const char* bench, Size size, std::vector<Timed> ways, int rounds);

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_BENCH_BENCH_RINGS_H_
