// What Linux tells of this process, for the process_* metrics that every
// Prometheus client shows (prometheus-cpp has none). Stateless.
#ifndef CLOCKWISE_SERVICE_METRICS_PROCESS_FIGURES_H_
#define CLOCKWISE_SERVICE_METRICS_PROCESS_FIGURES_H_

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"

namespace clockwise {

// Of /proc/PID/stat (proc(5)), in its own units.
struct ProcessStat {
  uint64_t cpu_ticks = 0;  // user and system
  uint64_t threads = 0;
  uint64_t start_ticks = 0;  // since the machine started
  uint64_t virtual_bytes = 0;
  uint64_t resident_pages = 0;
};

// Parses the one line of /proc/PID/stat. The program's name in it may hold
// spaces and parentheses.
std::optional<ProcessStat> ParseProcessStat(absl::string_view line);

// In the units of the metrics. What could not be read is not there.
struct ProcessFigures {
  std::optional<double> cpu_seconds;
  std::optional<double> resident_bytes;
  std::optional<double> virtual_bytes;
  std::optional<double> open_fds;
  std::optional<double> max_fds;
  std::optional<double> start_time_seconds;  // since the Unix epoch
  std::optional<double> threads;
};

// Reads /proc; costs some 20 system calls, and one more per 30 or so
// descriptors.
ProcessFigures ReadProcessFigures();

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_METRICS_PROCESS_FIGURES_H_
