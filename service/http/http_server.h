// HttpServer shows how the server is over HTTP/1.1, for Prometheus and for
// probes. Thread-safe. It reads and never changes, and knows no roles: without
// TLS it belongs on loopback or a network of the operator's own.
//
//   GET /metrics   everything, in Prometheus' text format
//   GET /healthz   200 while the process serves, else 503: start it anew
//   GET /readyz    200 if it can serve, else 503 and why
//   GET /api/v1/events   what is new, as server-sent events
//
// and the pages that its options have. HEAD goes with GET; other methods get
// 405, other pages 404. It owns its
// threads; what its options refer to outlives it. Threads, connections that
// wait, and the time for each request are bounded, and a connection carries one
// request only: idle ones would hold the threads.
#ifndef CLOCKWISE_SERVICE_HTTP_HTTP_SERVER_H_
#define CLOCKWISE_SERVICE_HTTP_HTTP_SERVER_H_

#include <prometheus/collectable.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "service/http/exchange.h"
#include "service/limits.h"
#include "service/metrics/rpc_stats.h"
#include "service/rpc/listen_address.h"
#include "service/tls/tls_material.h"

namespace clockwise {

class HttpListener;

class HttpServer {
 public:
  struct Options {
    std::string address;                   // HOST:PORT; port 0 takes a free one
    std::shared_ptr<const TlsSource> tls;  // null: plaintext
    const prometheus::Collectable* metrics = nullptr;
    // Whether requests can be served; asked by /readyz, must be quick.
    std::function<absl::Status()> ready;
    std::function<bool()> alive;  // the same of /healthz; empty: it is
    // Answers all other requests; empty: with 404.
    std::function<HttpReply(const HttpRequest&)> pages;
    std::function<std::string()> news;  // see EventStreams; empty: 404
    size_t connections = limits::kHttpConnections;      // at a time
    size_t event_streams = limits::kHttpEventStreams;   // open
    std::function<void(Limit)> reached = [](Limit) {};  // counts them
    std::chrono::milliseconds request_time{2'000};      // for one to arrive
    std::chrono::milliseconds response_time{10'000};    // for it to be taken
  };

  // Serves from when it returns. INVALID_ARGUMENT: the address makes no sense.
  // UNAVAILABLE: it can't be listened on, as when it is taken. Both are one
  // line for an operator.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(Options options);

  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Where it really listens: HOST:PORT with the host as it was given.
  std::string address() const { return address_.ToString(); }
  int port() const { return address_.port; }

  // Listens no more, drops the requests that are not there in full, and waits
  // for the responses under way. Not to be called by two threads at once;
  // again is nothing.
  void Stop();

 private:
  HttpServer(ListenAddress address, std::unique_ptr<HttpListener> listener);

  ListenAddress address_;
  std::unique_ptr<HttpListener> listener_;
  std::thread thread_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_HTTP_HTTP_SERVER_H_
