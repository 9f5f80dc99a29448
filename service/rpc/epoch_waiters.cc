#include "service/rpc/epoch_waiters.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/rpc/status_mapping.h"

namespace clockwise {
namespace {

// How often calls whose client has gone away are looked for.
constexpr std::chrono::milliseconds kSweep(100);

}  // namespace

EpochWaiters::EpochWaiters(const Membership& membership, size_t most,
                           RpcStats& stats)
    : membership_(membership),
      most_(most),
      stats_(stats),
      thread_([this] { Run(); }) {}

EpochWaiters::~EpochWaiters() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
    draining_ = true;
  }
  changed_.NotifyAll();
  thread_.join();
}

void EpochWaiters::Add(Waiter waiter) {
  {
    MutexLock lock(mu_);
    if (waiters_.size() < most_) {
      waiters_.push_back(std::move(waiter));
      // The epoch may have come between the caller's look and now.
      woken_ = true;
      changed_.NotifyAll();
      return;
    }
  }
  stats_.Reached(Limit::kWaitingCalls);
  waiter.done(
      Overloaded(absl::StrCat("min_epoch: ", most_, " calls wait already")));
}

void EpochWaiters::Wake() {
  {
    MutexLock lock(mu_);
    woken_ = true;
  }
  changed_.NotifyAll();
}

void EpochWaiters::Drain() {
  {
    MutexLock lock(mu_);
    draining_ = true;
    woken_ = true;
  }
  changed_.NotifyAll();
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
                   " is at epoch ", (*result)->epoch, " here, ",
                   waiter.min_epoch, " did not come before the deadline"));
  return true;
}

void EpochWaiters::Run() {
  while (true) {
    std::list<Waiter> looked_at;
    bool draining = false;
    {
      MutexLock lock(mu_);
      while (!woken_ && !stopping_) {
        if (waiters_.empty()) {
          changed_.Wait(mu_);
          continue;
        }
        auto until = std::chrono::steady_clock::now() + kSweep;
        for (const Waiter& waiter : waiters_) {
          until = std::min(until, waiter.deadline);
        }
        changed_.WaitUntil(mu_, until);
        break;
      }
      if (stopping_ && waiters_.empty()) return;
      woken_ = false;
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
  }
}

}  // namespace clockwise
