// What moves between two rings: exact ranges and totals.
// Stateless.
#ifndef CLOCKWISE_SERVICE_RING_COMPARE_H_
#define CLOCKWISE_SERVICE_RING_COMPARE_H_

#include <cstddef>
#include <vector>

#include "clockwise/v1/placement.pb.h"
#include "service/ring/balance.h"
#include "service/ring/ring.h"

namespace clockwise {

// Fields as in v1::Comparison.
struct Comparison {
  std::vector<v1::Move> moves;  // by position, adjacent ranges merged
  bool moves_truncated = false;
  // Exact, also when moves are truncated.
  double moved_ratio = 0;
  // No assignment with the shares of `after` (PARTITIONED: as even and as
  // spread) can move less.
  double minimum_moved_ratio = 0;
  double handover_ratio = 0;
  std::vector<v1::Transfer> transfers;  // greatest first; of all moves
  bool transfers_truncated = false;
};

// Puts the lists, and whether they are whole, into a v1::Comparison or
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

// How the second of two compared rings came to be.
enum class Relation {
  kAny,
  kNext,  // it is NextRing of the first
};

// Compares rings of one layout, or that hash alike (next_ring.h). Compares for
// the owners that each ring's spec asks for. At most `max_moves`
// moves are listed (0: no transfers either); MODULO's are no ranges, so none
// is. The ownerships are those of the rings. O(points of both × owners).
Comparison Compare(const Ring& before, const Ownership& before_ownership,
                   const Ring& after, const Ownership& after_ownership,
                   size_t max_moves, Relation relation = Relation::kAny);

// The nodes whose share is another one, by id.
std::vector<v1::ShareChange> ShareChanges(const Ring& before,
                                          const Ownership& before_ownership,
                                          const Ring& after,
                                          const Ownership& after_ownership);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_COMPARE_H_
