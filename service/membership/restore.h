// Builds ring states from what a store returns: a whole ring, or its latest
// changes. Stateless.
#ifndef CLOCKWISE_SERVICE_MEMBERSHIP_RESTORE_H_
#define CLOCKWISE_SERVICE_MEMBERSHIP_RESTORE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "clockwise/stored/v1/stored.pb.h"
#include "clockwise/v1/placement.pb.h"
#include "service/membership/ring_state.h"
#include "service/ring/node_list.h"
#include "service/ring/partition_moves.h"
#include "service/store/store.h"

namespace clockwise {

// Builds the state that `stored` describes. FAILED_PRECONDITION: this version
// does not know the layout, or the data is damaged, because the table or the
// fingerprint does not fit the nodes. The message is for operators.
absl::StatusOr<std::shared_ptr<RingState>> RestoreState(
    const StoredRing& stored);

// Returns `state` as a store keeps it: the inverse of RestoreState.
StoredRing StoredOf(const RingState& state);

// Returns the state after `records`, which follow `state` one by one. It has
// their history, and no counters. FAILED_PRECONDITION: the records are empty or
// have a gap, or lead to another fingerprint than the last one has. The caller
// must load the whole ring.
absl::StatusOr<std::shared_ptr<RingState>> Advance(
    const RingState& state,
    const std::vector<stored::v1::ChangeRecord>& records);

// Converts a table of ordinals to the form that Ring::Build requires. It is
// empty for layouts other than PARTITIONED. STORE_UNAVAILABLE: it does not fit
// `nodes`.
absl::StatusOr<std::vector<uint32_t>> TableOf(const v1::RingSpec& spec,
                                              const OrdinalTable& table,
                                              const NodeList& nodes);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_MEMBERSHIP_RESTORE_H_
