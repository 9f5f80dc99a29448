#include "service/runtime/log.h"

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "service/runtime/mutex.h"

namespace clockwise {
namespace {

// A pipe with room for PIPE_BUF bytes accepts a line of this size at once, as a
// whole.
constexpr size_t kMaxLine = 4096;
constexpr size_t kMaxValue = 3000;
constexpr int kMostOfOnePlace = 10;  // per second
constexpr size_t kMostPlaces = 1000;

std::atomic<bool> as_json = false;
std::atomic<LogLevel> least_level = LogLevel::kInfo;

const char* NameOf(LogLevel level) {
  constexpr const char* kNames[] = {"debug", "info", "warning", "error"};
  return kNames[static_cast<size_t>(level)];
}

// Limits the number of lines that each log statement writes per second.
class Allowances {
 public:
  // Returns true if the statement `message` may write a line now. Then sets
  // `dropped` to the number of its lines that were dropped since its last line.
  bool Take(absl::string_view message, absl::Time now, uint64_t& dropped) {
    MutexLock lock(mu_);
    if (statements_.size() > kMostPlaces) statements_.clear();
    Statement& statement = statements_[std::string(message)];
    const int64_t second = absl::ToUnixSeconds(now);
    if (statement.second != second) {
      statement.second = second;
      statement.lines = 0;
    }
    if (++statement.lines > kMostOfOnePlace) {
      ++statement.dropped;
      return false;
    }
    dropped = statement.dropped;
    statement.dropped = 0;
    return true;
  }

 private:
  struct Statement {
    int64_t second = 0;
    int lines = 0;
    uint64_t dropped = 0;
  };
  Mutex mu_;
  std::map<std::string, Statement, std::less<>> statements_
      ABSL_GUARDED_BY(mu_);
};

std::string TextValue(absl::string_view text) {
  const bool plain =
      !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return absl::ascii_isgraph(static_cast<unsigned char>(c)) && c != '"' &&
               c != '=';
      });
  if (plain) return std::string(text);
  return absl::StrCat("\"", absl::Utf8SafeCEscape(text), "\"");
}

// Writes bytes that are not printable ASCII as \u00XX, so that the result is
// valid JSON for any input.
std::string JsonValue(absl::string_view text) {
  std::string value = "\"";
  for (const char c : text.substr(0, kMaxValue)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      absl::StrAppend(&value, "\\", absl::string_view(&c, 1));
    } else if (absl::ascii_isprint(byte)) {
      value.push_back(c);
    } else {
      absl::StrAppend(&value, "\\u", absl::Hex(byte, absl::kZeroPad4));
    }
  }
  value.push_back('"');
  return value;
}

class Line {
 public:
  Line(absl::string_view time, LogLevel level, absl::string_view message)
      : json_(as_json) {
    if (json_) {
      line_ = "{";
      Add("ts", time);
      Add("level", NameOf(level));
    } else {
      line_ = absl::StrCat(time, " ", NameOf(level));
    }
    Add("msg", message);
  }

  // Adds a field, unless the line would become too long.
  void Add(absl::string_view key, absl::string_view value) {
    std::string field;
    if (json_) {
      field = absl::StrCat(line_.size() > 1 ? "," : "", "\"", key,
                           "\":", JsonValue(value));
    } else {
      field =
          absl::StrCat(" ", key, "=", TextValue(value.substr(0, kMaxValue)));
    }
    if (line_.size() + field.size() + 2 <= kMaxLine) line_ += field;
  }

  std::string Take() && {
    line_ += json_ ? "}\n" : "\n";
    return std::move(line_);
  }

 private:
  const bool json_;
  std::string line_;
};

void Write(LogLevel level, absl::string_view message,
           std::initializer_list<LogField> fields) {
  static Allowances& allowances = *new Allowances;
  if (level < least_level) return;
  const absl::Time now = absl::Now();
  uint64_t dropped = 0;
  if (!allowances.Take(message, now, dropped)) return;
  Line line(absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", now, absl::UTCTimeZone()),
            level, message);
  for (const auto& [key, value] : fields) line.Add(key, value);
  if (dropped > 0) line.Add("dropped", absl::StrCat(dropped));
  const std::string text = std::move(line).Take();
  pollfd descriptor = {STDERR_FILENO, POLLOUT, 0};
  if (poll(&descriptor, 1, 0) != 1) return;
  [[maybe_unused]] const ssize_t written =
      write(STDERR_FILENO, text.data(), text.size());
}

void WriteGrpcLog(gpr_log_func_args* entry) {
  const bool error = entry->severity == GPR_LOG_SEVERITY_ERROR;
  // Two statements, because each has its own limit: debug messages must not use
  // up the limit of errors.
  Write(error ? LogLevel::kWarning : LogLevel::kDebug,
        error ? "gRPC error" : "gRPC message",
        {{"component", "grpc"}, {"what", entry->message}});
}

}  // namespace

void SetLog(LogFormat format, LogLevel least) {
  as_json = format == LogFormat::kJson ||
            (format == LogFormat::kAuto && isatty(STDERR_FILENO) == 0);
  least_level = least;
  if (least == LogLevel::kDebug) {
    gpr_set_log_verbosity(GPR_LOG_SEVERITY_INFO);
  }
}

void LogInfo(absl::string_view message,
             std::initializer_list<LogField> fields) {
  Write(LogLevel::kInfo, message, fields);
}

void LogWarning(absl::string_view message,
                std::initializer_list<LogField> fields) {
  Write(LogLevel::kWarning, message, fields);
}

void LogError(absl::string_view message,
              std::initializer_list<LogField> fields) {
  Write(LogLevel::kError, message, fields);
}

void SilenceLibraryLogs() {
  gpr_set_log_function([](gpr_log_func_args*) {});
  google::protobuf::SetLogHandler(nullptr);
}

void JoinLibraryLogs() { gpr_set_log_function(WriteGrpcLog); }

}  // namespace clockwise
