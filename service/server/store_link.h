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
#include "service/store/store.h"

namespace clockwise {

// Creates the ring "default" with `spec`, if it does not exist.
[[nodiscard]] absl::Status EnsureDefaultRing(Membership& membership,
                                             const v1::RingSpec& spec);

class StoreLink {
 public:
  // Calls `ready` once, when all rings are loaded and "default" exists.
  StoreLink(Store& store, Membership& membership, v1::RingSpec default_ring,
            std::function<void()> ready);
  ~StoreLink();
  StoreLink(const StoreLink&) = delete;
  StoreLink& operator=(const StoreLink&) = delete;

 private:
  // Reads `ring` from the store; "" means all rings.
  absl::Status Changed(const std::string& ring);
  // Logs whether the store is available, when that changes.
  void Tell(const absl::Status& status);

  Store& store_;
  Membership& membership_;
  const v1::RingSpec default_ring_;
  const std::function<void()> ready_;
  std::atomic<bool> stopping_ = false;
  // Used only by the store's thread.
  bool is_ready_ = false;
  bool away_ = false;
  std::chrono::steady_clock::time_point told_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_SERVER_STORE_LINK_H_
