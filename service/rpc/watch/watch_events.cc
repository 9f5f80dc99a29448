#include "service/rpc/watch/watch_events.h"

#include "clockwise/v1/placement.pb.h"
#include "service/membership/timestamp.h"
#include "service/rpc/wire.h"

namespace clockwise {
namespace {

// Maximum number of messages that are kept per ring. Most streams have the same
// few positions; a message for a single slow stream need not be kept.
constexpr size_t kMaxMessages = 64;

// Returns the reason why a stream at `position` needs a snapshot instead of a
// delta; "" if a delta is possible, or if the stream never had the ring.
const char* ResyncReason(const RingState& state,
                         const WatchPosition& position) {
  if (position.epoch == 0) return "";
  if (position.incarnation != state.incarnation) return "incarnation";
  if (position.epoch > state.epoch) return "future";
  if (!KeepsEpoch(state, position.epoch)) return "history";
  return "";
}

// True for a delta over several changes, or with moves: it compares two rings.
// All other messages are short or copies of the state.
bool TakesLong(const RingState& state, uint64_t from_epoch,
               bool include_moves) {
  return from_epoch != 0 && from_epoch < state.epoch &&
         (include_moves || from_epoch + 1 < state.epoch);
}

}  // namespace

grpc::Slice EncodeWatch(const RingState& state, uint64_t from_epoch,
                        bool include_moves) {
  v1::WatchResponse message;
  if (from_epoch == state.epoch) {
    v1::Heartbeat& heartbeat = *message.mutable_heartbeat();
    heartbeat.set_epoch(state.epoch);
    heartbeat.set_incarnation(state.incarnation);
    heartbeat.set_fingerprint(state.ring().fingerprint());
    return SerializeToSlice(message);
  }
  if (from_epoch != 0) {
    auto delta = DeltaSince(state, from_epoch, include_moves);
    if (delta.ok()) {
      *message.mutable_delta() = *std::move(delta);
      return SerializeToSlice(message);
    }
  }
  *message.mutable_snapshot() =
      SnapshotOf(state, state.measured, state.epoch, false);
  return SerializeToSlice(message);
}

WatchEvents::WatchEvents(std::chrono::milliseconds heartbeat)
    : heartbeat_ms_(static_cast<uint32_t>(heartbeat.count())) {}

// The fields of a message may have any order.
grpc::ByteBuffer WatchEvents::Complete(
    const grpc::Slice& bytes, std::chrono::milliseconds unconfirmed) const {
  v1::WatchResponse rest;
  rest.set_unconfirmed_ms(UnconfirmedMs(unconfirmed));
  rest.set_heartbeat_ms(heartbeat_ms_);
  const grpc::Slice both[] = {bytes, SerializeToSlice(rest)};
  return grpc::ByteBuffer(both, 2);
}

WatchEvents::ToState& WatchEvents::EntryOf(const StatePtr& state) {
  ToState& to = rings_[state->name()];
  if (to.state != state) to = {state, {}};
  return to;
}

std::optional<WatchEvent> WatchEvents::Next(
    const StatePtr& state, const WatchPosition& position, bool include_moves,
    std::chrono::milliseconds unconfirmed) {
  ToState& to = EntryOf(state);
  WatchEvent event;
  event.resync = ResyncReason(*state, position);
  const bool snapshot = *event.resync != '\0' || position.epoch == 0;
  const uint64_t from_epoch = snapshot ? 0 : position.epoch;
  const std::pair<uint64_t, bool> key(from_epoch, include_moves && !snapshot);
  auto at = to.messages.find(key);
  if (at != to.messages.end()) {
    event.bytes = Complete(at->second, unconfirmed);
    return event;
  }
  if (TakesLong(*state, from_epoch, key.second)) return std::nullopt;
  const grpc::Slice bytes = EncodeWatch(*state, from_epoch, key.second);
  if (to.messages.size() < kMaxMessages) to.messages[key] = bytes;
  event.bytes = Complete(bytes, unconfirmed);
  return event;
}

WatchEvent WatchEvents::Use(const BuiltDelta& delta,
                            std::chrono::milliseconds unconfirmed) {
  // A delta to an older state is of no use for other streams.
  const auto at = rings_.find(delta.state->name());
  if (at != rings_.end() && at->second.state == delta.state &&
      at->second.messages.size() < kMaxMessages) {
    at->second.messages[{delta.from_epoch, delta.include_moves}] = delta.bytes;
  }
  WatchEvent event;
  event.bytes = Complete(delta.bytes, unconfirmed);
  return event;
}

WatchEvent WatchEvents::Snapshot(const StatePtr& state,
                                 std::chrono::milliseconds unconfirmed) {
  WatchEvent event = *Next(state, WatchPosition(), false, unconfirmed);
  event.resync = "busy";
  return event;
}

}  // namespace clockwise
