// A TCP client that sends arbitrary bytes, and a server for it.
// Thread-compatible.
#ifndef CLOCKWISE_TESTS_HTTP_HTTP_CLIENT_H_
#define CLOCKWISE_TESTS_HTTP_HTTP_CLIENT_H_

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "service/http/http_server.h"

namespace clockwise {

// One connection to a port of 127.0.0.1. The destructor closes it.
class Client {
 public:
  explicit Client(int port);
  ~Client();
  Client(Client&& other) noexcept;
  Client(const Client&) = delete;

  // Returns false once the server has closed the connection.
  bool Send(absl::string_view bytes);
  int socket() const { return socket_; }
  // Reads until the server ends the connection. Fails the test if this takes
  // too long.
  std::string ReadAll();
  // True if the server reset the connection. A peer behind a slower network may
  // then lose the last bytes.
  bool was_reset() const { return was_reset_; }

 private:
  int socket_;
  bool was_reset_ = false;
};

// Returns the reply to a request with this first line, without a version, and
// these headers. Each header ends with CRLF.
std::string Fetch(int port, absl::string_view line,
                  absl::string_view headers = "");
std::string Get(int port, absl::string_view path);

// Return parts of a reply.
std::string StatusLine(const std::string& answer);
std::string Body(const std::string& answer);

// A metric family that a function returns.
class MadeUpMetrics final : public prometheus::Collectable {
 public:
  std::vector<prometheus::MetricFamily> Collect() const override {
    return make();
  }
  std::function<std::vector<prometheus::MetricFamily>()> make = [] {
    return std::vector<prometheus::MetricFamily>();
  };
};

// Returns options for a free port of 127.0.0.1, and a ready server.
HttpServer::Options OptionsFor(const MadeUpMetrics& metrics);

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_HTTP_HTTP_CLIENT_H_
