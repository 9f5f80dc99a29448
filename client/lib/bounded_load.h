// BoundedLoad is consistent hashing with bounded loads (Mirrokni, Thorup,
// Zadimoghaddam 2018; HAProxy's hash-balance-factor). It skips nodes that
// already have their fair share. Thread-safe.
#ifndef CLOCKWISE_CLIENT_LIB_BOUNDED_LOAD_H_
#define CLOCKWISE_CLIENT_LIB_BOUNDED_LOAD_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "client/lib/mirror.h"
#include "clockwise/client.h"
#include "service/runtime/mutex.h"

namespace clockwise {

class BoundedLoad : public std::enable_shared_from_this<BoundedLoad> {
 public:
  // Implements Client::Acquire for `view`. Leases are counted by node id and
  // stay when the ring changes. Leases on nodes that have left the ring are not
  // part of the total.
  absl::StatusOr<Lease> Acquire(const client::RingViewPtr& view,
                                std::string_view key, double factor);

 private:
  struct Load {
    uint64_t in_flight = 0;
    bool in_ring = false;
  };

  // Replaces the ring, unless `view` is older than the present one.
  void TakeRing(const client::RingViewPtr& view)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Returns the first node clockwise from `slot` that can accept one more
  // lease.
  size_t Choose(size_t slot, double factor) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Release(Load& load);

  Mutex mu_;
  client::RingViewPtr view_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<std::string, std::shared_ptr<Load>> loads_
      ABSL_GUARDED_BY(mu_);
  std::vector<std::shared_ptr<Load>> of_node_ ABSL_GUARDED_BY(mu_);
  uint64_t in_flight_ ABSL_GUARDED_BY(mu_) = 0;  // leases on nodes of the ring
  double weights_ ABSL_GUARDED_BY(mu_) = 0;      // sum over these nodes
};

}  // namespace clockwise

#endif  // CLOCKWISE_CLIENT_LIB_BOUNDED_LOAD_H_
