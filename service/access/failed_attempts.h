// Counts failed attempts to be let in, by where they come from, so that tokens
// cannot be guessed at. Thread-safe.
#ifndef CLOCKWISE_SERVICE_ACCESS_FAILED_ATTEMPTS_H_
#define CLOCKWISE_SERVICE_ACCESS_FAILED_ATTEMPTS_H_

#include <chrono>
#include <cstdint>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "service/runtime/mutex.h"

namespace clockwise {

class FailedAttempts {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Whether `from` has failed so often within the last minute that it is not
  // heard until that is over.
  bool Blocked(absl::string_view from, Time now) const;
  void Count(absl::string_view from, Time now);

 private:
  struct Minute {
    Time start;
    uint32_t failed = 0;
  };

  mutable Mutex mu_;
  // No more than limits::kMaxBlockedPeers, and those that are over go first.
  absl::flat_hash_map<std::string, Minute> by_peer_ ABSL_GUARDED_BY(mu_);
};

// The part of a peer's address that is its machine's: of "ipv4:10.0.0.1:5123",
// "ipv4:10.0.0.1".
std::string MachineOf(absl::string_view peer);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_ACCESS_FAILED_ATTEMPTS_H_
