// Measures the cost of a change of nodes: a ring that is derived from the
// previous one, compared with Envoy's ring and ours built from scratch. All
// ways take turns in each round. Prints the medians as JSON, one object per
// line. Compare figures within one run only.
//
// usage: change_bench [ROUNDS] [NODESxPOINTS ...]
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "service/ring/balance.h"
#include "service/ring/compare.h"
#include "service/ring/next_ring.h"
#include "tests/bench/bench_rings.h"
#include "tests/bench/envoy_ring.h"

namespace clockwise {
namespace {

// Applies a change to `before`. Keeps the result and frees the previous one, as
// the service does.
Timed Change(const std::string& name, const RingPtr& before, NodeList nodes) {
  auto now = std::make_shared<RingPtr>(before);
  return {name, [before, nodes = std::move(nodes), now](int) {
            *now = *NextRing(*before, nodes);
          }};
}

NodeList Without(NodeList nodes, size_t count) {
  // Removes nodes at equal distances in the list.
  const size_t step = nodes.size() / (count + 1);
  for (size_t i = count; i > 0; --i) {
    nodes.erase(nodes.begin() + static_cast<ptrdiff_t>(i * step));
  }
  return nodes;
}

NodeList Reweighed(NodeList nodes) {
  auto heavier = std::make_shared<v1::Node>(*nodes[nodes.size() / 2]);
  heavier->set_weight(2);
  nodes[nodes.size() / 2] = std::move(heavier);
  return nodes;
}

std::vector<Timed> WaysOf(Size size) {
  const NodeList nodes = BenchNodes(size.nodes);
  const NodeList fewer = Without(nodes, 1);
  std::vector<EnvoyRing::Host> hosts;
  for (const NodePtr& node : nodes) {
    hosts.push_back(std::make_shared<std::string>(node->id()));
  }
  const auto ring_of = [&](uint32_t replicas, const NodeList& list) {
    return BenchRing(v1::LAYOUT_HASHED, size.points, replicas, list);
  };
  const RingPtr all = ring_of(1, nodes);
  std::vector<Timed> ways;
  auto envoy = std::make_shared<std::unique_ptr<EnvoyRing>>();
  ways.push_back({"Envoy's ring, built", [envoy, hosts, size](int) {
                    *envoy = std::make_unique<EnvoyRing>(hosts, size.points);
                  }});
  ways.push_back({"rebuilt", [all, kept = std::make_shared<RingPtr>()](int) {
                    *kept = *Ring::Build(all->spec(), all->nodes());
                  }});
  ways.push_back(Change("a node added", ring_of(1, fewer), nodes));
  ways.push_back(Change("a node removed", all, fewer));
  ways.push_back(Change("a node reweighed", all, Reweighed(nodes)));
  if (size.nodes >= 100) {
    ways.push_back(
        Change("ten nodes added", ring_of(1, Without(nodes, 10)), nodes));
  }
  ways.push_back(Change("a node added, 3 owners", ring_of(3, fewer), nodes));
  const RingPtr before = ring_of(1, fewer);
  const auto owned = std::make_shared<Ownership>(Measure(*before));
  ways.push_back({"added, measured, compared", [before, owned, nodes](int) {
                    const RingPtr after = *NextRing(*before, nodes);
                    Compare(*before, *owned, *after, Measure(*after), 0);
                  }});
  return ways;
}

void Run(Size size, int rounds) {
  RunWays("change", size, WaysOf(size), rounds);
}

}  // namespace
}  // namespace clockwise

int main(int argc, char** argv) {
  return clockwise::RunSizes(argc, argv, clockwise::Run);
}
