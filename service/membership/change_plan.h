// Plans a change request: computes the state that the request leads to, without
// applying it. Stateless.
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
#include "service/membership/call_check.h"
#include "service/membership/edit.h"
#include "service/membership/ring_state.h"
#include "service/ring/work_budget.h"
#include "service/store/store.h"

namespace clockwise {

// The common form of AddNode, UpdateNode, RemoveNode, ApplyChanges,
// EndMigration and UndeleteRing.
struct ChangeRequest {
  std::string ring;  // empty: "default"
  std::vector<v1::NodeChange> changes;
  FieldNames fields = FieldNames::kMany;
  bool end_migration = false;  // instead of `changes`
  // Instead of `changes`: restores the ring after this deletion. With
  // end_migration, also ends its migration.
  std::optional<stored::v1::DeletionRecord> undeleted;
  std::string request_id;
  uint64_t expected_epoch = 0;
  uint64_t expected_incarnation = 0;
  bool validate_only = false;
  std::string reason;
  bool include_moves = false;
  std::string actor;         // proved
  std::string stated_actor;  // not proved; "": none
  CallCheck check;           // of the call; not part of the change
};

struct ChangePlan {
  std::shared_ptr<RingState> next;  // without history and counters; null if the
                                    // request changes nothing
  v1::Change change;                // the reply
  stored::v1::ChangeRecord record;  // the part of the change that history keeps
  ChangeKind kind = ChangeKind::kMixed;
};

// Checks the bounds of request_id and reason. FIELD_INVALID.
absl::Status ValidateRequest(const ChangeRequest& request);

// Plans `request`, accepted at `now`. `previous` is the ring that this one
// migrates from, or null. `budget` bounds the work; null is no bound.
// FIELD_INVALID, NODE_NOT_FOUND, NODE_EXISTS, NODES_UNPLACEABLE,
// EPOCH_CONFLICT, LIMIT_REACHED; the errors of the budget.
absl::StatusOr<ChangePlan> PlanChange(const RingState& state,
                                      const ChangeRequest& request,
                                      absl::Time now,
                                      const Ring* previous = nullptr,
                                      WorkBudget* budget = nullptr);

// Checks expected_incarnation and expected_epoch; 0: any. EPOCH_CONFLICT.
absl::Status CheckExpected(const RingState& state, uint64_t incarnation,
                           uint64_t epoch);

// Returns the change of a record in history, with `before` and added_ids, which
// follow from the nodes that the record keeps.
v1::Change ChangeOf(const stored::v1::ChangeRecord& record);

// Returns the reply to the first request with the request_id of `request`, or
// nullopt if history has none. REQUEST_ID_REUSED: the first request differs.
absl::StatusOr<std::optional<v1::Change>> FirstReply(
    const RingState& state, const ChangeRequest& request);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_MEMBERSHIP_CHANGE_PLAN_H_
