#include "client/lib/follower.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

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
  if (view_ != nullptr) mirror_.Set(view_);
}

void Follower::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Follower::Stop() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
    if (call_ != nullptr) call_->Cancel();
  }
  changed_.NotifyAll();
  if (thread_.joinable()) thread_.join();
}

State Follower::state() const {
  MutexLock lock(mu_);
  return state_;
}

void Follower::Run() {
  size_t target = 0;
  do {
    const absl::Status end = Watch(target);
    {
      MutexLock lock(mu_);
      if (stopping_) return;
      state_.connected = false;
      state_.last_error =
          absl::StrCat(targets_.address(target), ": ", end.message());
      ++state_.reconnects;
    }
    target = (target + 1) % targets_.size();
    // A server that goes away says when to come to another, so that not all
    // come at once.
    const absl::Duration asked =
        std::min(RetryDelayOf(end), absl::FromChrono(options_.longest_pause));
    const absl::Duration pause = backoff_.Next(Draw(random_));
    if (!Pause(asked > absl::ZeroDuration() ? asked : pause)) return;
  } while (true);
}

absl::Status Follower::Watch(size_t target) {
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
  {
    MutexLock lock(mu_);
    if (stopping_) return absl::CancelledError("the client ends");
    state_.server = targets_.address(target);
    call_ = &call;
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
  MutexLock lock(mu_);
  call_ = nullptr;
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
    mirror_.Set(view_);
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

bool Follower::Pause(absl::Duration time) {
  const auto until = Clock::now() + absl::ToChronoNanoseconds(time);
  MutexLock lock(mu_);
  while (!stopping_ && Clock::now() < until) changed_.WaitUntil(mu_, until);
  return !stopping_;
}

}  // namespace clockwise::client
