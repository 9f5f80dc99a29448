// What of the hash space one node owns, and what it gains and loses by a
// change. Stateless.
#ifndef CLOCKWISE_CLIENT_LIB_OWNED_RANGES_H_
#define CLOCKWISE_CLIENT_LIB_OWNED_RANGES_H_

#include <string>
#include <vector>

#include "client/lib/ring_view.h"
#include "clockwise/client.h"

namespace clockwise::client {

// The ranges of which `node_id` is one of the owners (as many as the ring's
// spec says), by start, disjoint, adjacent ones merged. The ring's layout has
// arcs. O(slots × owners).
std::vector<HashRange> OwnedRanges(const Ring& ring,
                                   const std::string& node_id);

// What of `ranges` is not in `others`; both as OwnedRanges returns them, so is
// the result.
std::vector<HashRange> Without(const std::vector<HashRange>& ranges,
                               const std::vector<HashRange>& others);

// What leads from `before` (null: nothing was known) to `after` for a node.
RingEvent EventFor(const std::string& node_id,
                   const std::shared_ptr<const RingView>& before,
                   const std::shared_ptr<const RingView>& after);

}  // namespace clockwise::client

#endif  // CLOCKWISE_CLIENT_LIB_OWNED_RANGES_H_
