// What the watch hub sends to a stream, and when it ends one.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/limits.h"
#include "service/rpc/status_mapping.h"
#include "service/rpc/watch/watch_hub.h"
#include "service/rpc/watch/watch_stream.h"

namespace clockwise {
namespace {

// When this server goes away, its streams come to the others at this pace.
constexpr size_t kReturningPerSecond = 2'000;
constexpr std::chrono::milliseconds kShortestSpread(100);
constexpr std::chrono::milliseconds kLongestSpread(5'000);

// Whether `status` ends a stream that was let in. One who may not be
// looked at for now (too many unknown tokens came from there) goes on.
bool IsShutOut(const absl::Status& status) {
  return absl::IsUnauthenticated(status) || absl::IsPermissionDenied(status);
}

}  // namespace

absl::Status WatchHub::GoingAway() {
  const auto spread = std::clamp<std::chrono::milliseconds>(
      std::chrono::milliseconds(streams_.size() * 1000 / kReturningPerSecond),
      kShortestSpread, kLongestSpread);
  std::uniform_int_distribution<int64_t> delay(0, spread.count());
  return WithRetryDelay(Refusal(v1::ERROR_REASON_DRAINING,
                                "this server is going away; watch another"),
                        std::chrono::milliseconds(delay(random_)));
}

absl::Status WatchHub::MayGoOn(const Stream& stream, StatePtr& state) {
  auto found = membership_.Find(stream.ring);
  if (absl::Status status = stream.admit(stream.ring); IsShutOut(status)) {
    return status;
  }
  MutexLock lock(mu_);
  if (stream.broken) return absl::CancelledError("the client went away");
  if (draining_) return GoingAway();
  if (!found.ok()) return found.status();
  state = *std::move(found);
  if (stream.started && stream.position.incarnation != state->incarnation) {
    return Refusal(v1::ERROR_REASON_RING_NOT_FOUND,
                   absl::StrCat("ring ", Quoted(stream.ring),
                                " was deleted, and made anew since"));
  }
  return absl::OkStatus();
}

bool WatchHub::MayBeBehind(const Stream& stream, const RingState& state) const {
  const WatchPosition& known = stream.position;
  const bool behind = known.incarnation == state.incarnation
                          ? known.epoch > state.epoch
                          : known.epoch > 0;
  return behind && !(membership_.Confirmed() >= stream.opened_at);
}

void WatchHub::Attend(const StreamPtr& stream) {
  WatchPosition position;
  bool started = false;
  bool heartbeat_due = false;
  {
    MutexLock lock(mu_);
    if (!streams_.contains(stream->id)) return;
    if (stream->writing) {
      stream->passed_by = true;
      return;
    }
    position = stream->position;
    started = stream->started;
    heartbeat_due = stream->heartbeat_due;
    stream->heartbeat_due = false;
  }
  StatePtr state;
  if (absl::Status status = MayGoOn(*stream, state); !status.ok()) {
    End(stream, status);
    return;
  }
  if (!started && MayBeBehind(*stream, *state)) {
    if (Clock::now() - stream->opened_at <
        std::chrono::seconds(limits::kMaxEpochWaitSeconds)) {
      MutexLock lock(mu_);
      ahead_.insert(stream->id);
    } else {
      End(stream,
          Refusal(v1::ERROR_REASON_EPOCH_NOT_REACHED,
                  absl::StrCat("known_epoch: ring ", Quoted(stream->ring),
                               " is at epoch ", state->epoch,
                               " here, and the store "
                               "that could tell more is away")));
    }
    return;
  }
  const bool newest = position.incarnation == state->incarnation &&
                      position.epoch == state->epoch;
  if (started && newest && !heartbeat_due) return;
  const auto unconfirmed =
      std::chrono::ceil<std::chrono::milliseconds>(membership_.Unconfirmed());
  WatchEvent event =
      events_.Next(state, position, stream->include_moves, unconfirmed);
  {
    MutexLock lock(mu_);
    ahead_.erase(stream->id);
    stream->position = {state->incarnation, state->epoch};
    stream->started = true;
    stream->writing = true;
    stream->sent_at = Clock::now();
    by_age_.splice(by_age_.end(), by_age_, stream->age);
    if (*event.resync != '\0') ++resyncs_[{stream->ring, event.resync}];
  }
  stats_.Of(Method::kWatch).CountSent();
  stream->in_flight = event.bytes;
  stream->StartWrite(&stream->in_flight);
}

void WatchHub::End(const StreamPtr& stream, const absl::Status& status) {
  {
    MutexLock lock(mu_);
    streams_.erase(stream->id);
    ahead_.erase(stream->id);
    by_age_.erase(stream->age);
    const auto at = by_ring_.find(stream->ring);
    at->second.erase(stream->id);
    if (at->second.empty()) by_ring_.erase(at);
    const auto peer = by_peer_.find(stream->peer);
    if (--peer->second == 0) by_peer_.erase(peer);
  }
  stats_.Of(Method::kWatch).CountHandled(static_cast<size_t>(status.code()));
  stream->Finish(ToGrpc(status));
}

}  // namespace clockwise
