#include "service/http/http_server.h"

#include <fcntl.h>
#include <httplib.h>
#include <netdb.h>
#include <prometheus/text_serializer.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <cstring>
#include <future>
#include <semaphore>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "service/http/connection.h"
#include "service/http/event_streams.h"
#include "service/http/httplib_exchange.h"
#include "service/limits.h"

namespace clockwise {
namespace {

constexpr const char* kMetricsText = "text/plain; version=0.0.4; charset=utf-8";

// A pool whose queue is bounded: when it is full, nothing more is accepted and
// the kernel makes new connections wait.
class BoundedPool final : public httplib::ThreadPool {
 public:
  BoundedPool(size_t most, std::function<void(Limit)> reached)
      : ThreadPool(limits::kHttpThreads),
        reached_(std::move(reached)),
        free_(static_cast<std::ptrdiff_t>(most)) {}

  void enqueue(std::function<void()> work) override {
    if (!free_.try_acquire()) {
      reached_(Limit::kHttpConnections);
      free_.acquire();
    }
    ThreadPool::enqueue([this, work = std::move(work)] {
      work();
      free_.release();
    });
  }

 private:
  const std::function<void(Limit)> reached_;
  std::counting_semaphore<limits::kMostHttpConnections> free_;
};

// Whether the request that this thread has just answered begins a stream of
// events, for which its connection stays open.
thread_local bool begins_stream = false;

// Whether the name look-up knows `host`.
bool HasHost(const std::string& host) {
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, nullptr, &found) != 0) return false;
  freeaddrinfo(found);
  return true;
}

}  // namespace

// httplib's server with connections of our own (service/http/connection.h).
class HttpListener final : public httplib::Server {
 public:
  explicit HttpListener(HttpServer::Options options);
  ~HttpListener() override {
    if (stop_fd_ >= 0) ::close(stop_fd_);
  }

  // Binds to `address` and puts the port really taken into it.
  absl::Status Bind(ListenAddress& address);

  // Serves until Stop. Fulfils `listening` once Stop would end it.
  void Run(std::promise<void> listening);

  void Stop();
  // Once Run has returned: no thread looks at streams any more.
  void EndStreams() { events_.reset(); }

 private:
  bool process_and_close_socket(socket_t socket) override;
  void Respond(const httplib::Request& request, httplib::Response& response);
  void BeginStream(const httplib::Request& request,
                   httplib::Response& response);

  const HttpServer::Options options_;
  const int stop_fd_;  // readable once Stop was called
  std::unique_ptr<EventStreams> events_;
};

HttpListener::HttpListener(HttpServer::Options options)
    : options_(std::move(options)), stop_fd_(::eventfd(0, EFD_CLOEXEC)) {
  if (options_.news) {
    events_ =
        std::make_unique<EventStreams>(options_.news, options_.event_streams);
  }
  set_payload_max_length(0);  // no request needs a body
  // Only lets a restarted server have its port back. httplib's default lets a
  // second server share the port, which would then get half of the requests.
  set_socket_options([](socket_t socket) {
    const int on = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  });
  // Before routing, which would read a body first and then match by regex.
  set_pre_routing_handler(
      [this](const httplib::Request& request, httplib::Response& response) {
        Respond(request, response);
        return HandlerResponse::Handled;
      });
  // What a request made us throw is not for its sender to read.
  set_exception_handler(
      [](const httplib::Request&, httplib::Response& response,
         const std::exception_ptr&) { response.status = 500; });
}

absl::Status HttpListener::Bind(ListenAddress& address) {
  if (stop_fd_ < 0) return absl::UnavailableError("no file descriptor is left");
  errno = 0;
  const int port =
      address.port == 0
          ? bind_to_any_port(address.host)
          : (bind_to_port(address.host, address.port) ? address.port : -1);
  if (port <= 0) {
    const int error = errno;  // of no meaning where the name look-up failed
    return absl::UnavailableError(
        absl::StrCat("cannot listen on ", address.ToString(), ": ",
                     HasHost(address.host) ? std::strerror(error)
                                           : "there is no such host"));
  }
  address.port = static_cast<uint16_t>(port);
  // httplib's backlog of 5 overflows at 6 scrapes at once.
  ::listen(svr_sock_, limits::kHttpBacklog);
  return absl::OkStatus();
}

void HttpListener::Run(std::promise<void> listening) {
  // httplib calls this once it counts as running; before, stop() does nothing.
  new_task_queue = [this, &listening] {
    listening.set_value();
    return new BoundedPool(options_.connections, options_.reached);
  };
  listen_after_bind();
}

