#include "service/metrics/process_figures.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace clockwise {
namespace {

// Indexes of the fields of /proc/PID/stat that follow the program's name, which
// is field 2 in proc(5).
constexpr size_t kUserTicks = 11;
constexpr size_t kSystemTicks = 12;
constexpr size_t kThreads = 17;
constexpr size_t kStartTicks = 19;
constexpr size_t kVirtualBytes = 20;
constexpr size_t kResidentPages = 21;

// Returns the boot time of the machine, in seconds since the Unix epoch.
std::optional<double> BootTime() {
  std::ifstream stat("/proc/stat");
  std::string word;
  while (stat >> word) {
    double seconds = 0;
    if (word == "btime" && stat >> seconds) return seconds;
  }
  return std::nullopt;
}

std::optional<ProcessStat> ReadProcessStat() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  return ParseProcessStat(line);
}

std::optional<double> OpenFds() {
  std::error_code error;
  std::filesystem::directory_iterator at("/proc/self/fd", error);
  double count = -1;  // excludes the descriptor that reads the folder
  for (; !error && at != std::filesystem::directory_iterator();
       at.increment(error)) {
    ++count;
  }
  if (error) return std::nullopt;
  return count;
}

}  // namespace

std::optional<ProcessStat> ParseProcessStat(absl::string_view line) {
  const size_t name_end = line.rfind(')');
  if (name_end == absl::string_view::npos) return std::nullopt;
  const std::vector<absl::string_view> fields =
      absl::StrSplit(line.substr(name_end + 1), ' ', absl::SkipEmpty());
  if (fields.size() <= kResidentPages) return std::nullopt;
  ProcessStat stat;
  uint64_t system_ticks = 0;
  if (!absl::SimpleAtoi(fields[kUserTicks], &stat.cpu_ticks) ||
      !absl::SimpleAtoi(fields[kSystemTicks], &system_ticks) ||
      !absl::SimpleAtoi(fields[kThreads], &stat.threads) ||
      !absl::SimpleAtoi(fields[kStartTicks], &stat.start_ticks) ||
      !absl::SimpleAtoi(fields[kVirtualBytes], &stat.virtual_bytes) ||
      !absl::SimpleAtoi(fields[kResidentPages], &stat.resident_pages)) {
    return std::nullopt;
  }
  stat.cpu_ticks += system_ticks;
  return stat;
}

ProcessFigures ReadProcessFigures() {
  ProcessFigures figures;
  if (const auto stat = ReadProcessStat()) {
    const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    figures.cpu_seconds = static_cast<double>(stat->cpu_ticks) / ticks;
    figures.threads = static_cast<double>(stat->threads);
    figures.virtual_bytes = static_cast<double>(stat->virtual_bytes);
    figures.resident_bytes = static_cast<double>(stat->resident_pages) *
                             static_cast<double>(sysconf(_SC_PAGESIZE));
    if (const auto boot = BootTime()) {
      figures.start_time_seconds =
          *boot + static_cast<double>(stat->start_ticks) / ticks;
    }
  }
  figures.open_fds = OpenFds();
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    figures.max_fds = static_cast<double>(limit.rlim_cur);
  }
  return figures;
}

}  // namespace clockwise
