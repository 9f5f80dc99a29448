// SelfProbe connects to the server's own address at regular intervals.
// gRPC 1.51 can permanently stop accepting connections when file descriptors
// run out (CVE-2023-4785), although the process runs. Thread-safe. It owns one
// thread.
#ifndef CLOCKWISE_SERVICE_SERVER_SELF_PROBE_H_
#define CLOCKWISE_SERVICE_SERVER_SELF_PROBE_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "service/runtime/periodic_task.h"

namespace clockwise {

class SelfProbe {
 public:
  // Probes the server that listens on `address`. An interval of 0 means no
  // probes. Sends WATCHDOG=1 to the service manager after each probe that was
  // answered, for its watchdog.
  SelfProbe(std::string address, std::chrono::milliseconds interval);
  SelfProbe(const SelfProbe&) = delete;
  SelfProbe& operator=(const SelfProbe&) = delete;

  // Ends the probes. Further calls do nothing. Two threads must not call it at
  // the same time.
  void Stop() {
    if (task_.has_value()) task_->Stop();
  }

  // True unless the last kFailures probes were not answered.
  bool alive() const { return in_a_row_.load() < kFailures; }
  uint64_t failures() const { return failures_.load(); }

 private:
  static constexpr int kFailures = 3;

  void Report(bool answers);

  const std::string address_;
  const std::chrono::milliseconds interval_;
  std::atomic<int> in_a_row_ = 0;
  std::atomic<uint64_t> failures_ = 0;
  std::optional<PeriodicTask> task_;  // nullopt if the interval is 0
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_SERVER_SELF_PROBE_H_
