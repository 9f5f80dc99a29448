// PeriodicTask runs a function on a thread of its own: at the times that the
// function chooses, and at once when it is woken. Thread-safe. It owns its
// thread, and joins it when it is destroyed.
#ifndef CLOCKWISE_SERVICE_RUNTIME_PERIODIC_TASK_H_
#define CLOCKWISE_SERVICE_RUNTIME_PERIODIC_TASK_H_

#include <chrono>
#include <functional>
#include <stop_token>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "service/runtime/mutex.h"

namespace clockwise {

class PeriodicTask {
 public:
  using Clock = std::chrono::steady_clock;

  // Returned by a step that must not run again until the task is woken.
  static constexpr Clock::time_point kWhenWoken = Clock::time_point::max();

  // Runs the task once and returns the time of the next run. A step that blocks
  // must return soon after `stop` is requested.
  using Step = std::function<Clock::time_point(const std::stop_token& stop)>;

  // Runs `step` for the first time at once. The objects that it uses must
  // outlive this one.
  explicit PeriodicTask(Step step);
  PeriodicTask(const PeriodicTask&) = delete;
  PeriodicTask& operator=(const PeriodicTask&) = delete;

  // Runs the step again as soon as possible. Wakes during a run, however many,
  // cause one more run. Does not block.
  void Wake();

  // Blocks until the step has ended, and runs it no more. A second call does
  // nothing. Must not be called by two threads at once, or by the step.
  void Stop();

 private:
  void Run(const std::stop_token& stop);

  const Step step_;
  Mutex mu_;
  Condition changed_;
  bool woken_ ABSL_GUARDED_BY(mu_) = false;
  std::jthread thread_;  // last: it uses the members above
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RUNTIME_PERIODIC_TASK_H_
