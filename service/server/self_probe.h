// Dials the server's own address now and then: gRPC 1.51 can stop accepting
// connections for good (when descriptors have run out, CVE-2023-4785), and look
// alive. Thread-safe.
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
  // Of a server that listens on `address`; with an interval of 0 it never does.
  // Each probe that was answered is told to the service manager, whose watchdog
  // waits for that.
  SelfProbe(std::string address, std::chrono::milliseconds interval);
  SelfProbe(const SelfProbe&) = delete;
  SelfProbe& operator=(const SelfProbe&) = delete;

  // Dials no more. Not to be called by two threads at once; again is nothing.
  void Stop() {
    if (task_.has_value()) task_->Stop();
  }

  // False once several probes in a row were not answered.
  bool alive() const { return in_a_row_.load() < kFailures; }
  uint64_t failures() const { return failures_.load(); }

 private:
  static constexpr int kFailures = 3;

  void Report(bool answers);

  const std::string address_;
  const std::chrono::milliseconds interval_;
  std::atomic<int> in_a_row_ = 0;
  std::atomic<uint64_t> failures_ = 0;
  std::optional<PeriodicTask> task_;  // none with an interval of 0
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_SERVER_SELF_PROBE_H_
