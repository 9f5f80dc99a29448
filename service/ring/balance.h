// Measures how evenly a ring divides the hash space. Ownership is computed
// exactly from the slots, in integers, not sampled. Stateless.
#ifndef CLOCKWISE_SERVICE_RING_BALANCE_H_
#define CLOCKWISE_SERVICE_RING_BALANCE_H_

#include <cstddef>
#include <vector>

#include "absl/numeric/int128.h"
#include "clockwise/v1/placement.pb.h"
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

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_BALANCE_H_
