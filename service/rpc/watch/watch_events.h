// What a watch stream is sent next, as bytes: made once for all streams at the
// same position. Not thread-safe: the watch hub's dispatcher uses it alone.
#ifndef CLOCKWISE_SERVICE_RPC_WATCH_WATCH_EVENTS_H_
#define CLOCKWISE_SERVICE_RPC_WATCH_WATCH_EVENTS_H_

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "service/membership/membership.h"

namespace clockwise {

// Where a stream stands: what it was sent last. Epoch 0: nothing.
struct WatchPosition {
  uint64_t incarnation = 0;
  uint64_t epoch = 0;
};

// A message, and why it is a snapshot in place of a delta ("" if it is not).
struct WatchEvent {
  grpc::ByteBuffer bytes;
  const char* resync = "";
};

class WatchEvents {
 public:
  // The message that takes a stream from `position` to the newest epoch of
  // `state`; a heartbeat if it is there already. `unconfirmed`: how long ago
  // that was made sure to be the newest.
  WatchEvent Next(const StatePtr& state, const WatchPosition& position,
                  bool include_moves, std::chrono::milliseconds unconfirmed);

  // Forgets a ring that is gone.
  void Forget(const std::string& ring) { rings_.erase(ring); }

 private:
  // Messages that lead to `state`, by epoch they start from and include_moves.
  struct ToState {
    StatePtr state;
    std::map<std::pair<uint64_t, bool>, grpc::Slice> messages;
  };

  std::map<std::string, ToState> rings_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_WATCH_WATCH_EVENTS_H_
