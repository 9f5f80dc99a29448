// States from what a store tells: all of a ring, or what changed since.
// Stateless.
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

// The state that `stored` describes. FailedPrecondition, in words for an
// operator: the ring built from it has another fingerprint than was stored.
absl::StatusOr<std::shared_ptr<RingState>> RestoreState(
    const StoredRing& stored);

// The state after `records`, which follow `state` one by one. It has their
// history, and no counters. FailedPrecondition: they lead to a ring of another
// fingerprint than the last of them carries, so the whole must be read again.
absl::StatusOr<std::shared_ptr<RingState>> Advance(
    const RingState& state,
    const std::vector<stored::v1::ChangeRecord>& records);

// A table of ordinals as Ring::Build takes it; empty in other layouts than
// PARTITIONED. STORE_UNAVAILABLE: it is none of these nodes.
absl::StatusOr<std::vector<uint32_t>> TableOf(const v1::RingSpec& spec,
                                              const OrdinalTable& table,
                                              const NodeList& nodes);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_MEMBERSHIP_RESTORE_H_
