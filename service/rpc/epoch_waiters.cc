#include "service/rpc/epoch_waiters.h"

#include <algorithm>
#include <utility>
#include <vector>

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
  const absl::Status status = TakePlace(waiter);
  if (status.ok()) {
    // The epoch may have been reached after the caller read it.
    task_.Wake();
    return;
  }
  stats_.Reached(Limit::kWaitingCalls);
  waiter.done(status);
}

absl::Status EpochWaiters::TakePlace(Waiter& waiter) {
  const size_t share = std::max<size_t>(1, most_ / 2);
  MutexLock lock(mu_);
  if (count_ >= most_) {
    return Overloaded(
        absl::StrCat("min_epoch: ", most_,
                     " calls are waiting already, the maximum "
                     "(--max-waiting-calls); retry, or call another "
                     "server"));
  }
  size_t& of_peer = by_peer_[waiter.peer];
  if (of_peer >= share) {
    return Overloaded(
        absl::StrCat("min_epoch: ", share,
                     " calls of this client's network are waiting already, "
                     "half of --max-waiting-calls; retry, or call another "
                     "server"));
  }
  ++of_peer;
  ++count_;
  waiters_.push_back(std::move(waiter));
  return absl::OkStatus();
}

void EpochWaiters::FreePlaces(const std::list<Waiter>& ripe) {
  for (const Waiter& waiter : ripe) {
    --count_;
    const auto of_peer = by_peer_.find(waiter.peer);
    if (--of_peer->second == 0) by_peer_.erase(of_peer);
  }
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
  if (!result.ok() ||
      HasReached(**result, waiter.min_epoch, waiter.min_incarnation)) {
    return true;
  }
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
                   " is at epoch ", (*result)->epoch, " of incarnation ",
                   absl::Hex((*result)->incarnation, absl::kZeroPad16),
                   " on this server, and did not reach ", waiter.min_epoch,
                   waiter.min_incarnation == 0
                       ? ""
                       : absl::StrCat(" of incarnation ",
                                      absl::Hex(waiter.min_incarnation,
                                                absl::kZeroPad16)),
                   " before the deadline; retry, or call another server"));
  return true;
}

PeriodicTask::Clock::time_point EpochWaiters::AnswerRipe() {
  // Phase 1: look at all calls without the lock, because cancelled() may block.
  std::list<Waiter> looked_at;
  bool draining = false;
  {
    MutexLock lock(mu_);
    draining = draining_;
    looked_at.swap(waiters_);
  }
  std::list<Waiter> ripe;
  std::vector<absl::StatusOr<StatePtr>> results;
  for (auto waiter = looked_at.begin(); waiter != looked_at.end();) {
    const auto current = waiter++;
    absl::StatusOr<StatePtr> result;
    if (!Ripe(*current, draining, result)) continue;
    ripe.splice(ripe.end(), looked_at, current);
    results.push_back(std::move(result));
  }
  // Phase 2: free the places before the answers, so that a client that has its
  // answer can wait again.
  auto next = PeriodicTask::kWhenWoken;
  {
    MutexLock lock(mu_);
    FreePlaces(ripe);
    waiters_.splice(waiters_.begin(), looked_at);
    if (!waiters_.empty()) next = std::chrono::steady_clock::now() + kSweep;
    for (const Waiter& waiter : waiters_) {
      next = std::min(next, waiter.deadline);
    }
  }
  // Phase 3: answer.
  auto result = results.begin();
  for (const Waiter& waiter : ripe) waiter.done(std::move(*result++));
  return next;
}

}  // namespace clockwise
