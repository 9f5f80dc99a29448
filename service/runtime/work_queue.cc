#include "service/runtime/work_queue.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace clockwise {
namespace {

// A thread whose nice value is higher by this gets a third of the time if the
// processor is busy (sched(7): a weight of 335 against 1,024).
constexpr int kLower = 5;

}  // namespace

WorkQueue::WorkQueue(size_t threads, size_t capacity, Priority priority)
    : capacity_(capacity) {
  for (size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this, priority](const std::stop_token& stop) {
      if (priority == Priority::kLow) {
        // Linux applies this to the calling thread only.
        setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + kLower);
      }
      Run(stop);
    });
  }
}

WorkQueue::~WorkQueue() {
  for (std::jthread& thread : threads_) thread.request_stop();
}

bool WorkQueue::Add(const std::string& key, std::function<void()> run,
                    std::function<void()> drop) {
  Work displaced;
  {
    MutexLock lock(mu_);
    const auto own = lines_.find(key);
    if (waiting_ >= capacity_ &&
        !Displace(own == lines_.end() ? 0 : own->second.size(), displaced)) {
      return false;
    }
    const auto [line, is_new] = lines_.try_emplace(key);
    line->second.push_back({std::move(run), std::move(drop)});
    ++waiting_;
    if (is_new) ready_.push_back(key);
  }
  if (displaced.drop != nullptr) displaced.drop();
  added_.NotifyOne();
  return true;
}

bool WorkQueue::Displace(size_t own, Work& displaced) {
  const auto most = std::max_element(lines_.begin(), lines_.end(),
                                     [](const auto& a, const auto& b) {
                                       return a.second.size() < b.second.size();
                                     });
  // The line keeps at least one function, so its key stays in ready_.
  if (most == lines_.end() || most->second.size() <= own + 1) return false;
  displaced = std::move(most->second.back());
  most->second.pop_back();
  --waiting_;
  return true;
}

// A thread that ends a function of a key makes the key ready again. So the last
// thread stops only when all lines are empty.
void WorkQueue::Run(const std::stop_token& stop) {
  while (true) {
    std::string key;
    Work work;
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
    work.run();
    work = {};  // frees what the functions hold before the next one waits
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
