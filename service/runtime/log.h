// The server's log, on standard error: a line of key=value per event where a
// person reads it (a terminal), else a line of JSON. Thread-safe. Only the
// edges log (main, rpc); the core returns statuses. A reader that does not read
// costs lines, never time: what would block is dropped. So is what one place
// says more than ten times a second; its next line tells how often ("dropped").
#ifndef CLOCKWISE_SERVICE_RUNTIME_LOG_H_
#define CLOCKWISE_SERVICE_RUNTIME_LOG_H_

#include <initializer_list>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace clockwise {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
enum class LogFormat { kAuto, kText, kJson };

// Before the first line, by one thread. Lines below `least` are not written.
void SetLog(LogFormat format, LogLevel least);

using LogField = std::pair<absl::string_view, std::string>;

// `message` is the place's own and always the same; what differs is in fields.
//   2026-11-23T03:41:00.123Z info msg="ring changed" ring=default epoch=7
//   {"ts":"2026-11-23T03:41:00.123Z","level":"info","msg":"ring changed", …}
void LogInfo(absl::string_view message,
             std::initializer_list<LogField> fields = {});
void LogWarning(absl::string_view message,
                std::initializer_list<LogField> fields = {});
void LogError(absl::string_view message,
              std::initializer_list<LogField> fields = {});

// gRPC and Protocol Buffers log by themselves. Silence keeps them off standard
// error, where a failed start shall be one line. Join lets gRPC's errors
// through as warnings with component=grpc, and at level debug all that it says;
// Protocol Buffers' parse errors, which any client can cause, never.
void SilenceLibraryLogs();
void JoinLibraryLogs();

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RUNTIME_LOG_H_