void HttpListener::Stop() {
  const uint64_t one = 1;
  const ssize_t written = ::write(stop_fd_, &one, sizeof(one));
  assert(written == sizeof(one));  // fails for a full counter only
  static_cast<void>(written);
  stop();
}

bool HttpListener::process_and_close_socket(socket_t socket) {
  std::unique_ptr<TlsSession> tls;
  if (options_.tls) {
    ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) | O_NONBLOCK);
    tls = TlsSession::Open(socket, *options_.tls->Current());
    if (!tls) {
      ::close(socket);
      return false;
    }
  }
  auto connection = std::make_unique<Connection>(
      socket, stop_fd_,
      Connection::Limits{options_.request_time, options_.response_time,
                         limits::kHttpRequestBytes},
      std::move(tls));
  bool closed = false;
  begins_stream = false;
  try {
    const bool answered = process_request(
        *connection, /*close_connection=*/true, closed, Simplify);
    if (connection->is_late()) options_.reached(Limit::kHttpRequestSeconds);
    if (std::exchange(begins_stream, false)) {
      events_->Adopt(answered ? std::move(connection) : nullptr);
    } else if (answered) {
      connection->Finish();
    }
    return answered;
  } catch (...) {
    // httplib catches what handlers throw, but not what its own parsing does.
    if (std::exchange(begins_stream, false)) events_->Adopt(nullptr);
    return false;
  }
}

void HttpListener::Respond(const httplib::Request& request,
                           httplib::Response& response) {
  if (request.method != "GET" && request.method != "HEAD") {
    response.set_header("Allow", "GET, HEAD");
    return Answer(response, 405, "there is only GET and HEAD\n");
  }
  if (request.path == "/metrics") {
    return Answer(
        response, 200,
        prometheus::TextSerializer().Serialize(options_.metrics->Collect()),
        kMetricsText);
  }
  if (request.path == "/healthz") {
    if (!options_.alive || options_.alive()) {
      return Answer(response, 200, "ok\n");
    }
    return Answer(response, 503, "the server does not answer itself\n");
  }
  if (request.path == "/readyz") {
    const absl::Status ready = options_.ready();
    if (ready.ok()) return Answer(response, 200, "ready\n");
    const std::string line =
        absl::StrReplaceAll(ready.message(), {{"\n", " "}, {"\r", " "}});
    return Answer(response, 503, absl::StrCat("not ready: ", line, "\n"));
  }
  if (events_ && request.path == "/api/v1/events") {
    return BeginStream(request, response);
  }
  if (options_.pages) return Give(options_.pages(Asked(request)), response);
  Answer(response, 404, "there is only /metrics, /healthz and /readyz\n");
}

void HttpListener::BeginStream(const httplib::Request& request,
                               httplib::Response& response) {
  const bool begins = request.method == "GET";
  if (begins && !events_->Reserve()) {
    options_.reached(Limit::kHttpEventStreams);
    response.set_header("Retry-After", "5");
    return Answer(response, 503, "too many streams of events are open\n");
  }
  Give({200, "text/event-stream", "", {{"X-Accel-Buffering", "no"}}}, response);
  begins_stream = begins;
  response.set_content_provider(
      "text/event-stream", [](size_t, httplib::DataSink& sink) {
        constexpr absl::string_view kFirst = "retry: 2000\n\n";
        sink.write(kFirst.data(), kFirst.size());
        sink.done();
        return true;
      });
}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(Options options) {
  assert(options.metrics && options.ready);
  auto address = ParseListenAddress(options.address);
  if (!address.ok()) return address.status();
  auto listener = std::make_unique<HttpListener>(std::move(options));
  if (absl::Status bound = listener->Bind(*address); !bound.ok()) return bound;
  return std::unique_ptr<HttpServer>(
      new HttpServer(*std::move(address), std::move(listener)));
}

HttpServer::HttpServer(ListenAddress address,
                       std::unique_ptr<HttpListener> listener)
    : address_(std::move(address)), listener_(std::move(listener)) {
  std::promise<void> listening;
  std::future<void> listens = listening.get_future();
  thread_ =
      std::thread(&HttpListener::Run, listener_.get(), std::move(listening));
  listens.wait();
}

HttpServer::~HttpServer() { Stop(); }

void HttpServer::Stop() {
  if (!thread_.joinable()) return;
  listener_->Stop();
  thread_.join();
  listener_->EndStreams();
}

}  // namespace clockwise
