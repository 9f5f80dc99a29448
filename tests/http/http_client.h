// A TCP client that sends what it is told to, well-formed or not, and a server
// for it. Not thread-safe.
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

// One connection to a port of 127.0.0.1, closed when it goes.
class Client {
 public:
  explicit Client(int port);
  ~Client();
  Client(Client&& other) noexcept;
  Client(const Client&) = delete;

  // False once the server has hung up.
  bool Send(absl::string_view bytes);
  int socket() const { return socket_; }
  // All that comes until the server ends the connection; fails the test if it
  // does not within a time that is ample.
  std::string ReadAll();
  // Whether the server broke the connection off, which may cost those behind
  // slower networks what it sent last.
  bool was_reset() const { return was_reset_; }

 private:
  int socket_;
  bool was_reset_ = false;
};

// What answers a request with this first line (no version) and these headers,
// each of them ended by CRLF.
std::string Fetch(int port, absl::string_view line,
                  absl::string_view headers = "");
std::string Get(int port, absl::string_view path);

// Of an answer.
std::string StatusLine(const std::string& answer);
std::string Body(const std::string& answer);

// Metrics that are one family, made by a function.
class MadeUpMetrics final : public prometheus::Collectable {
 public:
  std::vector<prometheus::MetricFamily> Collect() const override {
    return make();
  }
  std::function<std::vector<prometheus::MetricFamily>()> make = [] {
    return std::vector<prometheus::MetricFamily>();
  };
};

// Options for a free port of 127.0.0.1, and ready.
HttpServer::Options OptionsFor(const MadeUpMetrics& metrics);

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_HTTP_HTTP_CLIENT_H_
