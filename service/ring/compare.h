// What moves between two rings of one layout: exact ranges and totals.
// Stateless.
#ifndef CLOCKWISE_SERVICE_RING_COMPARE_H_
#define CLOCKWISE_SERVICE_RING_COMPARE_H_

#include <cstddef>
#include <vector>

#include "clockwise/v1/placement.pb.h"
#include "service/ring/balance.h"
#include "service/ring/ring.h"

namespace clockwise {

// Fields as in v1::Change.
struct Comparison {
  std::vector<v1::Move> moves;  // by position, adjacent ranges merged
  bool moves_truncated = false;
  double moved_ratio = 0;          // exact, also when moves are truncated
  double minimum_moved_ratio = 0;  // no assignment with the shares of `after`
                                   // can move less
};

// Compares for the owners that each ring's spec asks for. At most `max_moves`
// moves are listed; MODULO's are no ranges, so none is. The ownerships are
// those of the rings. O(points of both × owners).
Comparison Compare(const Ring& before, const Ownership& before_ownership,
                   const Ring& after, const Ownership& after_ownership,
                   size_t max_moves);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_COMPARE_H_
