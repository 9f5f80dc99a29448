// Measures the cost of a ring: build, look-up, and a change with its plan.
// Compare figures within one run on one machine only.
#include <benchmark/benchmark.h>

#include <array>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "service/ring/balance.h"
#include "service/ring/compare.h"
#include "service/ring/next_ring.h"
#include "service/ring/ring.h"

namespace clockwise {
namespace {

v1::RingSpec Spec(v1::Layout layout, uint32_t replicas) {
  v1::RingSpec spec;
  spec.set_name("bench");
  spec.set_layout(layout);
  if (layout == v1::LAYOUT_HASHED) spec.set_virtual_node_count(160);
  spec.set_replica_count(replicas);
  return spec;
}

NodeList Nodes(int64_t count) {
  NodeList nodes;
  for (int64_t i = 0; i < count; ++i) {
    auto node = std::make_shared<v1::Node>();
    node->set_id("node-" + std::to_string(1'000'000 + i));
    node->set_hash_key(node->id());
    node->set_weight(1);
    node->set_zone("z" + std::to_string(i % 4));
    nodes.push_back(std::move(node));
  }
  return nodes;
}

std::vector<std::string> Keys() {
  std::mt19937_64 random(1);
  std::vector<std::string> keys;
  for (int i = 0; i < 1 << 16; ++i) {
    keys.push_back(std::to_string(random()).substr(0, 16));
  }
  return keys;
}

void BuildRing(benchmark::State& state) {
  const NodeList nodes = Nodes(state.range(0));
  for (auto _ : state) {
    benchmark::DoNotOptimize(Ring::Build(Spec(v1::LAYOUT_HASHED, 1), nodes));
  }
}
BENCHMARK(BuildRing)->Arg(10)->Arg(100)->Arg(1000)->Unit(
    benchmark::kMillisecond);

void Locate(benchmark::State& state, v1::Layout layout) {
  const auto ring = *Ring::Build(Spec(layout, 1), Nodes(state.range(0)));
  const std::vector<std::string> keys = Keys();
  std::array<uint32_t, 3> owners;
  const std::span<uint32_t> wanted(owners.data(),
                                   static_cast<size_t>(state.range(1)));
  size_t i = 0;
  for (auto _ : state) {
    ring->OwnersFrom(ring->SlotOf(ring->Hash(keys[++i % keys.size()])), wanted);
    benchmark::DoNotOptimize(owners);
  }
}
BENCHMARK_CAPTURE(Locate, hashed, v1::LAYOUT_HASHED)
    ->ArgsProduct({{10, 100, 1000}, {1, 3}});
BENCHMARK_CAPTURE(Locate, modulo, v1::LAYOUT_MODULO)
    ->ArgsProduct({{10, 1000}, {1, 3}});

// Computes what an accepted AddNode does: the new ring, its figures, the moves.
void AddOneNode(benchmark::State& state) {
  const v1::RingSpec spec =
      Spec(v1::LAYOUT_HASHED, static_cast<uint32_t>(state.range(1)));
  NodeList nodes = Nodes(state.range(0));
  const auto before = *Ring::Build(spec, nodes);
  const Ownership owned_before = Measure(*before);
  const NodePtr added = Nodes(state.range(0) + 1).back();
  nodes = WithChanges(nodes, {{added->id(), added}});
  for (auto _ : state) {
    const auto after = *Ring::Build(spec, nodes);
    benchmark::DoNotOptimize(
        Compare(*before, owned_before, *after, Measure(*after), 0));
  }
}
BENCHMARK(AddOneNode)
    ->ArgsProduct({{10, 100, 1000}, {1, 3}})
    ->Unit(benchmark::kMillisecond);

// Computes what an accepted AddNode does for a PARTITIONED ring: the new table,
// its figures, the moves. Counters: the peak-to-mean of all owners and of
// primaries, and the moved ratio over its minimum.
void AddOneNodePartitioned(benchmark::State& state) {
  v1::RingSpec spec = Spec(v1::LAYOUT_PARTITIONED, 3);
  spec.set_partition_bits(static_cast<uint32_t>(state.range(1)));
  const auto empty = *Ring::Build(spec, {});
  const auto before = *NextRing(*empty, Nodes(state.range(0)));
  const Ownership owned_before = Measure(*before);
  const NodeList nodes = Nodes(state.range(0) + 1);
  for (auto _ : state) {
    const auto after = *NextRing(*before, nodes);
    const Ownership owned = Measure(*after);
    const Comparison moved = Compare(*before, owned_before, *after, owned, 0);
    state.counters["moved/least"] =
        moved.moved_ratio / moved.minimum_moved_ratio;
    state.counters["peak"] = BalanceOf(*after, owned).peak_to_mean();
    state.counters["primary_peak"] =
        PrimaryBalanceOf(*after, owned).peak_to_mean();
  }
}
BENCHMARK(AddOneNodePartitioned)
    ->Args({1000, 16})
    ->Args({1000, 18})
    ->Args({10'000, 20})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace clockwise

BENCHMARK_MAIN();
