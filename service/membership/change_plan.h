// What a change request would make of a ring's state: the plan, computed and
// not made. Stateless.
#ifndef CLOCKWISE_SERVICE_MEMBERSHIP_CHANGE_PLAN_H_
#define CLOCKWISE_SERVICE_MEMBERSHIP_CHANGE_PLAN_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clockwise/v1/placement.pb.h"
#include "service/membership/edit.h"
#include "service/membership/ring_state.h"
#include "service/store/store.h"

namespace clockwise {

// AddNode, UpdateNode, RemoveNode, ApplyChanges and EndMigration, made one.
struct ChangeRequest {
  std::string ring;  // empty: "default"
  std::vector<v1::NodeChange> changes;
  FieldNames fields = FieldNames::kMany;
  bool end_migration = false;  // instead of changes
  std::string request_id;
  uint64_t expected_epoch = 0;
  bool validate_only = false;
  std::string reason;
  bool include_moves = false;
  std::string actor;
};

struct ChangePlan {
  std::shared_ptr<RingState> next;  // without history and counters; null if
                                    // there is nothing to change
  v1::Change change;                // the answer
  stored::v1::ChangeRecord record;  // what history keeps of it
  ChangeKind kind = ChangeKind::kMixed;
};

// The bounds of request_id and reason.
absl::Status ValidateRequest(const ChangeRequest& request);

// Plans `request`, accepted at `now`. `previous` is the ring that this one
// migrates from: null if it does not. FIELD_INVALID, NODE_NOT_FOUND,
// NODE_EXISTS, NODES_UNPLACEABLE, EPOCH_CONFLICT, LIMIT_REACHED.
absl::StatusOr<ChangePlan> PlanChange(const RingState& state,
                                      const ChangeRequest& request,
                                      absl::Time now,
                                      const Ring* previous = nullptr);

// The first answer to `request`, if its request_id is in history.
// REQUEST_ID_REUSED.
absl::StatusOr<std::optional<v1::Change>> FirstReply(
    const RingState& state, const ChangeRequest& request);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_MEMBERSHIP_CHANGE_PLAN_H_
