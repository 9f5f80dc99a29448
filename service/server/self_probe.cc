#include "service/server/self_probe.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "service/api/listen_address.h"
#include "service/runtime/log.h"
#include "service/server/service_manager.h"

namespace clockwise {
namespace {

constexpr int kAnswerMilliseconds = 2000;

struct Address {
  sockaddr_storage storage = {};
  socklen_t size = 0;
};

// Returns the socket address for `listen`; its size is 0 if it cannot be
// resolved.
Address Resolve(const std::string& listen) {
  Address address;
  absl::string_view path = listen;
  if (absl::ConsumePrefix(&path, "unix:")) {
    auto& unix_address = reinterpret_cast<sockaddr_un&>(address.storage);
    if (path.size() >= sizeof(unix_address.sun_path)) return address;
    unix_address.sun_family = AF_UNIX;
    std::copy(path.begin(), path.end(), unix_address.sun_path);
    address.size = sizeof(sockaddr_un);
    return address;
  }
  const auto parsed = ParseListenAddress(listen);
  if (!parsed.ok()) return address;
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(parsed->host.c_str(), absl::StrCat(parsed->port).c_str(),
                  &hints, &found) != 0) {
    return address;
  }
  std::copy_n(reinterpret_cast<const char*>(found->ai_addr), found->ai_addrlen,
              reinterpret_cast<char*>(&address.storage));
  address.size = found->ai_addrlen;
  freeaddrinfo(found);
  return address;
}

// Waits until `event` occurs. Returns false after kAnswerMilliseconds.
bool Ready(int descriptor, int16_t event) {
  pollfd waited = {descriptor, event, 0};
  return poll(&waited, 1, kAnswerMilliseconds) > 0;
}

// True if the server sends any byte (HTTP/2 settings), or closes the
// connection, after the probe has shut down its sending side. This works with
// and without TLS. If the server does not accept connections, the kernel still
// completes them, but nothing is sent.
bool Answers(const Address& address) {
  const int descriptor = socket(address.storage.ss_family,
                                SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return false;
  bool answers =
      (connect(descriptor, reinterpret_cast<const sockaddr*>(&address.storage),
               address.size) == 0 ||
       errno == EINPROGRESS) &&
      Ready(descriptor, POLLOUT) && shutdown(descriptor, SHUT_WR) == 0 &&
      Ready(descriptor, POLLIN);
  if (answers) {
    char byte = 0;
    // A closed or reset connection is an answer, a refused one is not.
    answers = recv(descriptor, &byte, 1, 0) >= 0 || errno == ECONNRESET;
  }
  close(descriptor);
  return answers;
}

}  // namespace

SelfProbe::SelfProbe(std::string address, std::chrono::milliseconds interval)
    : address_(std::move(address)), interval_(interval) {
  if (interval_.count() <= 0) return;
  task_.emplace([this, resolved = Resolve(address_)](const std::stop_token&) {
    // An address that cannot be resolved is not probed.
    Report(resolved.size == 0 || Answers(resolved));
    return PeriodicTask::Clock::now() + interval_;
  });
}

void SelfProbe::Report(bool answers) {
  if (answers) {
    in_a_row_ = 0;
    TellManager("WATCHDOG=1");
    return;
  }
  ++failures_;
  LogError("self-probe failed: the server does not answer",
           {{"address", address_}, {"times", absl::StrCat(++in_a_row_)}});
}

}  // namespace clockwise
