#include "service/rpc/deadlines.h"

namespace clockwise {

Deadlines::Deadlines() : thread_([this] { Run(); }) {}

Deadlines::~Deadlines() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  thread_.join();
}

void Deadlines::ExpireAll() {
  {
    MutexLock lock(mu_);
    all_expired_ = true;
  }
  changed_.NotifyAll();
}

Deadlines::Handle Deadlines::Add(Time time, std::function<void()> expired) {
  MutexLock lock(mu_);
  const Handle handle(time, ++added_);
  waiting_.emplace(handle, std::move(expired));
  if (waiting_.begin()->first == handle) changed_.NotifyAll();
  return handle;
}

void Deadlines::Remove(const Handle& handle) {
  std::function<void()> dropped;  // destroyed without the lock
  MutexLock lock(mu_);
  if (const auto at = waiting_.find(handle); at != waiting_.end()) {
    dropped = std::move(at->second);
    waiting_.erase(at);
  }
}

void Deadlines::Run() {
  while (true) {
    std::function<void()> expired;
    {
      MutexLock lock(mu_);
      while (!stopping_ &&
             (waiting_.empty() ||
              (!all_expired_ && waiting_.begin()->first.first >
                                    std::chrono::steady_clock::now()))) {
        if (waiting_.empty()) {
          changed_.Wait(mu_);
        } else {
          const Time first = waiting_.begin()->first.first;
          changed_.WaitUntil(mu_, first);
        }
      }
      if (stopping_) return;
      expired = std::move(waiting_.begin()->second);
      waiting_.erase(waiting_.begin());
    }
    expired();
  }
}

}  // namespace clockwise
