#include "tests/support/reference_ring.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "service/ring/hash.h"

namespace clockwise {
namespace {

const absl::uint128 kHashSpace = absl::MakeUint128(1, 0);

uint64_t Mixed(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

// Returns the ends of all arcs of both rings within which owners cannot differ.
std::vector<uint64_t> Ends(const ReferenceRing& a, const ReferenceRing& b) {
  std::set<uint64_t> ends;
  for (uint64_t position : a.Positions()) ends.insert(position);
  for (uint64_t position : b.Positions()) ends.insert(position);
  return {ends.begin(), ends.end()};
}

// Returns the width of the arc up to ends[i]. A single end bounds the whole
// space.
absl::uint128 ArcWidth(const std::vector<uint64_t>& ends, size_t i) {
  if (ends.size() == 1) return kHashSpace;
  return ends[i] - ends[(i + ends.size() - 1) % ends.size()];
}

size_t Gained(const Ids& before, const Ids& after) {
  size_t gained = 0;
  for (const std::string& id : after) {
    gained += std::find(before.begin(), before.end(), id) == before.end();
  }
  return gained;
}

}  // namespace

double RatioOf(absl::uint128 n, absl::uint128 d) {
  return static_cast<double>(n) / static_cast<double>(d);
}

ReferenceRing::ReferenceRing(const v1::RingSpec& spec, const Nodes& nodes)
    : replicas_(spec.replica_count()),
      modulo_(spec.layout() == v1::LAYOUT_MODULO) {
  for (const v1::Node& node : nodes) {
    zones_[node.id()] = node.zone();
    if (modulo_) {
      slots_.emplace_back(0, node.id());
      continue;
    }
    uint64_t state = Xxh3(node.hash_key());
    for (uint64_t i = 0;
         i < uint64_t{spec.virtual_node_count()} * node.weight(); ++i) {
      state += 0x9E3779B97F4A7C15;
      slots_.emplace_back(Mixed(state), node.id());
    }
  }
  std::sort(slots_.begin(), slots_.end());
}

size_t ReferenceRing::owners_per_key() const {
  return std::min(replicas_, zones_.size());
}

Ids ReferenceRing::Walk(size_t first, size_t owners) const {
  Ids ids;
  std::set<std::string> zones;
  for (size_t i = 0; i < slots_.size() && ids.size() < owners; ++i) {
    const std::string& id = slots_[(first + i) % slots_.size()].second;
    if (zones.insert(zones_.at(id)).second) ids.push_back(id);
  }
  for (size_t i = 0; i < slots_.size() && ids.size() < owners; ++i) {
    const std::string& id = slots_[(first + i) % slots_.size()].second;
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
  }
  return ids;
}

Ids ReferenceRing::OwnersAt(uint64_t position, size_t owners) const {
  size_t first = 0;
  while (first < slots_.size() && slots_[first].first < position) ++first;
  return Walk(first % std::max<size_t>(1, slots_.size()), owners);
}

Ids ReferenceRing::OwnersAt(uint64_t position) const {
  return OwnersAt(position, owners_per_key());
}

Ids ReferenceRing::OwnersOfRemainder(size_t remainder) const {
  return Walk(remainder, owners_per_key());
}

std::vector<uint64_t> ReferenceRing::Positions() const {
  std::vector<uint64_t> positions;
  for (const auto& [position, id] : slots_) positions.push_back(position);
  return positions;
}

ReferenceFigures CountOwnership(const v1::RingSpec& spec, const Nodes& nodes) {
  const ReferenceRing ring(spec, nodes);
  ReferenceFigures figures;
  const auto count = [&](const Ids& owners, absl::uint128 width) {
    for (const std::string& id : owners) figures.owned[id] += width;
    figures.primaries[owners.front()] += width;
    figures.whole += width;
  };
  if (spec.layout() == v1::LAYOUT_MODULO) {
    for (size_t i = 0; i < nodes.size(); ++i) {
      count(ring.OwnersOfRemainder(i), 1);
    }
    return figures;
  }
  const std::vector<uint64_t> ends = Ends(ring, ring);
  for (size_t i = 0; i < ends.size(); ++i) {
    count(ring.OwnersAt(ends[i]), ArcWidth(ends, i));
  }
  return figures;
}

double CountMovedRatio(const v1::RingSpec& spec, const Nodes& before,
                       const Nodes& after) {
  const ReferenceRing a(spec, before), b(spec, after);
  if (after.empty()) return 0;
  absl::uint128 moved = 0, whole = 0;
  if (spec.layout() == v1::LAYOUT_MODULO) {
    const size_t n = std::max<size_t>(1, before.size());
    const size_t remainders = std::lcm(n, after.size());
    for (size_t i = 0; i < remainders; ++i) {
      moved += Gained(a.OwnersOfRemainder(i % n),
                      b.OwnersOfRemainder(i % after.size()));
    }
    whole = remainders;
  } else {
    const std::vector<uint64_t> ends = Ends(a, b);
    for (size_t i = 0; i < ends.size(); ++i) {
      moved +=
          ArcWidth(ends, i) * Gained(a.OwnersAt(ends[i]), b.OwnersAt(ends[i]));
    }
    whole = kHashSpace;
  }
  return RatioOf(moved, whole * b.owners_per_key());
}

double CountMinimumMovedRatio(const v1::RingSpec& spec, const Nodes& before,
                              const Nodes& after) {
  if (after.empty()) return 0;
  const ReferenceRing a(spec, before), b(spec, after);
  ReferenceFigures was, is = CountOwnership(spec, after);
  if (!before.empty()) was = CountOwnership(spec, before);
  double gained = 0;
  for (const auto& [id, owned] : is.owned) {
    const double part = RatioOf(owned, is.whole);
    const double part_before =
        before.empty() ? 0 : RatioOf(was.owned[id], was.whole);
    gained += std::max(0.0, part - part_before);
  }
  return gained / static_cast<double>(b.owners_per_key());
}

}  // namespace clockwise
