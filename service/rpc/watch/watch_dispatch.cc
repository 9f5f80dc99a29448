#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/limits.h"
#include "service/rpc/watch/watch_hub.h"
#include "service/rpc/watch/watch_stream.h"
#include "service/rpc/wire.h"
#include "service/store/store_rules.h"

namespace clockwise {
namespace {

absl::Status MayBeNewer(uint64_t known_epoch, const RingState& state) {
  return Refusal(
      v1::ERROR_REASON_EPOCH_NOT_REACHED,
      absl::StrCat("known_epoch: ", known_epoch, " may be newer than ring ",
                   Quoted(state.name()), " on this server (epoch ", state.epoch,
                   "), which cannot read its store; retry at another server"));
}

// Minimum interval between two messages with changes on one stream.
constexpr std::chrono::milliseconds kPassGap(10);

// Rate at which clients reconnect to other servers when this server drains, and
// bounds of the time in which all of them reconnect.
constexpr size_t kReturningPerSecond = 2'000;
constexpr std::chrono::milliseconds kShortestSpread(100);
constexpr std::chrono::milliseconds kLongestSpread(5'000);

// True if `status` of a repeated check ends an open stream. LIMIT_REACHED does
// not end it: other calls from its machine had too many unknown tokens, so the
// caller cannot be checked for now.
bool IsShutOut(const absl::Status& status) {
  return absl::IsUnauthenticated(status) || absl::IsPermissionDenied(status);
}

}  // namespace

// --- The dispatcher: which streams are checked, and when ---
//
// Streams are checked for three reasons: an event on the stream, a change of
// its ring, and a heartbeat that is due. Events are handled at once. Changes
// wait for kPassGap since the last pass with changes.

WatchHub::Clock::time_point WatchHub::NextPass() const {
  MutexLock lock(mu_);
  auto next = PeriodicTask::kWhenWoken;
  if (!changed_rings_.empty()) next = next_pass_;
  if (!by_age_.empty()) {
    next = std::min(next, streams_.at(by_age_.front()).sent_at + heartbeat_);
  }
  return next;
}

std::vector<WatchHub::StreamPtr> WatchHub::Collect(
    std::set<std::string>& rings) {
  // Phase 1: collect noticed streams and streams of changed rings. Only IDs
  // are collected, so each stream is checked once even if it has two reasons.
  std::vector<StreamPtr> streams;
  MutexLock lock(mu_);
  const auto now = Clock::now();
  std::set<uint64_t> ids;
  ids.swap(noticed_);
  if (!changed_rings_.empty() && now >= next_pass_) {
    rings.swap(changed_rings_);
    next_pass_ = now + kPassGap;
  }
  for (const std::string& ring : rings) {
    // "" means that the server has read all rings from the store, so streams
    // that wait in Attend may continue.
    if (ring.empty()) ids.insert(ahead_.begin(), ahead_.end());
    const auto at = by_ring_.find(ring);
    if (at != by_ring_.end()) ids.insert(at->second.begin(), at->second.end());
  }
  // Phase 2: collect the streams whose heartbeat is due. by_age_ is ordered by
  // sent_at, so the first stream that is not due ends the loop.
  while (!by_age_.empty()) {
    Progress& oldest = streams_.at(by_age_.front());
    if (oldest.sent_at + heartbeat_ > now) break;
    ids.insert(oldest.stream->id);
    oldest.heartbeat_due = !oldest.writing;
    // This also applies if a write is in flight, although nothing is sent now.
    // Otherwise the stream would stay due, and the dispatcher would not sleep,
    // until the write is done.
    oldest.sent_at = now;
    by_age_.splice(by_age_.end(), by_age_, oldest.age);
  }
  // Phase 3: get the streams. A noticed stream may have ended meanwhile.
  for (const uint64_t id : ids) {
    const auto at = streams_.find(id);
    if (at != streams_.end()) streams.push_back(at->second.stream);
  }
  return streams;
}

WatchHub::Clock::time_point WatchHub::Dispatch() {
  std::set<std::string> rings;
  for (const StreamPtr& stream : Collect(rings)) Attend(stream);
  for (const std::string& ring : rings) {
    if (membership_.Find(ring).ok()) continue;
    events_.Forget(ring);
    MutexLock lock(mu_);
    std::erase_if(resyncs_,
                  [&](const auto& entry) { return entry.first.first == ring; });
  }
  return NextPass();
}

// --- Sending messages and ending streams ---

absl::Status WatchHub::GoingAway() {
  const auto spread = std::clamp<std::chrono::milliseconds>(
      std::chrono::milliseconds(streams_.size() * 1000 / kReturningPerSecond),
      kShortestSpread, kLongestSpread);
  std::uniform_int_distribution<int64_t> delay(0, spread.count());
  return WithRetryDelay(
      Refusal(v1::ERROR_REASON_DRAINING,
              "this server is draining; reconnect to another server"),
      std::chrono::milliseconds(delay(random_)));
}

absl::Status WatchHub::MayGoOn(const Stream& stream, StatePtr& state) {
  const auto found = membership_.FindSince(stream.ring, stream.opened_at);
  if (absl::Status status = stream.admit(stream.ring); IsShutOut(status)) {
    return status;
  }
  MutexLock lock(mu_);
  const Progress& progress = streams_.at(stream.id);
  if (progress.broken)
    return absl::CancelledError("the client is no longer connected");
  if (draining_) return GoingAway();
  if (!found.has_value()) {
    // The ring of an open stream was there: it was deleted.
    return progress.started ? RingNotFound(stream.ring) : absl::OkStatus();
  }
  if (!found->ok()) return found->status();
  state = **found;
  if (progress.started && progress.position.incarnation != state->incarnation) {
    return Refusal(v1::ERROR_REASON_RING_NOT_FOUND,
                   absl::StrCat("ring ", Quoted(stream.ring),
                                " was deleted and created again; start a new "
                                "Watch"));
  }
  return absl::OkStatus();
}

bool WatchHub::MayBeBehind(const Stream& stream, const WatchPosition& known,
                           const RingState& state) const {
  const bool behind = known.incarnation == state.incarnation
                          ? known.epoch > state.epoch
                          : known.epoch > 0;
  return behind && !(membership_.Confirmed() >= stream.opened_at);
}

void WatchHub::Attend(const StreamPtr& stream) {
  // Phase 1: copy the state. If a write is in flight, OnWritten notices the
  // stream again. Otherwise only this thread changes the copied fields.
  WatchPosition position;
  bool started = false;
  bool heartbeat_due = false;
  std::shared_ptr<const BuiltDelta> built;
  {
    MutexLock lock(mu_);
    const auto at = streams_.find(stream->id);
    if (at == streams_.end()) return;
    Progress& progress = at->second;
    if (progress.writing) {
      progress.passed_by = true;
      return;
    }
    position = progress.position;
    started = progress.started;
    heartbeat_due = progress.heartbeat_due;
    progress.heartbeat_due = false;
    built = std::move(progress.built);
  }
  // Phase 2: check whether the stream may continue, and get the newest state.
  StatePtr state;
  if (absl::Status status = MayGoOn(*stream, state); !status.ok()) {
    End(stream, status);
    return;
  }
  // Phase 3: if this server may be behind the client, send nothing, because an
  // older epoch would set the client back. Nor if the ring is not known yet.
  // Check again after each read of the store, until kMaxEpochWaitSeconds.
  if (state == nullptr) reader_.ReadSince(stream->opened_at);
  if (!started &&
      (state == nullptr || MayBeBehind(*stream, position, *state))) {
    if (Clock::now() - stream->opened_at <
        std::chrono::seconds(limits::kMaxEpochWaitSeconds)) {
      MutexLock lock(mu_);
      ahead_.insert(stream->id);
    } else {
      End(stream, state == nullptr ? NotRead(stream->ring)
                                   : MayBeNewer(position.epoch, *state));
    }
    return;
  }
  // Phase 4: build the message, without the lock. A new stream always gets a
  // message, other streams only for a change or a heartbeat.
  const bool newest = position.incarnation == state->incarnation &&
                      position.epoch == state->epoch;
  if (started && newest && !heartbeat_due) return;
  const auto event =
      NextEvent(stream, position, built.get(), heartbeat_due, state);
  if (!event.has_value()) return;
  // Phase 5: record the new position before the write, because OnWritten may
  // run before StartWrite returns. Then nothing else can start a write.
  {
    MutexLock lock(mu_);
    ahead_.erase(stream->id);
    Progress& progress = streams_.at(stream->id);
    progress.position = {state->incarnation, state->epoch};
    progress.started = true;
    progress.writing = true;
    progress.sent_at = Clock::now();
    by_age_.splice(by_age_.end(), by_age_, progress.age);
    if (*event->resync != '\0') ++resyncs_[{stream->ring, event->resync}];
  }
  stats_.Of(Method::kWatch).CountSent();
  stream->in_flight = event->bytes;
  stream->StartWrite(&stream->in_flight);
}

// A message that takes long is built by another thread, and the stream is
// noticed when it is done. If a heartbeat is due before, the stream gets a
// snapshot, so it is never silent.
std::optional<WatchEvent> WatchHub::NextEvent(const StreamPtr& stream,
                                              const WatchPosition& position,
                                              const BuiltDelta* built,
                                              bool heartbeat_due,
                                              StatePtr& state) {
  const auto unconfirmed =
      std::chrono::ceil<std::chrono::milliseconds>(membership_.Unconfirmed());
  if (built != nullptr && built->from_epoch == position.epoch &&
      built->state->incarnation == position.incarnation) {
    state = built->state;  // perhaps not the newest one any more
    return events_.Use(*built, unconfirmed);
  }
  auto event =
      events_.Next(state, position, stream->include_moves, unconfirmed);
  if (event.has_value()) return event;
  if (heartbeat_due) return events_.Snapshot(state, unconfirmed);
  AwaitDelta(stream, state, position);
  return std::nullopt;
}

void WatchHub::AwaitDelta(const StreamPtr& stream, const StatePtr& state,
                          const WatchPosition& position) {
  {
    MutexLock lock(mu_);
    bool& awaits = streams_.at(stream->id).awaits;
    if (awaits) return;
    awaits = true;
  }
  const auto done = [this, id = stream->id](const BuiltDelta* delta) {
    {
      MutexLock lock(mu_);
      const auto at = streams_.find(id);
      if (at == streams_.end()) return;
      at->second.awaits = false;
      if (delta == nullptr) {
        at->second.heartbeat_due = true;  // it gets a snapshot
      } else {
        at->second.built = std::make_shared<const BuiltDelta>(*delta);
      }
    }
    Notice(id);
  };
  builder_.Build(state, position.epoch, stream->include_moves, stream->peer,
                 done);
}

// Removes the stream from all indexes first. Events that gRPC still reports
// find no Progress and do nothing.
void WatchHub::End(const StreamPtr& stream, const absl::Status& status) {
  {
    MutexLock lock(mu_);
    const auto progress = streams_.find(stream->id);
    by_age_.erase(progress->second.age);
    streams_.erase(progress);
    ahead_.erase(stream->id);
    const auto at = by_ring_.find(stream->ring);
    at->second.erase(stream->id);
    if (at->second.empty()) by_ring_.erase(at);
    places_.Return(stream->peer);
  }
  stats_.Of(Method::kWatch).CountHandled(static_cast<size_t>(status.code()));
  stream->Finish(ToGrpc(status));
}

}  // namespace clockwise
