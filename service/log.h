// The server's log: one line of key=value per event, on standard error.
// Thread-safe. Only the edges log (main, rpc); the core returns statuses. A
// reader that does not read costs lines, never time: what would block is
// dropped.
#ifndef CLOCKWISE_SERVICE_LOG_H_
#define CLOCKWISE_SERVICE_LOG_H_

#include <initializer_list>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace clockwise {

using LogField = std::pair<absl::string_view, std::string>;

// As: 2026-11-23T03:41:00.123Z info msg="ring changed" ring=default epoch=7
void LogInfo(absl::string_view message,
             std::initializer_list<LogField> fields = {});
void LogWarning(absl::string_view message,
                std::initializer_list<LogField> fields = {});

// gRPC and Protocol Buffers log by themselves. Silence keeps them off standard
// error, where a failed start shall be one line. Join lets gRPC's errors
// through as warnings, at most one a second; Protocol Buffers' parse errors,
// which any client can cause, never.
void SilenceLibraryLogs();
void JoinLibraryLogs();

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_LOG_H_
