#include "service/http/connection.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace clockwise {
namespace {

constexpr std::chrono::milliseconds kFinishTime(500);
constexpr size_t kFinishBytes = 64 * 1024;

}  // namespace

Connection::Connection(int socket, int stop_fd, const Limits& limits,
                       std::unique_ptr<TlsSession> tls)
    : socket_(socket),
      stop_fd_(stop_fd),
      limits_(limits),
      tls_(std::move(tls)),
      read_deadline_(Clock::now() + limits.request_time) {}

Connection::~Connection() { ::close(socket_); }

void Connection::Finish() {
  if (tls_) tls_->Close();
  ::shutdown(socket_, SHUT_WR);
  const auto deadline = Clock::now() + kFinishTime;
  size_t dropped = 0;
  while (dropped < kFinishBytes && WaitFor(POLLIN, deadline)) {
    const ssize_t got = ::recv(socket_, buffer_.data(), buffer_.size(), 0);
    if (got <= 0) return;
    dropped += static_cast<size_t>(got);
  }
}

ssize_t Connection::read(char* data, size_t size) {
  // httplib reads lines byte by byte.
  if (begin_ == end_) {
    if (received_ > limits_.request_bytes) return -1;
    const ssize_t got = Receive();
    if (got <= 0) {
      late_ = Clock::now() >= read_deadline_;
      return got;
    }
    received_ += static_cast<size_t>(got);
    begin_ = 0;
    end_ = static_cast<size_t>(got);
  }
  const size_t taken = std::min(size, end_ - begin_);
  std::memcpy(data, buffer_.data() + begin_, taken);
  begin_ += taken;
  return static_cast<ssize_t>(taken);
}

template <typename Step>
ssize_t Connection::Insist(Clock::time_point deadline, Step step) const {
  for (short wants = 0;;) {
    const ssize_t result = step(wants);
    if (wants == 0) return result;
    if (!WaitFor(wants, deadline)) return -1;
  }
}

ssize_t Connection::Receive() {
  if (!tls_) {
    if (!WaitFor(POLLIN, read_deadline_)) return -1;
    return ::recv(socket_, buffer_.data(), buffer_.size(), 0);
  }
  return Insist(read_deadline_, [this](short& wants) {
    return tls_->Read(buffer_.data(), buffer_.size(), wants);
  });
}

ssize_t Connection::write(const char* data, size_t size) {
  if (write_deadline_ == Clock::time_point()) {
    write_deadline_ = Clock::now() + limits_.response_time;
  }
  if (tls_) {
    return Insist(write_deadline_,
                  [&](short& wants) { return tls_->Write(data, size, wants); });
  }
  if (!WaitFor(POLLOUT, write_deadline_)) return -1;
  // Without waiting: a blocking send() of much would outlast the deadline.
  return ::send(socket_, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
}

bool Connection::WriteAtOnce(const std::string& text) {
  if (!tls_) {
    return ::send(socket_, text.data(), text.size(),
                  MSG_NOSIGNAL | MSG_DONTWAIT) ==
           static_cast<ssize_t>(text.size());
  }
  short wants = 0;
  return tls_->Write(text.data(), text.size(), wants) ==
         static_cast<ssize_t>(text.size());
}

bool Connection::is_readable() const {
  return begin_ < end_ || (tls_ && tls_->pending()) ||
         WaitFor(POLLIN, read_deadline_);
}

bool Connection::is_writable() const {
  return WaitFor(POLLOUT, Clock::now() + limits_.response_time);
}

void Connection::get_remote_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}

void Connection::get_local_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}

bool Connection::WaitFor(short events, Clock::time_point deadline) const {
  std::array<pollfd, 2> fds = {{{socket_, events, 0}, {stop_fd_, POLLIN, 0}}};
  // A response under way is still delivered when the server stops.
  const nfds_t watched = events == POLLIN ? 2 : 1;
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return false;
    const int ready =
        ::poll(fds.data(), watched, static_cast<int>(left.count()));
    if (ready < 0 && errno == EINTR) continue;
    return ready > 0 && fds[1].revents == 0;
  }
}

}  // namespace clockwise
