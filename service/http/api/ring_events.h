// RingEvents returns the changes of rings since its last call, as server-sent
// events. Thread-compatible.
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
  // The membership must outlive this object.
  explicit RingEvents(const Membership& membership) : membership_(membership) {}

  // Returns an event "ring" with a RingEpoch as JSON for each ring with a new
  // state. The epoch of a deleted ring is 0.
  std::string Take();

 private:
  using Position = std::pair<uint64_t, uint64_t>;  // incarnation, epoch

  const Membership& membership_;
  std::map<std::string, Position> known_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_HTTP_API_RING_EVENTS_H_
