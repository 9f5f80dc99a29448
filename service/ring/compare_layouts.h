// Computes what moves when keys migrate to a ring of another layout. Stateless.
#ifndef CLOCKWISE_SERVICE_RING_COMPARE_LAYOUTS_H_
#define CLOCKWISE_SERVICE_RING_COMPARE_LAYOUTS_H_

#include "service/ring/compare.h"

namespace clockwise {

// Returns the exact comparison. For rings that hash alike, it is that of
// Compare. Otherwise the two hashes of a key are independent. Then the fraction
// of keys that one node has before and another after is the product of their
// shares. In that case, `transfers` are those of primaries, and no move is a
// range.
Comparison CompareLayouts(const Ring& before, const Ownership& before_ownership,
                          const Ring& after, const Ownership& after_ownership);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_COMPARE_LAYOUTS_H_
