// Computes what moves between two rings: exact ranges and totals. Stateless.
#ifndef CLOCKWISE_SERVICE_RING_COMPARE_H_
#define CLOCKWISE_SERVICE_RING_COMPARE_H_

#include <cstddef>
#include <vector>

#include "clockwise/v1/placement.pb.h"
#include "service/ring/balance.h"
#include "service/ring/ring.h"
#include "service/ring/work_budget.h"

namespace clockwise {

// The fields are those of v1::Comparison.
struct Comparison {
  std::vector<v1::Move> moves;  // by position, adjacent ranges merged
  bool moves_truncated = false;
  // Exact even if `moves` is truncated.
  double moved_ratio = 0;
  // No assignment with the shares of `after` can move less. PARTITIONED: no
  // table that is as even and as distinct.
  double minimum_moved_ratio = 0;
  double handover_ratio = 0;
  std::vector<v1::Transfer> transfers;  // greatest first; of all moves
  bool transfers_truncated = false;
};

// Writes the lists, and whether they are truncated, to a v1::Comparison or
// v1::Delta.
template <typename Message>
void FillLists(const Comparison& comparison, Message& message) {
  message.mutable_moves()->Assign(comparison.moves.begin(),
                                  comparison.moves.end());
  message.set_moves_truncated(comparison.moves_truncated);
  message.mutable_transfers()->Assign(comparison.transfers.begin(),
                                      comparison.transfers.end());
  message.set_transfers_truncated(comparison.transfers_truncated);
}

// The relation of the second compared ring to the first.
enum class Relation {
  kAny,
  kNext,     // NextRing made it from the first
  kAnyFast,  // any; minimum_moved_ratio may be the bound from the shares
};

// Compares two rings of one layout, or two that hash alike (next_ring.h), for
// the number of owners in each ring's spec. Lists at most `max_moves` moves. 0:
// lists no transfers either. Layouts whose slots are not arcs list transfers
// but no moves. The ownerships must be those of the rings.
//
// O(points of both × owners), and for kAny and PARTITIONED the cost of
// NextRing. If `budget` ends then, minimum_moved_ratio is only the bound from
// the shares. Null is no limit.
Comparison Compare(const Ring& before, const Ownership& before_ownership,
                   const Ring& after, const Ownership& after_ownership,
                   size_t max_moves, Relation relation = Relation::kAny,
                   WorkBudget* budget = nullptr);

// Returns the nodes whose share differs, by ID.
std::vector<v1::ShareChange> ShareChanges(const Ring& before,
                                          const Ownership& before_ownership,
                                          const Ring& after,
                                          const Ownership& after_ownership);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_COMPARE_H_
