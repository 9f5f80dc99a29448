// The table of the layout PARTITIONED after a change: which nodes own each
// partition. Stateless.
//
// All at once:
//   distinct  no node owns a partition twice; its owners are in as many zones
//   as
//             there can be: min(owners, zones).
//   even      each node has its quota of all owner slots (quota.h), which is
//             within one of what is due to its weight; and of primaries.
//   least     no table that is as distinct and as even moves fewer owner slots.
//
// How. Of the table before, as much is kept as any such table could keep: a row
// in which zones collide gives up the owner that has most above its quota;
// nodes above their quota give up what they have too many. Each slot that is
// empty then costs one move, and no table can do with fewer. Most are filled
// directly by a node with room; what is left, by a cheapest exchange
// (min_cost_exchange.h), which keeps the sum of costs the least there is.
//
// Primaries are chosen after that among each partition's owners in the same
// manner: even, and as many as before keep their place.
#ifndef CLOCKWISE_SERVICE_RING_ASSIGN_ASSIGN_H_
#define CLOCKWISE_SERVICE_RING_ASSIGN_ASSIGN_H_

#include <cstdint>
#include <vector>

#include "service/ring/assign/replica_rows.h"
#include "service/ring/node_list.h"

namespace clockwise {

// Indexes of `nodes`, `owners` a row, in no order within a row but that nodes
// which stay keep their places. 1 <= owners <= nodes. `seed` decides among
// choices that are all the same.
std::vector<uint32_t> AssignReplicas(const NodeList& nodes,
                                     const RowsBefore& before, size_t rows,
                                     size_t owners, uint64_t seed);

// Puts each row's primary first.
void AssignPrimaries(const NodeList& nodes, const RowsBefore& before,
                     size_t owners, uint64_t seed,
                     std::vector<uint32_t>& table);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_ASSIGN_ASSIGN_H_
