// What changed of rings since it was asked last, as server-sent events. Not
// thread-safe.
#ifndef CLOCKWISE_SERVICE_HTTP_API_RING_EVENTS_H_
#define CLOCKWISE_SERVICE_HTTP_API_RING_EVENTS_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "service/membership/membership.h"

namespace clockwise {

class RingEvents {
 public:
  // The membership outlives it.
  explicit RingEvents(const Membership& membership) : membership_(membership) {}

  // An event "ring" with a RingEpoch as JSON for each ring that has another
  // state, one with epoch 0 for each that is gone.
  std::string Take();

 private:
  using Position = std::pair<uint64_t, uint64_t>;  // incarnation, epoch

  const Membership& membership_;
  std::map<std::string, Position> known_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_HTTP_API_RING_EVENTS_H_
