// ByteBudget bounds the memory of calls that wait: requests that are queued,
// and answers that clients have not read yet. Thread-safe.
//
// A client (a connection) may hold half of the budget. A single request or
// answer above that is possible while nothing else is held, so that the largest
// ring can be read.
#ifndef CLOCKWISE_SERVICE_RPC_BYTE_BUDGET_H_
#define CLOCKWISE_SERVICE_RPC_BYTE_BUDGET_H_

#include <cstddef>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "service/metrics/rpc_stats.h"
#include "service/runtime/mutex.h"

namespace clockwise {

class ByteBudget {
 public:
  // A part of the budget. It is returned when the Lease is destroyed.
  class Lease {
   public:
    Lease() = default;
    Lease(Lease&& other) noexcept { *this = std::move(other); }
    Lease& operator=(Lease&& other) noexcept;
    ~Lease();

   private:
    friend class ByteBudget;
    Lease(ByteBudget* budget, const std::string& peer, size_t bytes)
        : budget_(budget), peer_(peer), bytes_(bytes) {}

    ByteBudget* budget_ = nullptr;  // null: nothing is held
    std::string peer_;
    size_t bytes_ = 0;
  };

  // `bytes`: of all clients. Counts in `stats` what is held and rejected.
  ByteBudget(size_t bytes, RpcStats& stats) : most_(bytes), stats_(stats) {}
  ByteBudget(const ByteBudget&) = delete;
  ByteBudget& operator=(const ByteBudget&) = delete;

  // Takes `bytes` for a message; nothing for a message of up to kSmallBytes.
  // OVERLOADED: the client, or all clients, hold too much.
  absl::StatusOr<Lease> Take(const std::string& peer, size_t bytes);

 private:
  void Return(const std::string& peer, size_t bytes);

  const size_t most_;
  RpcStats& stats_;
  Mutex mu_;
  size_t held_ ABSL_GUARDED_BY(mu_) = 0;
  absl::flat_hash_map<std::string, size_t> by_peer_ ABSL_GUARDED_BY(mu_);
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_BYTE_BUDGET_H_
