// What moves when keys go over from a ring to one in another layout. Stateless.
#ifndef CLOCKWISE_SERVICE_RING_COMPARE_LAYOUTS_H_
#define CLOCKWISE_SERVICE_RING_COMPARE_LAYOUTS_H_

#include "service/ring/compare.h"

namespace clockwise {

// Exact. Of rings that hash alike as Compare. Of others, whose hashes of a key
// know nothing of each other, a node's part of another's keys is the product of
// their shares: then `transfers` are of primaries, and no move is a range.
Comparison CompareLayouts(const Ring& before, const Ownership& before_ownership,
                          const Ring& after, const Ownership& after_ownership);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_COMPARE_LAYOUTS_H_
