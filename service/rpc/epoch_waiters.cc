#include "service/rpc/epoch_waiters.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/channel/status_mapping.h"

namespace clockwise {
namespace {

// Interval of the checks for cancelled calls.
constexpr std::chrono::milliseconds kSweep(100);

}  // namespace

EpochWaiters::EpochWaiters(const Membership& membership, size_t most,
                           RpcStats& stats)
    : membership_(membership),
      most_(most),
      stats_(stats),
      task_([this](const std::stop_token&) { return AnswerRipe(); }) {}

EpochWaiters::~EpochWaiters() {
  Drain();
  task_.Stop();
  // Answers the calls that still wait.
  AnswerRipe();
}

void EpochWaiters::Add(Waiter waiter) {
  {
    MutexLock lock(mu_);
    if (waiters_.size() < most_) {
      waiters_.push_back(std::move(waiter));
      // The epoch may have been reached after the caller read it.
      task_.Wake();
      return;
    }
  }
  stats_.Reached(Limit::kWaitingCalls);
  waiter.done(
      Overloaded(absl::StrCat("min_epoch: ", most_,
                              " calls are waiting already, the maximum "
                              "(--max-waiting-calls); retry, or call another "
                              "server")));
}

void EpochWaiters::Wake() { task_.Wake(); }

void EpochWaiters::Drain() {
  {
    MutexLock lock(mu_);
    draining_ = true;
  }
  task_.Wake();
}

bool EpochWaiters::Ripe(const Waiter& waiter, bool draining,
                        absl::StatusOr<StatePtr>& result) const {
  result = membership_.Find(waiter.ring);
  if (!result.ok() || (*result)->epoch >= waiter.min_epoch) return true;
  if (draining) {
    result = Draining();
    return true;
  }
  if (std::chrono::steady_clock::now() < waiter.deadline &&
      !waiter.cancelled()) {
    return false;
  }
  result = Refusal(
      v1::ERROR_REASON_EPOCH_NOT_REACHED,
      absl::StrCat("min_epoch: ring ", Quoted((*result)->name()),
                   " is at epoch ", (*result)->epoch,
                   " on this server, and did not reach ", waiter.min_epoch,
                   " before the deadline; retry, or call another server"));
  return true;
}

PeriodicTask::Clock::time_point EpochWaiters::AnswerRipe() {
  std::list<Waiter> looked_at;
  bool draining = false;
  {
    MutexLock lock(mu_);
    draining = draining_;
    looked_at.swap(waiters_);
  }
  for (auto waiter = looked_at.begin(); waiter != looked_at.end();) {
    absl::StatusOr<StatePtr> result;
    if (!Ripe(*waiter, draining, result)) {
      ++waiter;
      continue;
    }
    waiter->done(std::move(result));
    waiter = looked_at.erase(waiter);
  }
  MutexLock lock(mu_);
  waiters_.splice(waiters_.begin(), looked_at);
  if (waiters_.empty()) return PeriodicTask::kWhenWoken;
  auto next = std::chrono::steady_clock::now() + kSweep;
  for (const Waiter& waiter : waiters_) {
    next = std::min(next, waiter.deadline);
  }
  return next;
}

}  // namespace clockwise
