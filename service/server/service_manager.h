// Reports the server's state to a service manager, by systemd's protocol: a
// datagram to the socket in NOTIFY_SOCKET. sd_notify(3) contains such code, so
// that programs need not link a library. Stateless.
#ifndef CLOCKWISE_SERVICE_SERVER_SERVICE_MANAGER_H_
#define CLOCKWISE_SERVICE_SERVER_SERVICE_MANAGER_H_

#include <chrono>
#include <optional>

#include "absl/strings/string_view.h"

namespace clockwise {

// Sends `state`: "READY=1", "STOPPING=1", "WATCHDOG=1", … Does nothing if there
// is no service manager.
void TellManager(absl::string_view state);

// Returns the time without WATCHDOG=1 after which the service manager restarts
// the service; nullopt if its watchdog is off.
std::optional<std::chrono::microseconds> WatchdogTime();

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_SERVER_SERVICE_MANAGER_H_
