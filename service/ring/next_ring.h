// Computes the ring that follows another when its nodes change. Stateless.
#ifndef CLOCKWISE_SERVICE_RING_NEXT_RING_H_
#define CLOCKWISE_SERVICE_RING_NEXT_RING_H_

#include <memory>

#include "absl/status/statusor.h"
#include "service/ring/node_list.h"
#include "service/ring/ring.h"
#include "service/ring/work_budget.h"

namespace clockwise {

// Returns the ring of `nodes` under the spec of `before`. In most layouts it
// depends on the nodes alone. PARTITIONED decides which partitions move, and
// moves as few as possible (service/ring/assign/assign.h).
//
// `migrating_from` is the ring from which keys migrate; null if there is none.
// A ring without nodes gets its first table from it: PARTITIONED keeps its
// owners where possible, if both rings hash alike. The same arguments produce
// the same ring on every machine.
//
// Cost: O(points) in most layouts. PARTITIONED: O(partitions × owners) for
// ordinary changes, but more if partitions have to be exchanged between many
// nodes. `budget` limits that; null is no limit.
//
// LIMIT_REACHED, NODES_UNPLACEABLE: as Ring::Build. LIMIT_REACHED, CANCELLED:
// the budget has ended, or the ring has more points than it allows.
absl::StatusOr<std::shared_ptr<const Ring>> NextRing(
    const Ring& before, NodeList nodes, const Ring* migrating_from = nullptr,
    WorkBudget* budget = nullptr);

// Returns the ring that a new ring of `spec` becomes when its first change adds
// `nodes`. Arguments and errors are those of NextRing.
absl::StatusOr<std::shared_ptr<const Ring>> FirstRing(
    const v1::RingSpec& spec, NodeList nodes,
    const Ring* migrating_from = nullptr, WorkBudget* budget = nullptr);

// LIMIT_REACHED: a ring would have more than `most` points.
absl::Status CheckPointsLeft(uint64_t points, uint64_t most);

// Checks whether a key has the same position in both rings, so that moves
// between them are ranges.
bool HashAlike(const Ring& a, const Ring& b);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_NEXT_RING_H_
