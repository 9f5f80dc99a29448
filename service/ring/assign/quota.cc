#include "service/ring/assign/quota.h"

#include <algorithm>
#include <cassert>
#include <numeric>

namespace clockwise {
namespace {

using Members = std::vector<uint32_t>;  // indexes of nodes

uint64_t WeightOf(const NodeList& nodes, const Members& members) {
  uint64_t sum = 0;
  for (const uint32_t node : members) sum += nodes[node]->weight();
  return sum;
}

Members All(const NodeList& nodes) {
  Members all(nodes.size());
  std::iota(all.begin(), all.end(), 0u);
  return all;
}

std::vector<Members> ByZone(const Zones& zones) {
  std::vector<Members> members(zones.count);
  for (uint32_t node = 0; node < zones.of_node.size(); ++node) {
    members[zones.of_node[node]].push_back(node);
  }
  return members;
}

// The shares of a group. The first `full` of `members` (heaviest first) own
// every partition. The others own `total` / `weight` partitions per unit of
// weight.
struct Level {
  Members members;
  size_t full = 0;
  uint64_t total = 0;
  uint64_t weight = 0;
};

// Divides `total` among `members` in proportion to weight, at most `most` each.
// A capped node raises the level of the others. Nodes are sorted by weight, so
// the loop can stop at the first one below the cap. Weights are below 2^16 and
// totals below 2^24, so products fit 64 bits.
Level Share(const NodeList& nodes, Members members, uint64_t total,
            uint64_t most) {
  std::stable_sort(members.begin(), members.end(), [&](uint32_t a, uint32_t b) {
    return nodes[a]->weight() > nodes[b]->weight();
  });
  Level level;
  level.weight = WeightOf(nodes, members);
  level.total = total;
  for (const uint32_t node : members) {
    const uint64_t weight = nodes[node]->weight();
    if (weight * level.total <= most * level.weight) break;
    ++level.full;
    level.total -= most;
    level.weight -= weight;
  }
  level.members = std::move(members);
  return level;
}

// Rounds the shares of `level` down and stores them as a group of their own.
// Afterwards the `least` values and the extras of the group sum to its total,
// and there are fewer extras than nodes with a remainder.
void Round(const NodeList& nodes, const Level& level, uint64_t most,
           Quotas& quotas) {
  const auto group = static_cast<uint32_t>(quotas.extras.size());
  uint64_t left = level.total;
  for (size_t i = 0; i < level.members.size(); ++i) {
    const uint32_t node = level.members[i];
    quotas.group[node] = group;
    if (i < level.full) {
      quotas.least[node] = static_cast<uint32_t>(most);
      continue;
    }
    const uint64_t share = nodes[node]->weight() * level.total;
    quotas.least[node] = static_cast<uint32_t>(share / level.weight);
    quotas.remainder[node] = share % level.weight;
    left -= quotas.least[node];
  }
  quotas.extras.push_back(static_cast<uint32_t>(left));
}

Quotas Empty(size_t nodes) {
  Quotas quotas;
  quotas.least.resize(nodes);
  quotas.remainder.resize(nodes);
  quotas.group.resize(nodes);
  return quotas;
}

// Computes quotas with at least as many zones as owners. A zone owns each
// partition at most once. The heaviest zones are capped first: each owns every
// partition once. The remaining zones share the rest, so their level rises and
// the next zone may exceed the cap too. Zones are sorted by weight, so capping
// ends at the first zone below the cap.
void CapZones(const NodeList& nodes, std::vector<Members> zones,
              uint64_t partitions, uint64_t owners, Quotas& quotas) {
  std::stable_sort(zones.begin(), zones.end(),
                   [&](const Members& a, const Members& b) {
                     return WeightOf(nodes, a) > WeightOf(nodes, b);
                   });
  uint64_t weight = WeightOf(nodes, All(nodes));
  Members rest;
  for (size_t i = 0; i < zones.size(); ++i) {
    const uint64_t of_zone = WeightOf(nodes, zones[i]);
    // If as many zones are left as owners, each zone owns every partition.
    if (rest.empty() &&
        (of_zone * owners > weight || zones.size() - i == owners)) {
      Round(nodes, Share(nodes, std::move(zones[i]), partitions, partitions),
            partitions, quotas);
      --owners;
      weight -= of_zone;
      continue;
    }
    rest.insert(rest.end(), zones[i].begin(), zones[i].end());
  }
  if (rest.empty()) return;
  std::sort(rest.begin(), rest.end());
  Round(nodes, Share(nodes, std::move(rest), partitions * owners, partitions),
        partitions, quotas);
}

// Computes quotas with fewer zones than owners. Each zone owns each partition
// at least once. Zones that would own less are lifted to exactly that, which
// lowers the level of the others. The loop repeats until no other zone is
// below. At least one zone remains, because the average zone owns more than one
// slot per partition.
void LiftZones(const NodeList& nodes, const Zones& zones, uint64_t partitions,
               uint64_t owners, Quotas& quotas) {
  std::vector<Members> members = ByZone(zones);
  std::vector<bool> lifted(zones.count);
  for (;;) {
    Members rest;
    for (uint32_t node = 0; node < nodes.size(); ++node) {
      if (!lifted[zones.of_node[node]]) rest.push_back(node);
    }
    // A zone with a node that owns every partition needs no lifting. In the
    // other zones no node is capped, so a zone's total is proportional to its
    // weight.
    const Level level =
        Share(nodes, std::move(rest), partitions * owners, partitions);
    std::vector<bool> has_full(zones.count);
    for (size_t i = 0; i < level.full; ++i) {
      has_full[zones.of_node[level.members[i]]] = true;
    }
    bool more = false;
    for (uint32_t zone = 0; zone < zones.count; ++zone) {
      if (lifted[zone] || has_full[zone] ||
          WeightOf(nodes, members[zone]) * level.total >=
              partitions * level.weight) {
        continue;
      }
      lifted[zone] = more = true;
      --owners;
      Round(nodes, Share(nodes, members[zone], partitions, partitions),
            partitions, quotas);
    }
    if (more) continue;
    Round(nodes, level, partitions, quotas);
    return;
  }
}

}  // namespace

Quotas ReplicaQuotas(const NodeList& nodes, const Zones& zones,
                     uint64_t partitions, uint64_t owners) {
  assert(owners >= 1 && owners <= nodes.size());
  Quotas quotas = Empty(nodes.size());
  if (zones.count >= owners) {
    CapZones(nodes, ByZone(zones), partitions, owners, quotas);
  } else {
    LiftZones(nodes, zones, partitions, owners, quotas);
  }
  return quotas;
}

Quotas PrimaryQuotas(const NodeList& nodes, uint64_t partitions) {
  Quotas quotas = Empty(nodes.size());
  Round(nodes, Share(nodes, All(nodes), partitions, partitions), partitions,
        quotas);
  return quotas;
}

std::vector<uint32_t> CappedNodes(const NodeList& nodes, const Zones& zones,
                                  uint64_t owners) {
  const uint64_t weight = WeightOf(nodes, All(nodes));
  std::vector<uint64_t> of_zone(zones.count);
  for (uint32_t node = 0; node < nodes.size(); ++node) {
    of_zone[zones.of_node[node]] += nodes[node]->weight();
  }
  std::vector<uint32_t> capped;
  for (uint32_t node = 0; node < nodes.size(); ++node) {
    const uint64_t heavy = zones.count >= owners ? of_zone[zones.of_node[node]]
                                                 : nodes[node]->weight();
    if (heavy * owners > weight) capped.push_back(node);
  }
  return capped;
}

}  // namespace clockwise
