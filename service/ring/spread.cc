#include "service/ring/spread.h"

#include <algorithm>
#include <span>

#include "service/limits.h"
#include "service/ring/assign/quota.h"
#include "service/ring/node_list.h"

namespace clockwise {

uint32_t CountZones(const Ring& ring) {
  const NodeList& nodes = ring.nodes();
  const bool none =
      std::all_of(nodes.begin(), nodes.end(),
                  [](const NodePtr& node) { return node->zone().empty(); });
  return none ? 0 : NumberZones(nodes).count;
}

uint32_t ZoneShortfall(const Ring& ring) {
  if (ring.spec().layout() != v1::LAYOUT_PARTITIONED || CountZones(ring) == 0) {
    return 0;
  }
  const Zones zones = NumberZones(ring.nodes());
  uint32_t shortfall = 0;
  for (size_t slot = 0; slot < ring.slots(); ++slot) {
    const auto row = ring.slot_nodes().subspan(slot * ring.owners_per_slot(),
                                               ring.owners_per_slot());
    for (size_t i = 1; i < row.size(); ++i) {
      if (std::any_of(row.begin(), row.begin() + i, [&](uint32_t node) {
            return zones.of_node[node] == zones.of_node[row[i]];
          })) {
        ++shortfall;
        break;
      }
    }
  }
  return shortfall;
}

std::vector<std::string> CappedIds(const Ring& ring, const Ownership& owned) {
  std::vector<std::string> ids;
  const NodeList& nodes = ring.nodes();
  if (ring.spec().layout() != v1::LAYOUT_PARTITIONED || nodes.empty()) {
    return ids;
  }
  uint64_t weights = 0;
  for (const NodePtr& node : nodes) weights += node->weight();
  const absl::uint128 all = owned.whole * owned.owners;
  for (const uint32_t node :
       CappedNodes(nodes, NumberZones(nodes), owned.owners)) {
    // After rounding up to whole partitions, the node may own its full share.
    // Products fit: `all` is below 2^68, and the sum of weights below 2^33.
    if (owned.owned[node] * weights < all * nodes[node]->weight()) {
      ids.push_back(nodes[node]->id());
    }
    if (ids.size() == limits::kMaxCappedIds) break;
  }
  return ids;
}

}  // namespace clockwise
