// Deletes a ring of a Membership, even if it has nodes.
#ifndef CLOCKWISE_TESTS_SUPPORT_DELETE_RING_H_
#define CLOCKWISE_TESTS_SUPPORT_DELETE_RING_H_

#include <string>

#include "absl/status/status.h"
#include "service/membership/call_check.h"
#include "service/membership/deletion.h"
#include "service/membership/membership.h"

namespace clockwise {

inline absl::Status DeleteRing(Membership& membership, const std::string& ring,
                               const CallCheck& check = nullptr) {
  DeletionRequest request;
  request.ring = ring;
  request.force = true;
  request.check = check;
  return membership.DeleteRing(request).status();
}

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_SUPPORT_DELETE_RING_H_
