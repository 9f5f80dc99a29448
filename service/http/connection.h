// Connection is one accepted TCP connection as httplib wants to see it: bytes
// in, bytes out, bounded in bytes and time. Not thread-safe. It owns the
// socket.
//
// httplib's own stream has a time limit per read, so that a peer who sends a
// byte now and then holds a thread for ever; and takes any number of headers.
#ifndef CLOCKWISE_SERVICE_HTTP_CONNECTION_H_
#define CLOCKWISE_SERVICE_HTTP_CONNECTION_H_

#include <httplib.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "service/http/tls_session.h"

namespace clockwise {

class Connection final : public httplib::Stream {
  using Clock = std::chrono::steady_clock;

 public:
  struct Limits {
    std::chrono::milliseconds request_time;   // for all of it to arrive
    std::chrono::milliseconds response_time;  // for all of it to be taken
    size_t request_bytes;
  };

  // Takes over `socket`, over which `tls` goes, if there is one. Reads end when
  // `stop_fd` becomes readable.
  Connection(int socket, int stop_fd, const Limits& limits,
             std::unique_ptr<TlsSession> tls);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Whether the time for the request was over before it was there.
  bool is_late() const { return late_; }

  // Ends the sending side and waits shortly for the peer to end its own:
  // closing with bytes unread would make the kernel take back the response.
  void Finish();

  // As recv(2) and send(2); -1 past the limits too.
  ssize_t read(char* data, size_t size) override;
  ssize_t write(const char* data, size_t size) override;
  using Stream::write;
  // Whether all of `text` could be sent without waiting.
  bool WriteAtOnce(const std::string& text);

  bool is_readable() const override;
  bool is_writable() const override;
  // Nothing here asks who the peer is: "" and 0.
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  socket_t socket() const override { return socket_; }

 private:
  // Waits until the socket is ready for `events`; false: not by `deadline`, or
  // the server stops while reading.
  bool WaitFor(short events, Clock::time_point deadline) const;

  // What `step(wants)` gives once it wants no more of the socket; -1: it still
  // does at `deadline`.
  template <typename Step>
  ssize_t Insist(Clock::time_point deadline, Step step) const;

  // recv(2) into the buffer, and its result.
  ssize_t Receive();

  const int socket_;
  const int stop_fd_;
  const Limits limits_;
  const std::unique_ptr<TlsSession> tls_;  // null: plaintext
  const Clock::time_point read_deadline_;
  Clock::time_point write_deadline_;  // from the first write on
  size_t received_ = 0;
  bool late_ = false;
  std::array<char, 4096> buffer_;  // received but not asked for yet:
  size_t begin_ = 0;               // from here
  size_t end_ = 0;                 // to here
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_HTTP_CONNECTION_H_
