// Measures the cost of counting a located key, on one thread and on two at
// once, compared with one shared atomic counter. All ways take turns in each
// round. Prints the medians as JSON, one object per line.
//
// usage: counts_bench [ROUNDS]
//        counts_bench count TIMES    counts TIMES keys, for a count of the
//                                    instructions
#include <atomic>
#include <cstdio>
#include <cstring>
#include <functional>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "service/membership/node_counts.h"
#include "tests/bench/bench_rings.h"

namespace clockwise {
namespace {

constexpr uint32_t kNodes = 1000;
constexpr size_t kTimes = 1 << 22;

void CountAll(const NodeCounts& counts, size_t times) {
  uint32_t node = 0;
  for (size_t i = 0; i < times; ++i) {
    counts.Add(node);
    node = node + 1 == kNodes ? 0 : node + 1;
  }
}

void OnTwo(const std::function<void()>& work) {
  std::thread other(work);
  work();
  other.join();
}

void Run(int rounds) {
  const NodeCounts counts(BenchNodes(kNodes), NodeCounts(), {});
  std::atomic<uint64_t> shared = 0;
  const auto own = [&] { CountAll(counts, kTimes); };
  const auto one_atomic = [&] {
    for (size_t i = 0; i < kTimes; ++i) {
      shared.fetch_add(1, std::memory_order_relaxed);
    }
  };
  std::vector<Timed> ways;
  ways.push_back({"by thread, one thread", [&](int) { own(); }});
  ways.push_back({"by thread, two threads", [&](int) { OnTwo(own); }});
  ways.push_back({"one atomic, one thread", [&](int) { one_atomic(); }});
  ways.push_back({"one atomic, two threads", [&](int) { OnTwo(one_atomic); }});
  TakeTurns(ways, rounds);
  for (const Timed& way : ways) {
    std::printf("{\"bench\":\"counts\",\"way\":\"%s\",\"ns\":%.3f}\n",
                way.name.c_str(),
                way.seconds[way.seconds.size() / 2] * 1e9 / kTimes);
  }
}

}  // namespace
}  // namespace clockwise

int main(int argc, char** argv) {
  size_t times = 0;
  if (argc == 3 && strcmp(argv[1], "count") == 0 &&
      absl::SimpleAtoi(argv[2], &times)) {
    const clockwise::NodeCounts counts(clockwise::BenchNodes(clockwise::kNodes),
                                       clockwise::NodeCounts(), {});
    clockwise::CountAll(counts, times);
    return 0;
  }
  int rounds = 7;
  if (argc > 1 && (!absl::SimpleAtoi(argv[1], &rounds) || rounds < 1)) return 2;
  clockwise::Run(rounds);
  return 0;
}
