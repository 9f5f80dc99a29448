// What the log is told of a change that was made. Stateless.
#ifndef CLOCKWISE_SERVICE_RPC_LOG_CHANGE_H_
#define CLOCKWISE_SERVICE_RPC_LOG_CHANGE_H_

#include "absl/strings/string_view.h"
#include "clockwise/v1/placement.pb.h"

namespace clockwise {

// A line, and one more for each thing that could not be done in full. `meant`
// is the ring as the request named it.
void LogChange(absl::string_view meant, const v1::Change& change);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_LOG_CHANGE_H_
