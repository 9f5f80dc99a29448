#include "tests/http/http_client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace clockwise {

Client::Client(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  // A small buffer, so that a page of a few megabytes does not fit into the
  // kernel.
  const int buffered = 4096;
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &buffered, sizeof(buffered));
  const timeval ample = {20, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &ample, sizeof(ample));
  EXPECT_EQ(::connect(socket_, reinterpret_cast<const sockaddr*>(&address),
                      sizeof(address)),
            0)
      << std::strerror(errno);
}

Client::~Client() {
  if (socket_ >= 0) ::close(socket_);
}

Client::Client(Client&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)) {}

bool Client::Send(absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent =
        ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

std::string Client::ReadAll() {
  std::string all;
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t got = ::recv(socket_, buffer.data(), buffer.size(), 0);
    if (got < 0) {
      EXPECT_EQ(errno, ECONNRESET) << std::strerror(errno);
      was_reset_ = true;
      return all;
    }
    if (got == 0) return all;
    all.append(buffer.data(), static_cast<size_t>(got));
  }
}

std::string Fetch(int port, absl::string_view line, absl::string_view headers) {
  Client client(port);
  client.Send(
      absl::StrCat(line, " HTTP/1.1\r\nHost: localhost\r\n", headers, "\r\n"));
  return client.ReadAll();
}

std::string Get(int port, absl::string_view path) {
  return Fetch(port, absl::StrCat("GET ", path));
}

std::string StatusLine(const std::string& answer) {
  return answer.substr(0, answer.find("\r\n"));
}

std::string Body(const std::string& answer) {
  const size_t end = answer.find("\r\n\r\n");
  return end == std::string::npos ? "" : answer.substr(end + 4);
}

HttpServer::Options OptionsFor(const MadeUpMetrics& metrics) {
  HttpServer::Options options;
  options.address = "127.0.0.1:0";
  options.metrics = &metrics;
  options.ready = [] { return absl::OkStatus(); };
  return options;
}

}  // namespace clockwise
