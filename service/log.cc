#include "service/log.h"

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace clockwise {
namespace {

// A pipe with room for PIPE_BUF bytes takes such a line whole and at once.
constexpr size_t kMaxLine = 4096;

std::string Value(absl::string_view text) {
  const bool plain =
      !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return absl::ascii_isgraph(static_cast<unsigned char>(c)) && c != '"' &&
               c != '=';
      });
  if (plain) return std::string(text);
  return absl::StrCat("\"", absl::Utf8SafeCEscape(text), "\"");
}

void Write(absl::string_view level, absl::string_view message,
           std::initializer_list<LogField> fields) {
  std::string line =
      absl::StrCat(absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::Now(),
                                    absl::UTCTimeZone()),
                   " ", level, " msg=", Value(message));
  for (const auto& [key, value] : fields) {
    absl::StrAppend(&line, " ", key, "=", Value(value));
  }
  line.resize(std::min(line.size(), kMaxLine - 1));
  line.push_back('\n');
  pollfd descriptor = {STDERR_FILENO, POLLOUT, 0};
  if (poll(&descriptor, 1, 0) != 1) return;
  [[maybe_unused]] const ssize_t written =
      write(STDERR_FILENO, line.data(), line.size());
}

void WriteGrpcLog(gpr_log_func_args* entry) {
  if (entry->severity != GPR_LOG_SEVERITY_ERROR) return;
  static std::atomic<int64_t> last_second = 0;
  const int64_t second = absl::ToUnixSeconds(absl::Now());
  if (last_second.exchange(second) == second) return;
  Write("warning", entry->message, {{"component", "grpc"}});
}

}  // namespace

void LogInfo(absl::string_view message,
             std::initializer_list<LogField> fields) {
  Write("info", message, fields);
}

void LogWarning(absl::string_view message,
                std::initializer_list<LogField> fields) {
  Write("warning", message, fields);
}

void SilenceLibraryLogs() {
  gpr_set_log_function([](gpr_log_func_args*) {});
  google::protobuf::SetLogHandler(nullptr);
}

void JoinLibraryLogs() { gpr_set_log_function(WriteGrpcLog); }

}  // namespace clockwise
