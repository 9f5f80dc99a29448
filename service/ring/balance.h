// How evenly a ring spreads the hash space: ownership computed exactly from the
// slots, in integers, not sampled. Stateless.
#ifndef CLOCKWISE_SERVICE_RING_BALANCE_H_
#define CLOCKWISE_SERVICE_RING_BALANCE_H_

#include <cstddef>
#include <vector>

#include "absl/numeric/int128.h"
#include "clockwise/v1/placement.pb.h"
#include "service/ring/ring.h"

namespace clockwise {

// How much of the hash space each node owns, in the ring's own units
// (Ring::SlotWidth), in the order of Ring::nodes().
struct Ownership {
  std::vector<absl::uint128> owned;      // as any owner; sum: whole × owners
  std::vector<absl::uint128> primaries;  // as primary; sum: whole
  size_t owners = 0;                     // per key: min(replicas, nodes)
  absl::uint128 whole = 0;               // the ring's
};

// Counts, for the owners that the ring's spec asks for. O(points × owners).
Ownership Measure(const Ring& ring);

// Each node's part of hash space × owners; sum 1. Empty for an empty ring.
std::vector<double> Shares(const Ownership& ownership);

// Of shares over all owners, and of primaries alone.
v1::Balance BalanceOf(const Ring& ring, const Ownership& ownership);
v1::Balance PrimaryBalanceOf(const Ring& ring, const Ownership& ownership);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_BALANCE_H_
