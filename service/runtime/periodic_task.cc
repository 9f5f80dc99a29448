#include "service/runtime/periodic_task.h"

#include <utility>

namespace clockwise {

PeriodicTask::PeriodicTask(Step step)
    : step_(std::move(step)),
      thread_([this](const std::stop_token& stop) { Run(stop); }) {}

void PeriodicTask::Wake() {
  {
    MutexLock lock(mu_);
    if (std::exchange(woken_, true)) return;
  }
  changed_.NotifyOne();
}

void PeriodicTask::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void PeriodicTask::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const Clock::time_point next = step_(stop);
    MutexLock lock(mu_);
    changed_.WaitUntil(
        mu_, stop, next,
        [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return woken_; });
    woken_ = false;
  }
}

}  // namespace clockwise
