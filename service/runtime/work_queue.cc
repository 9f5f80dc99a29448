#include "service/runtime/work_queue.h"

#include <chrono>
#include <utility>

namespace clockwise {

WorkQueue::WorkQueue(size_t threads, size_t capacity, size_t capacity_of_key)
    : capacity_(capacity), capacity_of_key_(capacity_of_key) {
  for (size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this](const std::stop_token& stop) { Run(stop); });
  }
}

WorkQueue::~WorkQueue() {
  for (std::jthread& thread : threads_) thread.request_stop();
}

bool WorkQueue::Add(const std::string& key, std::function<void()> work) {
  {
    MutexLock lock(mu_);
    if (waiting_ >= capacity_) return false;
    const auto [line, is_new] = lines_.try_emplace(key);
    if (line->second.size() >= capacity_of_key_) return false;
    line->second.push_back(std::move(work));
    ++waiting_;
    if (is_new) ready_.push_back(key);
  }
  added_.NotifyOne();
  return true;
}

// A thread that ends a function of a key makes the key ready again. So the last
// thread stops only when all lines are empty.
void WorkQueue::Run(const std::stop_token& stop) {
  while (true) {
    std::string key;
    std::function<void()> work;
    {
      MutexLock lock(mu_);
      const bool any = added_.WaitUntil(
          mu_, stop, std::chrono::steady_clock::time_point::max(),
          [this]()
              ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return !ready_.empty(); });
      if (!any) return;  // stopped, and no other key is ready
      key = std::move(ready_.front());
      ready_.pop_front();
      Line& line = lines_[key];
      work = std::move(line.front());
      line.pop_front();
      --waiting_;
    }
    work();
    work = nullptr;
    MutexLock lock(mu_);
    const auto line = lines_.find(key);
    if (line->second.empty()) {
      lines_.erase(line);
    } else {
      ready_.push_back(key);
      added_.NotifyOne();
    }
  }
}

}  // namespace clockwise
