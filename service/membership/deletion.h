// The requests to delete and to restore a ring, and the checks of them.
// Stateless.
#ifndef CLOCKWISE_SERVICE_MEMBERSHIP_DELETION_H_
#define CLOCKWISE_SERVICE_MEMBERSHIP_DELETION_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "clockwise/stored/v1/stored.pb.h"
#include "clockwise/v1/placement.pb.h"
#include "service/membership/call_check.h"
#include "service/membership/ring_state.h"
#include "service/store/store.h"

namespace clockwise {

// The fields that both requests have.
struct RingRequest {
  std::string ring;
  std::string request_id;
  std::string reason;
  std::string actor;
  std::string stated_actor;  // not proved; "": none
  CallCheck check;           // of the call; not part of the request
};

struct DeletionRequest : RingRequest {
  uint64_t expected_epoch = 0;
  uint64_t expected_incarnation = 0;
  bool force = false;
  // Returns the number of open Watch streams on a ring. Null: there are none.
  std::function<uint64_t(const std::string& ring)> watch_streams;
};

struct UndeletionRequest : RingRequest {
  uint64_t incarnation = 0;  // 0: the ring that was deleted last
};

// Checks the fields of a request. FIELD_INVALID.
absl::Status ValidateRingRequest(const RingRequest& request);

// Returns a hash of the request. It distinguishes a retry from a reused
// request_id.
uint64_t DigestOfDeletion(const DeletionRequest& request);

// Checks that `request` may delete the ring in its present state.
// EPOCH_CONFLICT, FORCE_REQUIRED.
absl::Status CheckDeletion(const RingState& state,
                           const DeletionRequest& request);

// Returns the size of the ring's nodes, history and table, in bytes.
uint64_t DataBytes(const RingState& state);

// Returns a deleted ring as the API describes it.
v1::RingInfo InfoOf(const DeletedRing& ring);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_MEMBERSHIP_DELETION_H_
