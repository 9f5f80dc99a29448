// Converts times to the forms that messages use. Stateless.
#ifndef CLOCKWISE_SERVICE_MEMBERSHIP_TIMESTAMP_H_
#define CLOCKWISE_SERVICE_MEMBERSHIP_TIMESTAMP_H_

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>

#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"

namespace clockwise {

// Converts a time. protobuf's own conversion uses nanoseconds, which end in
// 2262, but a certificate may expire later.
inline google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  const int64_t seconds = absl::ToUnixSeconds(time);  // rounds down
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(seconds);
  timestamp.set_nanos(static_cast<int32_t>(
      absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
  return timestamp;
}

// Returns `age` as the unconfirmed_ms of messages: at most the largest uint32
// (49 days). It is rounded up, so a ring is never reported as newer than it is.
inline uint32_t UnconfirmedMs(std::chrono::steady_clock::duration age) {
  return static_cast<uint32_t>(std::clamp<int64_t>(
      std::chrono::ceil<std::chrono::milliseconds>(age).count(), 0,
      std::numeric_limits<uint32_t>::max()));
}

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_MEMBERSHIP_TIMESTAMP_H_
