// Logs changes and deletions of rings. Stateless.
#ifndef CLOCKWISE_SERVICE_RPC_CHANGE_LOG_H_
#define CLOCKWISE_SERVICE_RPC_CHANGE_LOG_H_

#include "absl/strings/string_view.h"
#include "clockwise/v1/placement.pb.h"

namespace clockwise {

// Logs a change that was made, and a warning for each goal that it does not
// reach. `meant` is the name of the ring in the request.
void LogChange(absl::string_view meant, const v1::Change& change);

void LogDeletion(const v1::RingInfo& ring);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_CHANGE_LOG_H_
