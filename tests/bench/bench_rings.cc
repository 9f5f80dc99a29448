#include "tests/bench/bench_rings.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <random>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "service/ring/next_ring.h"

namespace clockwise {

Keys::Keys() : bytes_(kKeys * kKeyBytes, '\0') {
  std::mt19937_64 random(1);
  for (char& c : bytes_) c = static_cast<char>('a' + random() % 26);
}

NodeList BenchNodes(uint32_t count) {
  NodeList nodes;
  for (uint32_t i = 0; i < count; ++i) {
    auto node = std::make_shared<v1::Node>();
    node->set_id(absl::StrCat("node-", 100000 + i));
    node->set_hash_key(node->id());
    node->set_weight(1);
    node->set_zone(absl::StrCat("zone-", i % 3));
    node->set_ordinal(i + 1);
    nodes.push_back(std::move(node));
  }
  return nodes;
}

RingPtr BenchRing(v1::Layout layout, uint32_t points, uint32_t replicas,
                  const NodeList& nodes) {
  v1::RingSpec spec;
  spec.set_layout(layout);
  spec.set_replica_count(replicas);
  if (layout == v1::LAYOUT_HASHED) spec.set_virtual_node_count(points);
  if (layout == v1::LAYOUT_PARTITIONED) spec.set_partition_bits(16);
  const auto empty = Ring::Build(spec, {});
  return *NextRing(**empty, nodes);
}

std::optional<Size> ParseSize(absl::string_view text) {
  const std::vector<std::string> parts = absl::StrSplit(text, 'x');
  Size size;
  if (parts.size() != 2 || !absl::SimpleAtoi(parts[0], &size.nodes) ||
      !absl::SimpleAtoi(parts[1], &size.points)) {
    return std::nullopt;
  }
  return size;
}

int RunSizes(int argc, char** argv, void (*run)(Size size, int rounds)) {
  int rounds = 7;
  if (argc > 1 && (!absl::SimpleAtoi(argv[1], &rounds) || rounds < 1)) return 2;
  for (int i = 2; i < argc; ++i) {
    const auto size = ParseSize(argv[i]);
    if (!size.has_value()) return 2;
    run(*size, rounds);
  }
  return 0;
}

void TakeTurns(std::vector<Timed>& ways, int rounds) {
  for (int round = -1; round < rounds; ++round) {
    for (Timed& way : ways) {
      const auto start = std::chrono::steady_clock::now();
      way.run(round + 1);
      const std::chrono::duration<double> took =
          std::chrono::steady_clock::now() - start;
      if (round >= 0) way.seconds.push_back(took.count());
    }
  }
  for (Timed& way : ways) std::sort(way.seconds.begin(), way.seconds.end());
}

void RunWays(const char* bench, Size size, std::vector<Timed> ways,
             int rounds) {
  TakeTurns(ways, rounds);
  for (const Timed& way : ways) {
    std::printf(
        "{\"bench\":\"%s\",\"nodes\":%u,\"points\":%u,\"way\":\"%s\","
        "\"ms\":%.4f,\"least_ms\":%.4f}\n",
        bench, size.nodes, size.points, way.name.c_str(),
        way.seconds[way.seconds.size() / 2] * 1e3, way.seconds[0] * 1e3);
  }
}

}  // namespace clockwise
