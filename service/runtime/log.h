// The server's log on standard error. Each event is one line: key=value if
// standard error is a terminal, else JSON. Thread-safe.
//
// Only the edges log (main, rpc); the core returns statuses. Writing never
// blocks: a line is dropped if its reader is too slow. A statement writes at
// most ten lines per second. The field "dropped" of its next line is the number
// of lines that were dropped.
#ifndef CLOCKWISE_SERVICE_RUNTIME_LOG_H_
#define CLOCKWISE_SERVICE_RUNTIME_LOG_H_

#include <initializer_list>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace clockwise {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
enum class LogFormat { kAuto, kText, kJson };

// Sets the format, and the lowest level that is written. Call it once, before
// the first line.
void SetLog(LogFormat format, LogLevel least);

using LogField = std::pair<absl::string_view, std::string>;

// `message` is the same in all lines of a statement; variable values are in
// `fields`.
//   2026-11-23T03:41:00.123Z info msg="ring changed" ring=default epoch=7
//   {"ts":"2026-11-23T03:41:00.123Z","level":"info","msg":"ring changed", …}
void LogInfo(absl::string_view message,
             std::initializer_list<LogField> fields = {});
void LogWarning(absl::string_view message,
                std::initializer_list<LogField> fields = {});
void LogError(absl::string_view message,
              std::initializer_list<LogField> fields = {});

// gRPC and Protocol Buffers have their own logs. SilenceLibraryLogs drops them,
// so that a failed start prints one line only. JoinLibraryLogs logs errors of
// gRPC as warnings with component=grpc, and all its messages at level debug. It
// never logs parse errors of Protocol Buffers, which any client can cause.
void SilenceLibraryLogs();
void JoinLibraryLogs();

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RUNTIME_LOG_H_
