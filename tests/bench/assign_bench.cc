// Measures changes of a PARTITIONED ring with three owners per partition:
// ordinary ones, and changes of half of the nodes. For each of the latter, the
// exchanges are also sought one by one, as before they were sought in rounds.
// That takes minutes from 2^18 partitions on, so larger rings omit it. All
// variants alternate. Prints the medians as JSON, one object per line.
//
// usage: assign_bench [ROUNDS] [NODESxPARTITIONS ...]
#include <bit>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/ring/next_ring.h"
#include "tests/bench/bench_rings.h"
#include "tests/ring/patience.h"

namespace clockwise {
namespace {

constexpr uint32_t kMostOneByOne = 1 << 17;  // partitions

// Returns `nodes` with zones 0 to `zones` - 1 in turn.
NodeList InZones(NodeList nodes, uint32_t zones) {
  for (uint32_t i = 0; i < nodes.size(); ++i) {
    v1::Node node = *nodes[i];
    node.set_zone(absl::StrCat("zone-", i % zones));
    nodes[i] = std::make_shared<const v1::Node>(std::move(node));
  }
  return nodes;
}

// Returns `nodes` with random weights up to `most_weight` and random zones of
// the first `zones` in every second node.
NodeList HalfChanged(NodeList nodes, uint32_t most_weight, uint32_t zones) {
  std::mt19937_64 random(1);
  for (size_t i = 0; i < nodes.size(); i += 2) {
    v1::Node node = *nodes[i];
    node.set_weight(static_cast<uint32_t>(1 + random() % most_weight));
    node.set_zone(absl::StrCat("zone-", random() % zones));
    nodes[i] = std::make_shared<const v1::Node>(std::move(node));
  }
  return nodes;
}

RingPtr PartitionedRing(uint32_t partitions, const NodeList& nodes) {
  v1::RingSpec spec;
  spec.set_layout(v1::LAYOUT_PARTITIONED);
  spec.set_replica_count(3);
  spec.set_partition_bits(static_cast<uint32_t>(std::bit_width(partitions)) -
                          1);
  const auto empty = Ring::Build(spec, {});
  return *NextRing(**empty, nodes);
}

// Adds the change from `before` to `nodes`, sought in rounds and one by one.
void AddHalf(const std::string& name, const RingPtr& before, NodeList nodes,
             std::vector<Timed>& ways) {
  ways.push_back({name, [before, nodes](int) { *NextRing(*before, nodes); }});
  if (before->slots() > kMostOneByOne) return;
  ways.push_back({name + ", one by one", [before, nodes](int) {
                    *NextRingWithPatience(*before, nodes, kNeverRounds);
                  }});
}

std::vector<Timed> AssignWays(Size size) {
  const NodeList nodes = InZones(BenchNodes(size.nodes), 4);
  NodeList fewer = nodes;
  fewer.erase(fewer.begin() + size.nodes / 2);
  NodeList heavier = nodes;
  v1::Node heavy = *heavier[size.nodes / 2];
  heavy.set_weight(2);
  heavier[size.nodes / 2] = std::make_shared<const v1::Node>(heavy);
  const RingPtr all = PartitionedRing(size.points, nodes);
  const RingPtr without = PartitionedRing(size.points, fewer);
  std::vector<Timed> ways;
  ways.push_back(
      {"a node added", [without, nodes](int) { *NextRing(*without, nodes); }});
  ways.push_back(
      {"a node removed", [all, fewer](int) { *NextRing(*all, fewer); }});
  ways.push_back(
      {"a node reweighed", [all, heavier](int) { *NextRing(*all, heavier); }});
  AddHalf("half: other zones", all, HalfChanged(nodes, 1, 4), ways);
  AddHalf("half: other weights and zones", all, HalfChanged(nodes, 8, 4), ways);
  AddHalf("half: all to one zone", all, HalfChanged(nodes, 2, 1), ways);
  return ways;
}

void RunAssign(Size size, int rounds) {
  RunWays("assign", size, AssignWays(size), rounds);
}

}  // namespace
}  // namespace clockwise

int main(int argc, char** argv) {
  return clockwise::RunSizes(argc, argv, clockwise::RunAssign);
}
