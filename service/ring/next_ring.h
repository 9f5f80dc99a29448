// The ring that follows another when its nodes change. Stateless.
#ifndef CLOCKWISE_SERVICE_RING_NEXT_RING_H_
#define CLOCKWISE_SERVICE_RING_NEXT_RING_H_

#include <memory>

#include "absl/status/statusor.h"
#include "service/ring/node_list.h"
#include "service/ring/ring.h"

namespace clockwise {

// The ring of `nodes` under the spec of `before`. In most layouts a function of
// the nodes alone; PARTITIONED decides which partitions move, and moves the
// least (service/ring/assign.h). A ring's first nodes follow on the ring
// without nodes, or on `migrating_from`, which keys come from: of its owners
// PARTITIONED keeps what it can, if both hash keys the same way (null: there is
// none). The same rings and nodes give the same ring on every machine.
// LIMIT_REACHED, NODES_UNPLACEABLE as Ring::Build.
absl::StatusOr<std::shared_ptr<const Ring>> NextRing(
    const Ring& before, NodeList nodes, const Ring* migrating_from = nullptr);

// Whether a key's position is the same in both rings, so that what moves from
// one to the other is ranges.
bool HashAlike(const Ring& a, const Ring& b);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_NEXT_RING_H_
