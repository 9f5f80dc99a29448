// FailedAttempts counts failed authentications by network, so that tokens
// cannot be guessed. Thread-safe.
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

  // True if `from` has failed kMaxFailedAttempts times within the minute that
  // began with its first failure. Its tokens are not checked until the minute
  // is over.
  bool Blocked(absl::string_view from, Time now) const;
  void Count(absl::string_view from, Time now);

 private:
  struct Minute {
    Time start;
    uint32_t failed = 0;
  };

  mutable Mutex mu_;
  // At most limits::kMaxBlockedPeers. Peers whose minute is over are removed
  // first.
  absl::flat_hash_map<std::string, Minute> by_peer_ ABSL_GUARDED_BY(mu_);
};

// Returns the network of a peer's address, as gRPC writes it. All addresses of
// a network may belong to one client:
//   ipv4:10.0.0.1:5123       ipv4:10.0.0.1
//   ipv6:[2001:db8::1]:5123  ipv6:2001:db8::/64
//   ipv4:127.0.0.9:5123, ipv6:[::1]:5123   loopback
// An IPv4 address within IPv6 (::ffff:10.0.0.1) is an IPv4 address. Other text
// is returned unchanged.
std::string NetworkOf(absl::string_view peer);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_ACCESS_FAILED_ATTEMPTS_H_
