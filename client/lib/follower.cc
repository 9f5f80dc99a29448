#include "client/lib/follower.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "client/lib/retries.h"
#include "service/api/refusal.h"
#include "service/channel/status_mapping.h"
#include "service/ring/layout.h"

namespace clockwise::client {
namespace {

double Draw(std::minstd_rand& random) {
  return std::uniform_real_distribution<double>()(random);
}

bool IsDeleted(const absl::Status& end) {
  return absl::IsNotFound(end) &&
         ReasonOf(end) == v1::ERROR_REASON_RING_NOT_FOUND;
}

bool HasUnknownLayout(const v1::Snapshot& snapshot) {
  return snapshot.spec().layout() != v1::LAYOUT_UNSPECIFIED &&
         FindLayout(snapshot.spec().layout()) == nullptr;
}

}  // namespace

Follower::Follower(const Options& options, Targets& targets, RingViewPtr start,
                   std::chrono::steady_clock::time_point confirmed,
                   std::function<void()> told)
    : options_(options),
      targets_(targets),
      told_(std::move(told)),
      confirmed_(confirmed),
      view_(std::move(start)),
      backoff_(absl::FromChrono(options.first_pause),
               absl::FromChrono(options.longest_pause)) {
  Publish();
}

void Follower::Start() {
  task_.emplace([this](const std::stop_token& stop) { return Follow(stop); });
}

void Follower::Stop() {
  if (task_.has_value()) task_->Stop();
}

RingViewPtr Follower::mirror() const {
  MutexLock lock(mu_);
  return mirror_;
}

void Follower::Publish() {
  // The order matters. The lock covers only the swap, and the old ring is
  // destroyed without it. The caches of other threads are invalidated after the
  // swap, so no thread caches the old ring again. The epoch is last: a thread
  // that reads an epoch finds a mirror that is at least as new.
  // layout_unknown_ is true whenever a reader finds no mirror because of it.
  RingViewPtr before;
  const bool layout_unknown = unknown_.epoch != 0;
  if (layout_unknown) layout_unknown_.store(true);
  {
    MutexLock lock(mu_);
    before = std::exchange(mirror_, view_);
    state_.layout_unknown = layout_unknown;
    state_.epoch = unknown_.epoch;
    state_.incarnation = unknown_.incarnation;
    state_.fingerprint = unknown_.fingerprint;
    state_.deleted = false;
  }
  glances_.Invalidate();
  layout_unknown_.store(layout_unknown);
  epoch_.store(position().epoch);
}

Follower::Position Follower::position() const {
  if (view_ == nullptr) return unknown_;
  return {view_->epoch(), view_->incarnation(), view_->fingerprint()};
}

Standing Follower::standing() const {
  MutexLock lock(mu_);
  Standing standing(mirror_);
  standing.deleted = state_.deleted;
  standing.layout_unknown = state_.layout_unknown;
  standing.epoch = state_.epoch;
  standing.incarnation = state_.incarnation;
  return standing;
}

State Follower::state() const {
  MutexLock lock(mu_);
  return state_;
}

Follower::Clock::time_point Follower::Follow(const std::stop_token& stop) {
  // Phase 1: follow one server until its stream ends. Only Watch changes the
  // mirror. The mirror therefore stays the last verified ring, whatever the
  // reason for the end is.
  const absl::Status end = Watch(target_, stop);
  if (stop.stop_requested()) return PeriodicTask::kWhenWoken;
  // Phase 2: report the end. Until the next message, state() names the server
  // and the reason.
  NoteEnd(end);
  // Phase 3: select the next server, so that one broken server cannot block the
  // mirror. A draining server sends a RetryInfo that differs for each stream,
  // so that its clients do not reconnect at once. It replaces the backoff. In
  // both cases the pause is at most longest_pause.
  target_ = (target_ + 1) % targets_.size();
  const absl::Duration wait =
      WaitAfter(end, backoff_.Next(Draw(random_)),
                absl::FromChrono(options_.longest_pause));
  return Clock::now() + absl::ToChronoNanoseconds(wait);
}

void Follower::NoteEnd(const absl::Status& end) {
  const bool deleted = IsDeleted(end);
  {
    MutexLock lock(mu_);
    state_.connected = false;
    // An attempt that waited for the connection does not know why it failed.
    // The attempt before it knows.
    if (!waited_ || !absl::IsDeadlineExceeded(end)) {
      state_.last_error =
          absl::StrCat(targets_.address(target_), ": ", end.message());
    }
    ++state_.reconnects;
    if (deleted) state_.deleted = true;
  }
  if (deleted) told_();
}

absl::Status Follower::Watch(size_t target, const std::stop_token& stop) {
  // Phase 1: request only what is missing. With a known epoch and incarnation,
  // the server can send a delta. After a message that failed its check, the
  // request names neither, so the server sends a snapshot. The first message
  // thus either continues view_ or replaces it.
  v1::WatchRequest request;
  request.set_ring(options_.ring);
  if (!ask_for_all_) {
    request.set_known_epoch(position().epoch);
    request.set_known_incarnation(position().incarnation);
  }
  // Phase 2: open the stream. The first message is true at some time after this
  // moment, so it confirms nothing later. The stop callback cancels the call
  // also if the stop was requested before. Stop therefore never waits for a
  // silent server. If the only server cannot be reached, every second attempt
  // waits until it can: the mirror is then up to date at once. The attempts in
  // between find out the reason. With several servers, the next one is better.
  Clock::time_point as_of = Clock::now();
  const bool wait = unreached_ && targets_.size() == 1;
  const auto stub = targets_.stub(target);
  WatchCall call(*stub, request, wait);
  const std::stop_callback cancel(stop, [&call] { call.Cancel(); });
  {
    MutexLock lock(mu_);
    state_.server = targets_.address(target);
  }
  // Phase 3: read until the first failure. Servers send heartbeats at an
  // interval that they state, so a silent stream is dead. Servers send later
  // messages when they become true, so those confirm the time of their arrival.
  // After each round the mirror is the ring that this server sent last. The
  // pauses start again after progress: a message that raises the epoch, or that
  // is not the first of its stream. A server that accepts streams and ends them
  // is thus not called in a tight loop.
  const absl::Duration unknown = absl::FromChrono(options_.silence);
  absl::Duration silence = unknown;
  absl::Status status;
  bool first = true;
  while (true) {
    v1::WatchResponse message;
    status = FromGrpc(call.Next(silence, &message));
    if (!status.ok()) break;
    const Position before = position();
    status = TakeIn(message, as_of, first && request.known_epoch() != 0);
    if (!status.ok()) {
      first = false;
      break;
    }
    targets_.Prefer(target);
    const Position now = position();
    if (!first || before.epoch == 0 ||
        (now.incarnation == before.incarnation && now.epoch > before.epoch)) {
      backoff_.Reset();
    }
    silence = SilenceLimit(unknown, message.heartbeat_ms());
    as_of = Clock::time_point::max();
    first = false;
  }
  // Phase 4: gRPC would use a silent connection again, so replace it. An
  // attempt that waited for the connection needs no pause after it.
  waited_ = wait && first;
  unreached_ =
      first && !wait && NeverReached({status, targets_.connected(target)});
  if (waited_) backoff_.Reset();
  if (absl::IsDeadlineExceeded(status)) targets_.Reconnect(target);
  return status;
}

absl::Status Follower::CheckMessage(const v1::WatchResponse& message,
                                    bool may_go_back, RingViewPtr& next,
                                    Position& unknown) const {
  if (message.has_snapshot()) {
    const v1::Snapshot& snapshot = message.snapshot();
    const Position now = position();
    if (!may_go_back && snapshot.incarnation() == now.incarnation &&
        snapshot.epoch() < now.epoch) {
      return absl::UnavailableError(
          absl::StrCat("the server is at epoch ", snapshot.epoch(),
                       ", but the mirror is at epoch ", now.epoch));
    }
    if (snapshot.epoch() != 0 && HasUnknownLayout(snapshot)) {
      unknown = {snapshot.epoch(), snapshot.incarnation(),
                 snapshot.fingerprint()};
      return absl::OkStatus();
    }
  } else if (unknown_.epoch != 0) {
    return FollowUnknown(message, unknown);
  }
  auto after = After(view_, message);
  if (!after.ok()) return after.status();
  if (*after == nullptr) {
    return absl::DataLossError("the first message of the stream has no ring");
  }
  next = *std::move(after);
  return absl::OkStatus();
}

absl::Status Follower::FollowUnknown(const v1::WatchResponse& message,
                                     Position& unknown) const {
  unknown = unknown_;
  uint64_t from_epoch = unknown_.epoch;
  uint64_t incarnation = unknown_.incarnation;
  if (message.has_delta()) {
    const v1::Delta& delta = message.delta();
    from_epoch = delta.from_epoch();
    incarnation = delta.incarnation();
    unknown = {delta.epoch(), delta.incarnation(), delta.fingerprint()};
  } else if (message.has_heartbeat()) {
    from_epoch = message.heartbeat().epoch();
    incarnation = message.heartbeat().incarnation();
  }
  if (from_epoch == unknown_.epoch && incarnation == unknown_.incarnation) {
    return absl::OkStatus();
  }
  return absl::DataLossError("the message does not continue the ring");
}

absl::Status Follower::TakeIn(const v1::WatchResponse& message,
                              Clock::time_point as_of, bool may_go_back) {
  // Phase 1: check the message before anything is stored. If it fails, view_
  // stays the last verified ring. After a wrong message, the next stream
  // requests a snapshot. A server that is behind sent no wrong message.
  RingViewPtr next;
  Position unknown;
  absl::Status status = CheckMessage(message, may_go_back, next, unknown);
  ask_for_all_ = absl::IsDataLoss(status);
  if (!status.ok()) {
    MutexLock lock(mu_);
    if (ask_for_all_) ++state_.mismatches;
    return status;
  }
  // Phase 2: replace the mirror. Rings are immutable, so readers see the old or
  // the new ring, never a mix. This happens before the confirmation: confirmed_
  // is never the time of a ring that readers cannot see yet.
  const bool first = position().epoch == 0;
  if (next != view_ || unknown.epoch != unknown_.epoch ||
      unknown.incarnation != unknown_.incarnation) {
    view_ = std::move(next);
    unknown_ = unknown;
    Publish();
  }
  // Phase 3: confirm the mirror. The time that the server itself could not
  // confirm is subtracted. confirmed_ never decreases.
  const auto confirmed = std::min(as_of, Clock::now()) -
                         std::chrono::milliseconds(message.unconfirmed_ms());
  confirmed_.store(std::max(confirmed_.load(), confirmed));
  from_server_.store(true);
  // Phase 4: update the counters, then notify. The callback is last and without
  // the lock, so the threads that it wakes see all of the above.
  {
    MutexLock lock(mu_);
    state_.connected = true;
    state_.deleted = false;
    if (message.has_snapshot()) {
      ++state_.snapshots;
      if (!first) ++state_.resyncs;
    }
    if (message.has_delta()) ++state_.deltas;
  }
  told_();
  return absl::OkStatus();
}

}  // namespace clockwise::client
