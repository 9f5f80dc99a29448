// WatchEvents builds the next message of a watch stream. It serialises a
// message once for all streams at the same position. Thread-compatible; only
// the dispatcher of the watch hub uses it.
#ifndef CLOCKWISE_SERVICE_RPC_WATCH_WATCH_EVENTS_H_
#define CLOCKWISE_SERVICE_RPC_WATCH_WATCH_EVENTS_H_

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "service/membership/membership.h"

namespace clockwise {

// WatchPosition is the epoch that was last sent to a stream; 0: none.
struct WatchPosition {
  uint64_t incarnation = 0;
  uint64_t epoch = 0;
};

// WatchEvent is a message, and the reason why it is a snapshot instead of a
// delta ("" if there is no such reason).
struct WatchEvent {
  grpc::ByteBuffer bytes;
  const char* resync = "";
};

// BuiltDelta is a message that leads from one epoch to the epoch of `state`. It
// lacks the age of the last confirmation and the interval of the heartbeats.
struct BuiltDelta {
  StatePtr state;
  uint64_t from_epoch = 0;
  bool include_moves = false;
  grpc::Slice bytes;
};

// Returns a heartbeat, a delta, or a snapshot (`from_epoch` 0, or no delta).
grpc::Slice EncodeWatch(const RingState& state, uint64_t from_epoch,
                        bool include_moves);

class WatchEvents {
 public:
  // `heartbeat`: the interval of the heartbeats, which each message states.
  explicit WatchEvents(std::chrono::milliseconds heartbeat);

  // Returns the message that leads a stream from `position` to the epoch of
  // `state`; a heartbeat if it has that epoch. `unconfirmed`: time since the
  // server last made sure that this epoch is the newest. Returns nullopt if the
  // message is a delta that takes long to build: then DeltaBuilder must build
  // it first.
  std::optional<WatchEvent> Next(const StatePtr& state,
                                 const WatchPosition& position,
                                 bool include_moves,
                                 std::chrono::milliseconds unconfirmed);

  // Returns the message of `delta`, and keeps it for other streams.
  WatchEvent Use(const BuiltDelta& delta,
                 std::chrono::milliseconds unconfirmed);

  // Returns a snapshot for a stream whose delta is not built in time.
  WatchEvent Snapshot(const StatePtr& state,
                      std::chrono::milliseconds unconfirmed);

  // Forgets a ring that was deleted.
  void Forget(const std::string& ring) { rings_.erase(ring); }

 private:
  // Messages that lead to `state`. The key is the epoch from which they lead,
  // and include_moves.
  struct ToState {
    StatePtr state;
    std::map<std::pair<uint64_t, bool>, grpc::Slice> messages;
  };

  // Returns the entry of the ring, which has no messages to older states.
  ToState& EntryOf(const StatePtr& state);
  // Returns `bytes`, followed by the fields that do not depend on the ring.
  grpc::ByteBuffer Complete(const grpc::Slice& bytes,
                            std::chrono::milliseconds unconfirmed) const;

  const uint32_t heartbeat_ms_;
  std::map<std::string, ToState> rings_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_WATCH_WATCH_EVENTS_H_
