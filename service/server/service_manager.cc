#include "service/server/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "absl/strings/numbers.h"

namespace clockwise {

void TellManager(absl::string_view state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path == nullptr || *path == '\0' ||
      std::strlen(path) >= sizeof(address.sun_path)) {
    return;
  }
  const size_t size = std::strlen(path);
  std::memcpy(address.sun_path, path, size);
  if (*path == '@') address.sun_path[0] = '\0';  // an abstract socket
  const int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return;
  (void)sendto(descriptor, state.data(), state.size(), MSG_NOSIGNAL,
               reinterpret_cast<const sockaddr*>(&address),
               static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size));
  close(descriptor);
}

std::optional<std::chrono::microseconds> WatchdogTime() {
  const char* text = std::getenv("WATCHDOG_USEC");
  int64_t microseconds = 0;
  if (text == nullptr || !absl::SimpleAtoi(text, &microseconds) ||
      microseconds <= 0) {
    return std::nullopt;
  }
  return std::chrono::microseconds(microseconds);
}

}  // namespace clockwise
