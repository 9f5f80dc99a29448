// Computes the exact fair shares of partition_reference.h. All numbers stay
// below 2^63 if partitions × replicas × (sum of weights)² does.
#include <algorithm>
#include <functional>
#include <map>
#include <numeric>

#include "tests/ring/partition_reference.h"

namespace clockwise {
namespace {

// Partitions per unit of weight, as a fraction.
struct Level {
  int64_t part = 0;
  int64_t weight = 0;

  // Compare the share of weight `other` at this level with `bound`.
  bool Above(int64_t other, int64_t bound) const {
    return other * part > bound * weight;
  }
  bool Below(int64_t other, int64_t bound) const {
    return other * part < bound * weight;
  }
};

// Returns the level that distributes all of `total` over `weights`, each at
// most `cap`. The heaviest reach the cap first; their excess raises the level
// of the rest.
Level Pour(std::vector<int64_t> weights, int64_t cap, int64_t total) {
  std::sort(weights.begin(), weights.end(), std::greater<>());
  Level level = {total,
                 std::accumulate(weights.begin(), weights.end(), int64_t{0})};
  for (const int64_t weight : weights) {
    if (!level.Above(weight, cap)) break;
    level.part -= cap;
    level.weight -= weight;
  }
  return level;
}

struct ZoneOfMembers {
  int64_t weight = 0;
  bool held = false;
};
using ZoneMap = std::map<std::string, ZoneOfMembers>;

// With at least as many zones as owners, no zone owns a partition twice.
Level HoldZonesDown(ZoneMap& zones, int64_t partitions, size_t owners) {
  std::vector<int64_t> weights;
  for (const auto& [name, zone] : zones) weights.push_back(zone.weight);
  const Level level =
      Pour(weights, partitions, partitions * static_cast<int64_t>(owners));
  for (auto& [name, zone] : zones) {
    zone.held = level.Above(zone.weight, partitions);
  }
  return level;
}

// With fewer zones than owners, each zone owns every partition. Zones lifted to
// that bound lower the level of the others, which may then need lifting too.
Level HoldZonesUp(const Members& members, ZoneMap& zones, int64_t partitions,
                  size_t owners) {
  for (;;) {
    int64_t total = partitions * static_cast<int64_t>(owners);
    for (const auto& [name, zone] : zones) total -= zone.held ? partitions : 0;
    std::vector<int64_t> weights;
    for (const Member& member : members) {
      if (!zones[member.zone].held) weights.push_back(member.weight);
    }
    const Level level = Pour(weights, partitions, total);
    bool lifted = false;
    for (auto& [name, zone] : zones) {
      if (zone.held || !level.Below(zone.weight, partitions)) continue;
      zone.held = lifted = true;
    }
    if (!lifted) return level;
  }
}

void FillGroups(const Members& members, const ZoneMap& zones,
                int64_t partitions, Dues& dues) {
  std::map<std::string, size_t> groups;
  int64_t rest = partitions * static_cast<int64_t>(dues.owners);
  dues.group_total = {0};
  for (const auto& [name, zone] : zones) {
    if (!zone.held) continue;
    groups[name] = dues.group_total.size();
    dues.group_total.push_back(partitions);
    rest -= partitions;
  }
  dues.group_total[0] = rest;
  for (const Member& member : members) {
    dues.group.push_back(zones.at(member.zone).held ? groups.at(member.zone)
                                                    : 0);
  }
}

}  // namespace

Dues DuesOf(const Members& members, int64_t partitions, size_t replicas) {
  Dues dues;
  dues.owners = std::min(replicas, members.size());
  if (members.empty()) return dues;
  ZoneMap zones;
  int64_t weights = 0;
  for (const Member& member : members) {
    zones[member.zone].weight += member.weight;
    weights += member.weight;
  }
  dues.zones = std::min(dues.owners, zones.size());
  const Level level =
      zones.size() >= dues.owners
          ? HoldZonesDown(zones, partitions, dues.owners)
          : HoldZonesUp(members, zones, partitions, dues.owners);
  for (const Member& member : members) {
    const ZoneOfMembers& zone = zones.at(member.zone);
    Due due = {level.part * member.weight, level.weight};
    if (zone.held) {
      due = {partitions * member.weight, zone.weight};
    } else if (level.Above(member.weight, partitions)) {
      due = {partitions, 1};
    }
    dues.owned.push_back(due);
    dues.primaries.push_back({partitions * member.weight, weights});
    dues.held |=
        due.part * weights !=
        partitions * member.weight * static_cast<int64_t>(dues.owners) * due.of;
  }
  FillGroups(members, zones, partitions, dues);
  return dues;
}

}  // namespace clockwise
