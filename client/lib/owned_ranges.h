// Functions that compute the ranges of the hash space that a node owns, gains
// and loses. Stateless.
#ifndef CLOCKWISE_CLIENT_LIB_OWNED_RANGES_H_
#define CLOCKWISE_CLIENT_LIB_OWNED_RANGES_H_

#include <string>
#include <vector>

#include "client/lib/ring_view.h"
#include "clockwise/client.h"

namespace clockwise::client {

// Returns the ranges that `node_id` owns (with the ring's replica count),
// sorted by start, disjoint, adjacent ranges merged. The ring's layout must
// have arcs. Cost: O(slots × owners).
std::vector<HashRange> OwnedRanges(const Ring& ring,
                                   const std::string& node_id);

// Returns the parts of `ranges` that are not in `others`. Both, and the result,
// have the form of OwnedRanges.
std::vector<HashRange> Without(const std::vector<HashRange>& ranges,
                               const std::vector<HashRange>& others);

// Returns the effect on a node of the change from `before` to `after`. `before`
// is null if no ring was known.
RingEvent EventFor(const std::string& node_id,
                   const std::shared_ptr<const RingView>& before,
                   const std::shared_ptr<const RingView>& after);

}  // namespace clockwise::client

#endif  // CLOCKWISE_CLIENT_LIB_OWNED_RANGES_H_
