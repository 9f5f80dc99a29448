#include "service/membership/comparison.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "service/limits.h"
#include "service/ring/partition_moves.h"
#include "service/ring/spread.h"

namespace clockwise {

v1::Comparison ComparisonOf(const MeasuredRing& before,
                            const MeasuredRing& after, Relation relation,
                            bool include_moves, WorkBudget* budget) {
  const Comparison comparison =
      Compare(*before.ring, before.ownership, *after.ring, after.ownership,
              include_moves ? limits::kMaxMoves : 0, relation, budget);
  v1::Comparison message;
  message.set_moved_ratio(comparison.moved_ratio);
  message.set_minimum_moved_ratio(comparison.minimum_moved_ratio);
  message.set_handover_ratio(comparison.handover_ratio);
  *message.mutable_balance_before() = before.balance;
  *message.mutable_balance_after() = after.balance;
  *message.mutable_primary_balance_before() = before.primary_balance;
  *message.mutable_primary_balance_after() = after.primary_balance;
  message.set_zone_shortfall_before(before.zone_shortfall);
  message.set_zone_shortfall_after(after.zone_shortfall);
  message.set_partition_count(
      static_cast<uint32_t>(PartitionsOf(after.ring->spec())));
  message.set_zone_count(CountZones(*after.ring));
  for (std::string& id : CappedIds(*after.ring, after.ownership)) {
    message.add_capped_ids(std::move(id));
  }
  if (!include_moves) return message;
  FillLists(comparison, message);
  const std::vector<v1::ShareChange> shares = ShareChanges(
      *before.ring, before.ownership, *after.ring, after.ownership);
  message.mutable_share_changes()->Assign(shares.begin(), shares.end());
  return message;
}

}  // namespace clockwise
