#include "client/lib/follower.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "client/lib/retries.h"
#include "service/channel/status_mapping.h"

namespace clockwise::client {
namespace {

double Draw(std::minstd_rand& random) {
  return std::uniform_real_distribution<double>()(random);
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
  RingViewPtr before;
  {
    MutexLock lock(mu_);
    before = std::exchange(mirror_, view_);
  }
  glances_.Invalidate();
  epoch_.store(view_ == nullptr ? 0 : view_->epoch());
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
  {
    MutexLock lock(mu_);
    state_.connected = false;
    state_.last_error =
        absl::StrCat(targets_.address(target_), ": ", end.message());
    ++state_.reconnects;
  }
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

absl::Status Follower::Watch(size_t target, const std::stop_token& stop) {
  // Phase 1: request only what is missing. With a known epoch and incarnation,
  // the server can send a delta. After a message that failed its check, the
  // request names neither, so the server sends a snapshot. The first message
  // thus either continues view_ or replaces it.
  v1::WatchRequest request;
  request.set_ring(options_.ring);
  if (view_ != nullptr && !ask_for_all_) {
    request.set_known_epoch(view_->epoch());
    request.set_known_incarnation(view_->incarnation());
  }
  // Phase 2: open the stream. The first message is true at some time after this
  // moment, so it confirms nothing later. The stop callback cancels the call
  // also if the stop was requested before. Stop therefore never waits for a
  // silent server.
  Clock::time_point as_of = Clock::now();
  const auto stub = targets_.stub(target);
  WatchCall call(*stub, request);
  const std::stop_callback cancel(stop, [&call] { call.Cancel(); });
  {
    MutexLock lock(mu_);
    state_.server = targets_.address(target);
  }
  // Phase 3: read until the first failure. Servers send heartbeats, so a stream
  // that is silent for options_.silence is dead. Servers send later messages
  // when they become true, so those confirm the time of their arrival. After
  // each round the mirror is the ring that this server sent last.
  absl::Status status;
  while (status.ok()) {
    v1::WatchResponse message;
    status = FromGrpc(call.Next(absl::FromChrono(options_.silence), &message));
    if (status.ok()) status = TakeIn(message, as_of);
    if (status.ok()) targets_.Prefer(target);
    as_of = Clock::time_point::max();
  }
  // Phase 4: gRPC would use a silent connection again, so replace it.
  if (absl::IsDeadlineExceeded(status)) targets_.Reconnect(target);
  return status;
}

absl::Status Follower::TakeIn(const v1::WatchResponse& message,
                              Clock::time_point as_of) {
  // Phase 1: check the message before anything is stored. If it fails, view_
  // stays the last verified ring, and the next stream requests a snapshot.
  auto next = After(view_, message);
  if (next.ok() && *next == nullptr) {
    next = absl::DataLossError("the first message of the stream has no ring");
  }
  if (!next.ok()) {
    ask_for_all_ = true;
    MutexLock lock(mu_);
    ++state_.mismatches;
    return next.status();
  }
  // Phase 2: replace the mirror. Rings are immutable, so readers see the old or
  // the new ring, never a mix. This happens before the confirmation: confirmed_
  // is never the time of a ring that readers cannot see yet.
  ask_for_all_ = false;
  backoff_.Reset();
  const bool replaced = *next != view_;
  const bool first = view_ == nullptr;
  if (replaced) {
    view_ = *std::move(next);
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
