#include "service/ring/balance.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "service/limits.h"

namespace clockwise {
namespace {

// Returns each of `parts` divided by their sum `all`.
std::vector<double> Ratios(const std::vector<absl::uint128>& parts,
                           absl::uint128 all) {
  std::vector<double> ratios;
  ratios.reserve(parts.size());
  for (const absl::uint128 part : parts) {
    ratios.push_back(static_cast<double>(part) / static_cast<double>(all));
  }
  return ratios;
}

v1::Balance BalanceOfShares(const Ring& ring,
                            const std::vector<double>& shares) {
  v1::Balance balance;
  if (shares.empty()) return balance;
  double weights = 0;
  for (const NodePtr& node : ring.nodes()) weights += node->weight();
  std::vector<double> ratios;
  double mean = 0;
  for (size_t i = 0; i < shares.size(); ++i) {
    const uint32_t weight = ring.nodes()[i]->weight();
    if (weight > 0) ratios.push_back(shares[i] * weights / weight);
  }
  if (ratios.empty()) return balance;
  for (const double ratio : ratios) {
    mean += ratio / static_cast<double>(ratios.size());
  }
  double variance = 0;
  for (const double ratio : ratios) {
    variance +=
        (ratio - mean) * (ratio - mean) / static_cast<double>(ratios.size());
  }
  balance.set_peak_to_mean(*std::max_element(ratios.begin(), ratios.end()));
  balance.set_min_to_mean(*std::min_element(ratios.begin(), ratios.end()));
  balance.set_stddev(std::sqrt(variance));
  return balance;
}

}  // namespace

Ownership Measure(const Ring& ring) {
  Ownership ownership;
  const size_t nodes = ring.nodes().size();
  ownership.owned.resize(nodes);
  ownership.primaries.resize(nodes);
  ownership.owners = ring.OwnersPerKey(0);
  ownership.whole = ring.whole();
  if (nodes == 0) return ownership;
  std::array<uint32_t, limits::kMaxReplicas> buffer;
  const std::span<uint32_t> owners(buffer.data(), ownership.owners);
  for (size_t slot = 0; slot < ring.slots(); ++slot) {
    const absl::uint128 width = ring.SlotWidth(slot);
    ring.OwnersFrom(slot, owners);
    ownership.primaries[owners[0]] += width;
    for (const uint32_t owner : owners) ownership.owned[owner] += width;
  }
  return ownership;
}

std::vector<double> Shares(const Ownership& ownership) {
  return Ratios(ownership.owned, ownership.whole * ownership.owners);
}

v1::Balance BalanceOf(const Ring& ring, const Ownership& ownership) {
  return BalanceOfShares(ring, Shares(ownership));
}

v1::Balance PrimaryBalanceOf(const Ring& ring, const Ownership& ownership) {
  return BalanceOfShares(ring, Ratios(ownership.primaries, ownership.whole));
}

namespace {

// Returns the bound for the numbers of points of all nodes.
double PeakOfPoints(std::span<const double> points) {
  double fewest = 0;
  for (const double count : points) {
    if (count > 0 && (fewest == 0 || count < fewest)) fewest = count;
  }
  if (fewest == 0) return kEvenPeak;
  const auto nodes = static_cast<double>(points.size());
  const double z = std::sqrt(2 * std::log(nodes)) + 3;
  const double root = 1 - 1 / (9 * fewest) + z / (3 * std::sqrt(fewest));
  return std::max(kEvenPeak, root * root * root);
}

}  // namespace

double ExpectedPeak(const LayoutRule& rule,
                    std::span<const uint32_t> point_nodes, size_t nodes,
                    double peak) {
  if (rule.slot_rule != SlotRule::kFirstEnd) return std::max(kEvenPeak, peak);
  std::vector<double> points(nodes);
  for (const uint32_t node : point_nodes) {
    if (node < points.size()) ++points[node];
  }
  return PeakOfPoints(points);
}

double ExpectedPeak(const Ring& ring, double peak) {
  const v1::RingSpec& spec = ring.spec();
  if (spec.layout() != v1::LAYOUT_HASHED) {
    return ExpectedPeak(ring.rule(), ring.slot_nodes(), ring.nodes().size(),
                        peak);
  }
  std::vector<double> points;
  points.reserve(ring.nodes().size());
  for (const NodePtr& node : ring.nodes()) {
    points.push_back(static_cast<double>(uint64_t{node->weight()} *
                                         spec.virtual_node_count()));
  }
  return PeakOfPoints(points);
}

}  // namespace clockwise
