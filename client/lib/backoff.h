// How long to wait before trying once more: doubling, with jitter, bounded. A
// value.
#ifndef CLOCKWISE_CLIENT_LIB_BACKOFF_H_
#define CLOCKWISE_CLIENT_LIB_BACKOFF_H_

#include <algorithm>

#include "absl/time/time.h"

namespace clockwise::client {

class Backoff {
 public:
  Backoff(absl::Duration first, absl::Duration longest)
      : first_(first), longest_(longest), next_(first) {}

  // The next wait. `random`, from 0 to 1, takes off up to half of it, so that
  // clients that lost a server together do not return together.
  absl::Duration Next(double random) {
    const absl::Duration wait = next_ * (1 - random / 2);
    next_ = std::min(next_ * 2, longest_);
    return wait;
  }

  // After progress.
  void Reset() { next_ = first_; }

 private:
  const absl::Duration first_;
  const absl::Duration longest_;
  absl::Duration next_;
};

}  // namespace clockwise::client

#endif  // CLOCKWISE_CLIENT_LIB_BACKOFF_H_
