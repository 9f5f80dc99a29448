// Measures the cost of a look-up, compared with other rings and with the limit:
// one XXH3 and one random read in as much memory. All ways take turns in each
// round. Prints the medians as JSON, one object per line. Compare figures
// within one run only: lookup.py computes the ratios. It also runs one way
// alone to count its instructions.
//
// usage: lookup_bench [ROUNDS] [NODESxPOINTS ...]
//        lookup_bench count WAY NODESxPOINTS LOOK-UPS
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "service/ring/hash.h"
#include "tests/bench/bench_rings.h"
#include "tests/bench/peers.h"

namespace clockwise {
namespace {

// One XXH3 and one random read of a cache line: the lower limit of a look-up.
Way Limit(const std::string& name, size_t bytes) {
  auto memory = std::make_shared<std::vector<uint64_t>>(
      std::max<size_t>(8, bytes / sizeof(uint64_t)), 1);
  const uint64_t lines = memory->size() / 8;
  return OneByOne(name, [memory, lines](absl::string_view key) {
    const auto line = static_cast<uint64_t>(
        absl::Uint128High64(absl::uint128(Xxh3(key)) * lines));
    return (*memory)[line * 8];
  });
}

uint64_t LookInBatches(const Ring& ring, const Keys& keys, size_t first,
                       size_t count) {
  std::array<absl::string_view, 32> some;
  std::array<uint32_t, 32> found;
  uint64_t sum = 0;
  for (size_t i = first; i < first + count; i += 32) {
    for (size_t k = 0; k < 32; ++k) some[k] = keys[i + k];
    ring.PrimariesOf(some, found);
    for (const uint32_t node : found) sum += node;
  }
  return sum;
}

std::vector<Way> WaysOf(Size size) {
  const NodeList list = BenchNodes(size.nodes);
  const auto ring = BenchRing(v1::LAYOUT_HASHED, size.points, 1, list);
  const auto three = BenchRing(v1::LAYOUT_HASHED, size.points, 3, list);
  std::vector<Way> ways;
  ways.push_back(Limit("limit", ring->bytes() - ring->slots() * 12));
  ways.push_back(OneByOne("ring", [ring](absl::string_view key) {
    return ring->PrimaryOf(ring->Hash(key));
  }));
  ways.back().bytes_per_point =
      static_cast<double>(ring->bytes()) / static_cast<double>(ring->slots());
  ways.push_back({"ring, batches of 32",
                  [ring](const Keys& keys, size_t first, size_t count) {
                    return LookInBatches(*ring, keys, first, count);
                  }});
  ways.push_back(OneByOne("ring, 3 owners", [three](absl::string_view key) {
    std::array<uint32_t, 3> owners;
    const size_t wanted = std::min<size_t>(3, three->nodes().size());
    three->OwnersOf(three->Hash(key), std::span(owners).first(wanted));
    return owners[wanted - 1];
  }));
  if (size.nodes <= 1 << 16) {
    const auto table = BenchRing(v1::LAYOUT_PARTITIONED, 0, 1, list);
    ways.push_back(OneByOne("partitioned", [table](absl::string_view key) {
      return table->PrimaryOf(table->Hash(key));
    }));
    ways.push_back(Limit("limit, 2^16 owners", (1 << 16) * sizeof(uint32_t)));
  }
  for (Way& way : PeersOf(*ring, size.points)) ways.push_back(std::move(way));
  return ways;
}

void Run(Size size, int rounds) {
  constexpr size_t kLooks = 1 << 17;
  const Keys keys;
  const std::vector<Way> ways = WaysOf(size);
  uint64_t sum = 0;
  std::vector<Timed> timed;
  for (const Way& way : ways) {
    timed.push_back({way.name, [&way, &keys, &sum](int round) {
                       sum += way.look(
                           keys, static_cast<size_t>(round) * kLooks, kLooks);
                     }});
  }
  TakeTurns(timed, rounds);
  for (size_t i = 0; i < ways.size(); ++i) {
    const std::vector<double>& seconds = timed[i].seconds;
    std::printf(
        "{\"bench\":\"lookup\",\"nodes\":%u,\"points\":%u,\"way\":\"%s\","
        "\"ns\":%.3f,\"least_ns\":%.3f,\"bytes_per_point\":%.2f}\n",
        size.nodes, size.points, ways[i].name.c_str(),
        seconds[seconds.size() / 2] * 1e9 / kLooks, seconds[0] * 1e9 / kLooks,
        ways[i].bytes_per_point);
  }
  std::fprintf(stderr, "%s", sum == 42 ? " " : "");
}

int Count(const std::string& name, Size size, size_t looks) {
  const Keys keys;
  for (const Way& way : WaysOf(size)) {
    if (way.name != name) continue;
    std::fprintf(stderr, "%s", way.look(keys, 0, looks) == 42 ? " " : "");
    return 0;
  }
  return 1;
}

}  // namespace
}  // namespace clockwise

int main(int argc, char** argv) {
  if (argc == 5 && strcmp(argv[1], "count") == 0) {
    const auto size = clockwise::ParseSize(argv[3]);
    size_t looks = 0;
    if (!size.has_value() || !absl::SimpleAtoi(argv[4], &looks)) return 2;
    return clockwise::Count(argv[2], *size, looks);
  }
  return clockwise::RunSizes(argc, argv, clockwise::Run);
}
