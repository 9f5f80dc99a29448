// Assigns the owners of each partition of a PARTITIONED ring after a change.
// Stateless. README.md in this folder has the method and the proof.
//
// The table fulfils three conditions at once:
//   distinct  No node owns a partition twice. The owners of a partition are in
//             as many zones as possible: min(owners, zones).
//   even      Each node has its quota of all owner slots (quota.h), which is
//             its fair share rounded down or up. The same holds for primaries.
//   least     No table that is as distinct and as even moves fewer owner slots.
//
// Method: keep as much of the previous table as any such table can. A row with
// too many nodes of one zone gives up the owner that is most above its quota.
// Nodes above their quota give up the surplus. Unless zones collided, each
// empty slot then costs at least one move. Most empty slots are filled directly
// by a node with room, for one move. The rest are filled by cheapest exchanges
// (min_cost_exchange.h), which keep the total cost at its minimum.
//
// Primaries are chosen afterwards among the owners of each partition by the
// same method: even, with as many unchanged primaries as possible.
#ifndef CLOCKWISE_SERVICE_RING_ASSIGN_ASSIGN_H_
#define CLOCKWISE_SERVICE_RING_ASSIGN_ASSIGN_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "service/ring/assign/replica_rows.h"
#include "service/ring/node_list.h"
#include "service/ring/work_budget.h"

namespace clockwise {

// How long exchanges are sought one by one before many are sought at once, in
// units of Exchanges::PatienceUnit. Ordinary changes need less. It decides
// between equally good tables, so only tests set another number.
inline constexpr uint64_t kPatience = 1;

// Returns a table of indexes into `nodes`, `owners` per row. A node that stays
// keeps its place in the row; the order is otherwise arbitrary. Requires 1 <=
// owners <= nodes. `seed` decides between equally good choices. Errors: those
// of `budget`.
absl::StatusOr<std::vector<uint32_t>> AssignReplicas(
    const NodeList& nodes, const RowsBefore& before, size_t rows, size_t owners,
    uint64_t seed, WorkBudget& budget, uint64_t patience = kPatience);

// Moves the primary of each row to the front. The other owners keep their
// order. Errors: those of `budget`; the table is unchanged then.
[[nodiscard]] absl::Status AssignPrimaries(const NodeList& nodes,
                                           const RowsBefore& before,
                                           size_t owners, uint64_t seed,
                                           WorkBudget& budget,
                                           std::vector<uint32_t>& table,
                                           uint64_t patience = kPatience);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_ASSIGN_ASSIGN_H_
