// What a change moved, as Change and CompareEpochsResponse tell it: their
// fields have the same names. Stateless.
#ifndef CLOCKWISE_SERVICE_MEMBERSHIP_COMPARISON_H_
#define CLOCKWISE_SERVICE_MEMBERSHIP_COMPARISON_H_

#include <string>
#include <utility>
#include <vector>

#include "service/limits.h"
#include "service/membership/ring_state.h"
#include "service/ring/compare.h"
#include "service/ring/partition_moves.h"
#include "service/ring/spread.h"

namespace clockwise {

// Fills the figures, and with `include_moves` the lists, each bounded by
// limits.
template <typename Message>
void FillComparison(const MeasuredRing& before, const MeasuredRing& after,
                    Relation relation, bool include_moves, Message& message) {
  const Comparison comparison =
      Compare(*before.ring, before.ownership, *after.ring, after.ownership,
              include_moves ? limits::kMaxMoves : 0, relation);
  message.set_moved_ratio(comparison.moved_ratio);
  message.set_minimum_moved_ratio(comparison.minimum_moved_ratio);
  message.set_handover_ratio(comparison.handover_ratio);
  *message.mutable_balance_before() = before.balance;
  *message.mutable_balance_after() = after.balance;
  message.set_zone_shortfall_before(before.zone_shortfall);
  message.set_zone_shortfall_after(after.zone_shortfall);
  message.set_partition_count(
      static_cast<uint32_t>(PartitionsOf(after.ring->spec())));
  message.set_zone_count(CountZones(*after.ring));
  message.clear_capped_ids();  // an answer that is given again has them
  for (std::string& id : CappedIds(*after.ring, after.ownership)) {
    message.add_capped_ids(std::move(id));
  }
  if (!include_moves) return;
  FillLists(comparison, message);
  const std::vector<v1::ShareChange> shares = ShareChanges(
      *before.ring, before.ownership, *after.ring, after.ownership);
  message.mutable_share_changes()->Assign(shares.begin(), shares.end());
}

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_MEMBERSHIP_COMPARISON_H_
