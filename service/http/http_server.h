// HttpServer serves HTTP/1.1 requests of Prometheus, probes and browsers.
// Thread-safe. It only reads, and has no access control: without TLS it belongs
// on loopback or in a private network.
//
//   GET /metrics   all metrics, in Prometheus' text format
//   GET /healthz   200 while the process serves, else 503: restart it
//   GET /readyz    200 if it can serve, else 503 and the reason
//   GET /api/v1/events   changes, as server-sent events
//
// and the pages of its options. HEAD works as GET; other methods get 405, other
// pages 404. A connection carries one request. The server owns its threads; the
// objects that its options refer to must outlive it.
//
// One thread does all input and output without blocking, so a slow peer costs
// a connection and no thread. It answers probes itself; other threads compute
// the other replies. Connections, the size of a request, the memory for
// replies, and the time of each phase of a connection are bounded. Probes,
// scrapes, pages and event streams have separate bounds.
#ifndef CLOCKWISE_SERVICE_HTTP_HTTP_SERVER_H_
#define CLOCKWISE_SERVICE_HTTP_HTTP_SERVER_H_

#include <prometheus/collectable.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "service/api/listen_address.h"
#include "service/http/http_message.h"
#include "service/limits.h"
#include "service/metrics/rpc_stats.h"
#include "service/tls/tls_material.h"

namespace clockwise {

namespace http_io {
class Listener;
}

class HttpServer {
 public:
  struct Options {
    std::string address;                   // HOST:PORT; port 0: a free port
    std::shared_ptr<const TlsSource> tls;  // null: plaintext
    const prometheus::Collectable* metrics = nullptr;
    // Returns OK if requests can be served. Called for /readyz by the thread of
    // all connections; must be quick. The same holds for `alive`.
    std::function<absl::Status()> ready;
    // Returns true if the store is trusted; for the text of /readyz. Empty:
    // always trusted.
    std::function<bool()> trusted;
    std::function<bool()> alive;  // for /healthz; empty: always alive
    // Answers all other requests; empty: they get 404.
    std::function<HttpReply(const HttpRequest&)> pages;
    // Searches the shared store for a ring (HttpReply::unseen_ring). Must not
    // block; calls `done` once, on any thread: OK if the ring is known now.
    // Then the page is computed again. Empty: every reply is final.
    std::function<void(const std::string& ring,
                       std::function<void(const absl::Status&)> done)>
        find_ring;
    // Returns the events since the last call, in the format of
    // text/event-stream, or "". Called by one thread a few times a second while
    // there are streams; must be quick. Empty: /api/v1/events is a page.
    std::function<std::string()> news;
    // Names in the Host header that are accepted besides IP addresses,
    // localhost and the host of `address`. A * matches any characters. Not
    // checked with TLS, because a browser then compares the certificate.
    std::vector<std::string> hosts;
    size_t connections = limits::kHttpConnections;      // without a request
    size_t event_streams = limits::kHttpEventStreams;   // open
    std::function<void(Limit)> reached = [](Limit) {};  // counts them
    std::chrono::milliseconds request_time{2'000};      // for one to arrive
    std::chrono::milliseconds response_time{10'000};  // for the peer to read it
    // Time after which an event stream is closed; 0: none. A stream also ends
    // when the certificate of its peer expires.
    std::chrono::milliseconds stream_time{0};
  };

  // Serves once it returns. INVALID_ARGUMENT: the address is malformed.
  // UNAVAILABLE: the server cannot listen on it, for example because the port
  // is in use. Both messages are one line for an operator.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(Options options);

  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Returns the address that the server listens on: HOST:PORT with the given
  // host.
  std::string address() const { return address_.ToString(); }
  int port() const { return address_.port; }

  // Closes the port, drops requests that have not arrived in full, ends the
  // event streams, and waits until the replies in progress are delivered. Must
  // not be called by two threads at once; a second call does nothing.
  void Stop();

 private:
  HttpServer(ListenAddress address,
             std::unique_ptr<http_io::Listener> listener);

  const ListenAddress address_;
  const std::unique_ptr<http_io::Listener> listener_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_HTTP_HTTP_SERVER_H_
