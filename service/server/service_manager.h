// What a service manager is told, by systemd's protocol: a datagram to the
// socket that it names (sd_notify(3), whose page has such code so that nobody
// need link a library for it). Without a manager nothing happens. Stateless.
#ifndef CLOCKWISE_SERVICE_SERVER_SERVICE_MANAGER_H_
#define CLOCKWISE_SERVICE_SERVER_SERVICE_MANAGER_H_

#include <chrono>
#include <optional>

#include "absl/strings/string_view.h"

namespace clockwise {

// "READY=1", "STOPPING=1", "WATCHDOG=1", …
void TellManager(absl::string_view state);

// How long it waits for a WATCHDOG=1 until it starts the service anew; nothing:
// it does not.
std::optional<std::chrono::microseconds> WatchdogTime();

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_SERVER_SERVICE_MANAGER_H_
