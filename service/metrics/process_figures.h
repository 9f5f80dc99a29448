// Reads figures of this process from Linux, for the process_* metrics that all
// Prometheus clients export (prometheus-cpp does not). Stateless.
#ifndef CLOCKWISE_SERVICE_METRICS_PROCESS_FIGURES_H_
#define CLOCKWISE_SERVICE_METRICS_PROCESS_FIGURES_H_

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"

namespace clockwise {

// Fields of /proc/PID/stat in the units of proc(5).
struct ProcessStat {
  uint64_t cpu_ticks = 0;  // user and system
  uint64_t threads = 0;
  uint64_t start_ticks = 0;  // since the machine was booted
  uint64_t virtual_bytes = 0;
  uint64_t resident_pages = 0;
};

// Parses the line in /proc/PID/stat. The program's name in it may contain
// spaces and parentheses. Returns nullopt if the line is malformed.
std::optional<ProcessStat> ParseProcessStat(absl::string_view line);

// Figures in the units of the metrics. A figure that could not be read is
// nullopt.
struct ProcessFigures {
  std::optional<double> cpu_seconds;
  std::optional<double> resident_bytes;
  std::optional<double> virtual_bytes;
  std::optional<double> open_fds;
  std::optional<double> max_fds;
  std::optional<double> start_time_seconds;  // since the Unix epoch
  std::optional<double> threads;
};

// Reads /proc. Costs about 20 system calls, and one more for every 30
// descriptors.
ProcessFigures ReadProcessFigures();

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_METRICS_PROCESS_FIGURES_H_
