// ComputeSlots lets one heavy request compute at a time, so that threads of the
// HTTP port stay free for Prometheus and probes. Thread-safe.
#ifndef CLOCKWISE_SERVICE_HTTP_API_COMPUTE_SLOTS_H_
#define CLOCKWISE_SERVICE_HTTP_API_COMPUTE_SLOTS_H_

#include <atomic>
#include <chrono>
#include <mutex>

#include "absl/status/statusor.h"
#include "service/api/refusal.h"
#include "service/limits.h"

namespace clockwise {

class ComputeSlots {
 public:
  // Waits for the slot and returns it. The slot is released when the Turn is
  // destroyed. OVERLOADED: too many requests wait, or the slot is not free
  // within two seconds.
  using Turn = std::unique_lock<std::timed_mutex>;
  absl::StatusOr<Turn> Take() {
    if (waiting_.fetch_add(1) < limits::kHttpWaiting) {
      Turn turn(mu_, kPatience);
      --waiting_;
      if (turn.owns_lock()) return turn;
    } else {
      --waiting_;
    }
    return Refusal(v1::ERROR_REASON_OVERLOADED,
                   "the server is computing other requests; retry in 1 second");
  }

 private:
  static constexpr std::chrono::seconds kPatience{2};

  std::timed_mutex mu_;
  std::atomic<int> waiting_ = 0;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_HTTP_API_COMPUTE_SLOTS_H_
