#include "service/ring/spread.h"

#include <algorithm>
#include <span>

#include "service/ring/assign/quota.h"
#include "service/ring/node_list.h"

namespace clockwise {

uint32_t ZoneShortfall(const Ring& ring) {
  const NodeList& nodes = ring.nodes();
  if (ring.spec().layout() != v1::LAYOUT_PARTITIONED ||
      std::all_of(nodes.begin(), nodes.end(),
                  [](const NodePtr& node) { return node->zone().empty(); })) {
    return 0;
  }
  const Zones zones = NumberZones(nodes);
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

std::vector<std::string> CappedIds(const Ring& ring) {
  std::vector<std::string> ids;
  if (ring.spec().layout() != v1::LAYOUT_PARTITIONED || ring.nodes().empty()) {
    return ids;
  }
  for (const uint32_t node : CappedNodes(
           ring.nodes(), NumberZones(ring.nodes()), ring.OwnersPerKey(0))) {
    ids.push_back(ring.nodes()[node]->id());
  }
  return ids;
}

}  // namespace clockwise
