#include "service/rpc/deadlines.h"

namespace clockwise {

Deadlines::Deadlines()
    : task_([this](const std::stop_token& stop) { return Expire(stop); }) {}

void Deadlines::ExpireAll() {
  {
    MutexLock lock(mu_);
    all_expired_ = true;
  }
  task_.Wake();
}

Deadlines::Handle Deadlines::Add(Time time, std::function<void()> expired) {
  Handle handle;
  bool first = false;
  {
    MutexLock lock(mu_);
    handle = {time, ++added_};
    waiting_.emplace(handle, std::move(expired));
    first = waiting_.begin()->first == handle;
  }
  if (first) task_.Wake();
  return handle;
}

void Deadlines::Remove(const Handle& handle) {
  std::function<void()> dropped;  // destroyed after the lock is released
  MutexLock lock(mu_);
  if (const auto at = waiting_.find(handle); at != waiting_.end()) {
    dropped = std::move(at->second);
    waiting_.erase(at);
  }
}

std::function<void()> Deadlines::TakeExpired(Time& next) {
  MutexLock lock(mu_);
  next = PeriodicTask::kWhenWoken;
  if (waiting_.empty()) return nullptr;
  const auto first = waiting_.begin();
  if (!all_expired_ && first->first.first > std::chrono::steady_clock::now()) {
    next = first->first.first;
    return nullptr;
  }
  std::function<void()> expired = std::move(first->second);
  waiting_.erase(first);
  return expired;
}

Deadlines::Time Deadlines::Expire(const std::stop_token& stop) {
  Time next;
  while (!stop.stop_requested()) {
    const std::function<void()> expired = TakeExpired(next);
    if (expired == nullptr) break;
    expired();
  }
  return next;
}

}  // namespace clockwise
