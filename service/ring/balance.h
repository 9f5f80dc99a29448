// Measures how evenly a ring divides the hash space. Ownership is computed
// exactly from the slots, in integers, not sampled. Stateless.
#ifndef CLOCKWISE_SERVICE_RING_BALANCE_H_
#define CLOCKWISE_SERVICE_RING_BALANCE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/numeric/int128.h"
#include "clockwise/v1/placement.pb.h"
#include "service/ring/layout.h"
#include "service/ring/ring.h"

namespace clockwise {

// The part of the hash space that each node owns, in the ring's own units
// (Ring::SlotWidth), in the order of Ring::nodes().
struct Ownership {
  std::vector<absl::uint128> owned;      // as any owner; sum: whole × owners
  std::vector<absl::uint128> primaries;  // as primary; sum: whole
  size_t owners = 0;                     // per key: min(replicas, nodes)
  absl::uint128 whole = 0;               // of the ring
};

// Measures ownership for the number of owners in the ring's spec. O(points ×
// owners).
Ownership Measure(const Ring& ring);

// Returns each node's fraction of hash space × owners. The sum is 1. Empty for
// an empty ring.
std::vector<double> Shares(const Ownership& ownership);

// Return the balance of shares over all owners, and over primaries only.
v1::Balance BalanceOf(const Ring& ring, const Ownership& ownership);
v1::Balance PrimaryBalanceOf(const Ring& ring, const Ownership& ownership);

// A ring up to this peak-to-mean is never a problem. A layout without points
// can reach it with every membership.
inline constexpr double kEvenPeak = 1.25;

// Returns the largest peak-to-mean that a ring of the layout is expected to
// reach. `point_nodes` are the owners of its points, from 0 to `nodes` - 1, and
// `peak` is its peak-to-mean.
//
// The share of a node with P random points is about a gamma variable of shape
// P, and the largest of n nodes is at z = sqrt(2 ln n) standard deviations. The
// bound is the gamma quantile at z + 3, by Wilson and Hilferty's approximation:
// (1 - 1/(9P) + z/(3 sqrt P))^3. Fewer than one ring in 1,000 is above it. For
// three nodes of 160 points (nginx) it is 1.40. Other layouts place whole slots
// as evenly as zones and weights permit, so what they reach is expected.
// O(points).
double ExpectedPeak(const LayoutRule& rule,
                    std::span<const uint32_t> point_nodes, size_t nodes,
                    double peak);
// The same for a ring. O(nodes) for HASHED, because each change computes it.
double ExpectedPeak(const Ring& ring, double peak);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_BALANCE_H_
