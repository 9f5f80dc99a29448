// Times as messages bear them. Stateless.
#ifndef CLOCKWISE_SERVICE_MEMBERSHIP_TIMESTAMP_H_
#define CLOCKWISE_SERVICE_MEMBERSHIP_TIMESTAMP_H_

#include <cstdint>

#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"

namespace clockwise {

// protobuf's own way goes over nanoseconds, and ends in 2262; certificates do
// not.
inline google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  const int64_t seconds = absl::ToUnixSeconds(time);  // rounds down
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(seconds);
  timestamp.set_nanos(static_cast<int32_t>(
      absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
  return timestamp;
}

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_MEMBERSHIP_TIMESTAMP_H_
