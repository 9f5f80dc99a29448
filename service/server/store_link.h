// StoreLink keeps a server's rings up to date with a store that several servers
// share. It first loads all rings, and repeats this until it succeeds. It logs
// when the store becomes unavailable, and when it is available again. The
// objects that the constructor receives must outlive it. It runs on a thread of
// the store, until it is destroyed.
//
// The destructor interrupts the store, so that a call to an unavailable store
// does not delay the exit of the program, and is not logged.
#ifndef CLOCKWISE_SERVICE_SERVER_STORE_LINK_H_
#define CLOCKWISE_SERVICE_SERVER_STORE_LINK_H_

#include <atomic>
#include <chrono>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "clockwise/v1/placement.pb.h"
#include "service/membership/membership.h"
#include "service/runtime/periodic_task.h"
#include "service/store/store.h"

namespace clockwise {

// The rings that a server needs before it serves.
struct FirstRings {
  v1::RingSpec default_ring;      // created if "default" does not exist
  bool require_existing = false;  // create nothing, and require any ring
};

// Creates the ring "default", if it does not exist. With `require_existing`,
// creates nothing; FAILED_PRECONDITION: the store has no rings.
[[nodiscard]] absl::Status EnsureRings(Membership& membership,
                                       const FirstRings& first);

// Logs that the store rejects changes, with the error, or (OK) that it accepts
// them again. It is the listener of StoreRefusals.
void LogStoreRefusal(const absl::Status& why);

// Logs when the store is no longer trusted (Store::Trust), and when it is
// trusted again. Logs rejected answers (Store::rejections). Repeats both once a
// minute. Logs each new reason why the store does not list this server. It owns
// one thread. `store` must outlive it.
class TrustLog {
 public:
  explicit TrustLog(const Store& store);
  ~TrustLog() { task_.Stop(); }
  TrustLog(const TrustLog&) = delete;
  TrustLog& operator=(const TrustLog&) = delete;

 private:
  PeriodicTask::Clock::time_point Look();
  void LookAtListing();

  const Store& store_;
  bool trusted_ = true;
  uint64_t rejections_ = 0;      // logged so far
  std::string listing_failure_;  // the last one that was logged
  PeriodicTask::Clock::time_point next_log_;
  PeriodicTask::Clock::time_point next_rejection_log_;
  PeriodicTask task_;  // last, because it uses the members above
};

class StoreLink {
 public:
  // Calls `ready` once, when all rings are loaded and EnsureRings has
  // succeeded. Calls `fail` instead if the server must not start on this store
  // (Store::CheckStart, EnsureRings).
  StoreLink(Store& store, Membership& membership, FirstRings first,
            std::function<void()> ready,
            std::function<void(const absl::Status&)> fail);
  ~StoreLink();
  StoreLink(const StoreLink&) = delete;
  StoreLink& operator=(const StoreLink&) = delete;

 private:
  // Loads the rings for the first time.
  absl::Status Start(const std::string& ring);
  // Reads `ring` from the store; "" means all rings.
  absl::Status Changed(const std::string& ring);
  // Logs whether the store is available, when that changes.
  void Tell(const absl::Status& status);

  Store& store_;
  Membership& membership_;
  const FirstRings first_;
  const std::function<void()> ready_;
  const std::function<void(const absl::Status&)> fail_;
  std::atomic<bool> stopping_ = false;
  // Used only by the store's thread.
  bool is_ready_ = false;
  bool away_ = false;
  std::chrono::steady_clock::time_point told_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_SERVER_STORE_LINK_H_
