// Backoff computes the wait before the next attempt: it doubles, has jitter and
// is bounded. Thread-compatible.
#ifndef CLOCKWISE_CLIENT_LIB_BACKOFF_H_
#define CLOCKWISE_CLIENT_LIB_BACKOFF_H_

#include <algorithm>

#include "absl/time/time.h"

namespace clockwise::client {

class Backoff {
 public:
  Backoff(absl::Duration first, absl::Duration longest)
      : first_(first), longest_(longest), next_(first) {}

  // Returns the next wait. `random`, from 0 to 1, shortens it by up to half, so
  // that clients that lost a server together do not return together.
  absl::Duration Next(double random) {
    const absl::Duration wait = next_ * (1 - random / 2);
    next_ = std::min(next_ * 2, longest_);
    return wait;
  }

  // Starts again with the first wait. Call it after progress.
  void Reset() { next_ = first_; }

 private:
  const absl::Duration first_;
  const absl::Duration longest_;
  absl::Duration next_;
};

}  // namespace clockwise::client

#endif  // CLOCKWISE_CLIENT_LIB_BACKOFF_H_
