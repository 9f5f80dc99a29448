// StoreLink keeps a server's rings at what other servers make of them in the
// store that they share. It loads them first, however long that takes, and says
// in the log when the store is waited for, goes and comes back. What it is
// given outlives it; it calls on a thread of the store's, until it is
// destroyed.
//
// Its destructor interrupts the store: a call to a store that is away must not
// delay the end of the program, nor be logged.
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

// Makes the ring "default" with `spec`, unless it is there.
[[nodiscard]] absl::Status EnsureDefaultRing(Membership& membership,
                                             const v1::RingSpec& spec);

class StoreLink {
 public:
  // `ready` is called once, when all rings are loaded and "default" is there.
  StoreLink(Store& store, Membership& membership, v1::RingSpec default_ring,
            std::function<void()> ready);
  ~StoreLink();
  StoreLink(const StoreLink&) = delete;
  StoreLink& operator=(const StoreLink&) = delete;

 private:
  absl::Status Changed(const std::string& ring);
  void Tell(const absl::Status& status);

  Store& store_;
  Membership& membership_;
  const v1::RingSpec default_ring_;
  const std::function<void()> ready_;
  std::atomic<bool> stopping_ = false;
  // Of the store's thread alone.
  bool is_ready_ = false;
  bool away_ = false;
  std::chrono::steady_clock::time_point told_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_SERVER_STORE_LINK_H_
