#include "client/lib/follower.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
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
  RingViewPtr before;  // destroyed without the lock
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
  const absl::Status end = Watch(target_, stop);
  if (stop.stop_requested()) return PeriodicTask::kWhenWoken;
  {
    MutexLock lock(mu_);
    state_.connected = false;
    state_.last_error =
        absl::StrCat(targets_.address(target_), ": ", end.message());
    ++state_.reconnects;
  }
  target_ = (target_ + 1) % targets_.size();
  // A server that shuts down says when to come to another, so that its clients
  // do not all come at once.
  const absl::Duration asked =
      std::min(RetryDelayOf(end), absl::FromChrono(options_.longest_pause));
  const absl::Duration pause = backoff_.Next(Draw(random_));
  return Clock::now() + absl::ToChronoNanoseconds(
                            asked > absl::ZeroDuration() ? asked : pause);
}

absl::Status Follower::Watch(size_t target, const std::stop_token& stop) {
  v1::WatchRequest request;
  request.set_ring(options_.ring);
  if (view_ != nullptr && !ask_for_all_) {
    request.set_known_epoch(view_->epoch());
    request.set_known_incarnation(view_->incarnation());
  }
  // What the first message says was so at some time after this.
  Clock::time_point as_of = Clock::now();
  const auto stub = targets_.stub(target);
  WatchCall call(*stub, request);
  // Cancels at once if a stop was requested before.
  const std::stop_callback cancel(stop, [&call] { call.Cancel(); });
  {
    MutexLock lock(mu_);
    state_.server = targets_.address(target);
  }
  absl::Status status;
  while (status.ok()) {
    v1::WatchResponse message;
    status = FromGrpc(call.Next(absl::FromChrono(options_.silence), &message));
    if (status.ok()) status = TakeIn(message, as_of);
    if (status.ok()) targets_.Prefer(target);
    as_of = Clock::time_point::max();
  }
  if (absl::IsDeadlineExceeded(status)) targets_.Reconnect(target);
  return status;
}

absl::Status Follower::TakeIn(const v1::WatchResponse& message,
                              Clock::time_point as_of) {
  auto next = After(view_, message);
  if (next.ok() && *next == nullptr) {
    next = absl::DataLossError("a first message without a ring");
  }
  if (!next.ok()) {
    ask_for_all_ = true;
    MutexLock lock(mu_);
    ++state_.mismatches;
    return next.status();
  }
  ask_for_all_ = false;
  backoff_.Reset();
  const bool replaced = *next != view_;
  const bool first = view_ == nullptr;
  if (replaced) {
    view_ = *std::move(next);
    Publish();
  }
  // What the server itself could not make sure of counts too.
  const auto confirmed = std::min(as_of, Clock::now()) -
                         std::chrono::milliseconds(message.unconfirmed_ms());
  confirmed_.store(std::max(confirmed_.load(), confirmed));
  from_server_.store(true);
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
