#include "service/rpc/epoch_waiters.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/channel/status_mapping.h"

namespace clockwise {
namespace {

// Interval of the checks for cancelled calls.
constexpr std::chrono::milliseconds kSweep(100);

absl::Status AllWait(size_t most) {
  return Overloaded(
      absl::StrCat(most,
                   " calls wait for an epoch or for the store already, the "
                   "maximum (--max-waiting-calls); retry, or call another "
                   "server"));
}

absl::Status NotReached(const EpochWaiters::Waiter& waiter,
                        const RingState& state) {
  return Refusal(
      v1::ERROR_REASON_EPOCH_NOT_REACHED,
      absl::StrCat("min_epoch: ring ", Quoted(state.name()), " is at epoch ",
                   state.epoch, " of incarnation ",
                   absl::Hex(state.incarnation, absl::kZeroPad16),
                   " on this server, and did not reach ", waiter.min_epoch,
                   waiter.min_incarnation == 0
                       ? ""
                       : absl::StrCat(" of incarnation ",
                                      absl::Hex(waiter.min_incarnation,
                                                absl::kZeroPad16)),
                   " before the deadline; retry, or call another server"));
}

}  // namespace

EpochWaiters::EpochWaiters(const Membership& membership, StoreReader& reader,
                           size_t most, RpcStats& stats)
    : membership_(membership),
      reader_(reader),
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
  std::list<Waiter> displaced;
  const absl::Status status = TakePlace(waiter, displaced);
  if (!displaced.empty()) {
    stats_.Reached(Limit::kWaitingCalls);
    displaced.front().done(AllWait(most_));
  }
  if (status.ok()) {
    // The epoch may have been reached after the caller read it.
    task_.Wake();
    return;
  }
  stats_.Reached(Limit::kWaitingCalls);
  waiter.done(status);
}

// Connections share the places: if all are taken, a call of a connection with
// few waiting calls takes the place of the newest call of the connection that
// has the most.
absl::Status EpochWaiters::TakePlace(Waiter& waiter,
                                     std::list<Waiter>& displaced) {
  MutexLock lock(mu_);
  const size_t own = by_peer_[waiter.peer];
  if (count_ >= most_) {
    const auto most = std::max_element(
        by_peer_.begin(), by_peer_.end(),
        [](const auto& a, const auto& b) { return a.second < b.second; });
    const auto newest = std::find_if(
        waiters_.rbegin(), waiters_.rend(),
        [&](const Waiter& other) { return other.peer == most->first; });
    // AnswerRipe may look at all calls of that connection at this moment.
    if (most->second <= own + 1 || newest == waiters_.rend()) {
      if (own == 0) by_peer_.erase(waiter.peer);
      return AllWait(most_);
    }
    displaced.splice(displaced.end(), waiters_, std::prev(newest.base()));
    FreePlaces(displaced);
  }
  ++by_peer_[waiter.peer];
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
  const auto found = membership_.FindSince(waiter.ring, waiter.since);
  if (found.has_value()) {
    result = *found;
    if (!result.ok() ||
        HasReached(**result, waiter.min_epoch, waiter.min_incarnation)) {
      return true;
    }
  } else {
    reader_.ReadSince(waiter.since);
  }
  if (draining) {
    result = Draining();
    return true;
  }
  if (std::chrono::steady_clock::now() < waiter.deadline &&
      !waiter.cancelled()) {
    return false;
  }
  result =
      found.has_value() ? NotReached(waiter, **result) : NotRead(waiter.ring);
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
