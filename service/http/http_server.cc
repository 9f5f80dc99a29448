#include "service/http/http_server.h"

// No other file includes Boost: these headers take seconds to compile.
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <cassert>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/http/compression.h"
#include "service/http/routes.h"
#include "service/limits.h"
#include "service/tls/pem.h"

namespace clockwise {
namespace {

namespace net = boost::asio;
namespace http = boost::beast::http;
using net::ip::tcp;
using Clock = std::chrono::steady_clock;
using Error = boost::system::error_code;
using Bytes = std::shared_ptr<const std::string>;
using Request = http::request<http::empty_body>;

constexpr size_t kReadBytes = 4096;
// After the reply, a peer has this long to close, and may send this much more.
constexpr std::chrono::milliseconds kFinishTime(500);
constexpr size_t kFinishBytes = 64ull * 1024;
constexpr std::chrono::hours kForever(1'000'000);
constexpr std::chrono::milliseconds kAcceptRetry(100);
constexpr std::chrono::milliseconds kBetweenNews(200);
constexpr std::chrono::seconds kBetweenBeats(5);
// On this event, the page refreshes its data other than the rings.
constexpr char kBeat[] = "event: beat\ndata: {}\n\n";

absl::string_view View(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

// Returns the status that refuses a request, or 0.
int RefusalOf(const Request& request) {
  if (request.target().size() > limits::kHttpFieldBytes) return 414;
  for (const auto& field : request) {
    if (field.value().size() > limits::kHttpFieldBytes) return 431;
  }
  return 0;
}

Bytes Serialize(HttpReply reply, const Request& request) {
  Compress(View(request[http::field::accept_encoding]), reply);
  const auto status = static_cast<http::status>(reply.status);
  std::string bytes = absl::StrCat("HTTP/1.1 ", reply.status, " ",
                                   View(http::obsolete_reason(status)), "\r\n");
  const auto add = [&bytes](absl::string_view name, absl::string_view value) {
    absl::StrAppend(&bytes, name, ": ", value, "\r\n");
  };
  add("Connection", "close");
  if (!reply.type.empty()) add("Content-Type", reply.type);
  if (!IsEventStream(reply)) {
    add("Content-Length", std::to_string(reply.body.size()));
  }
  for (const auto& [name, value] : reply.headers) add(name, value);
  bytes += "\r\n";
  if (request.method() != http::verb::head) bytes += reply.body;
  return std::make_shared<const std::string>(std::move(bytes));
}

template <typename Then>
void After(std::chrono::milliseconds time, net::steady_timer& timer,
           Then then) {
  timer.expires_after(time);
  timer.async_wait([then = std::move(then)](const Error& cancelled) {
    if (!cancelled) then();
  });
}

}  // namespace

class HttpConnection;

// Accepts connections, bounds their number, and sends events. One thread runs
// all handlers of `io_`. It alone uses the members below `pool_`, and the
// connections, so they need neither locks nor strands. The threads of `pool_`
// compute replies.
class HttpListener {
 public:
  explicit HttpListener(HttpServer::Options options)
      : options_(std::move(options)) {}
  ~HttpListener() { Stop(); }

  // Binds to `address`, stores the port that it got there, and starts to serve.
  absl::Status Start(ListenAddress& address);
  void Stop();

 private:
  friend class HttpConnection;

  void Accept();
  void Serve();  // serves the waiting socket once there is room
  void UpdateContext();
  void SendNews();
  bool has_room() const {
    return connections_.size() - streams_.size() < options_.connections;
  }

  const HttpServer::Options options_;
  net::io_context io_{1};
  net::thread_pool pool_{limits::kHttpThreads};
  tcp::acceptor acceptor_{io_};
  net::steady_timer accept_timer_{io_};
  std::optional<tcp::socket> waiting_;     // accepted, but there was no room
  std::set<HttpConnection*> connections_;  // open, with the streams
  std::set<HttpConnection*> streams_;
  net::steady_timer news_timer_{io_};
  bool sends_news_ = false;
  Clock::time_point last_beat_;
  std::shared_ptr<const TlsMaterial> material_;  // of the context
  std::optional<net::ssl::context> context_;
  bool stopping_ = false;
  std::thread thread_;
};

// One connection, from accept to close, in five phases. Its pending handlers
// keep it alive; once it is closed, they end, and it leaves room for another.
class HttpConnection final
    : public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(HttpListener& listener, tcp::socket socket)
      : listener_(listener), socket_(std::move(socket)), timer_(listener.io_) {
    listener_.connections_.insert(this);
  }
  ~HttpConnection() {
    listener_.streams_.erase(this);
    listener_.connections_.erase(this);
    listener_.Serve();
  }

  // Reading. One timer covers the TLS handshake and the whole header, so a byte
  // now and then gains no time. The header ends the request: no page needs a
  // body, and it stays unread.
  void Begin() {
    parser_.header_limit(limits::kHttpRequestBytes);
    parser_.skip(true);
    Enter(Phase::kReading, listener_.options_.request_time);
    if (!listener_.context_) return Read();
    tls_.emplace(socket_, *listener_.context_);
    tls_->async_handshake(net::ssl::stream_base::server,
                          [self = shared_from_this()](const Error& error) {
                            error ? self->Close() : self->Read();
                          });
  }

  // Streaming. The kernel buffers thousands of events. A peer is dropped if the
  // last events are not written yet when the next ones arrive.
  void SendEvents(Bytes events) {
    if (phase_ == Phase::kStreaming) {
      writing_ ? Close() : Write(std::move(events));
    }
  }

  // The server stops. Replies under way are still delivered.
  void Stop() {
    if (phase_ == Phase::kReading || phase_ == Phase::kStreaming) Close();
  }

 private:
  enum class Phase { kReading, kAnswering, kSending, kStreaming, kFinishing };

  void Read() {
    const auto space = buffer_.prepare(kReadBytes);
    auto handler = [self = shared_from_this()](const Error& error,
                                               size_t size) {
      self->OnRead(error, size);
    };
    if (tls_) return tls_->async_read_some(space, std::move(handler));
    socket_.async_read_some(space, std::move(handler));
  }

  void OnRead(const Error& error, size_t size) {
    if (!socket_.is_open()) return;
    if (error) return parser_.got_some() ? Refuse(400) : Close();
    buffer_.commit(size);
    // A protocol other than HTTP, such as TLS, is refused at its first byte.
    const auto* first = static_cast<const char*>(buffer_.data().data());
    if (*first < 'A' || *first > 'Z') return Refuse(400);
    Error fault;
    buffer_.consume(parser_.put(buffer_.data(), fault));
    if (fault == http::error::need_more) return Read();
    if (fault) return Refuse(fault == http::error::header_limit ? 431 : 400);
    const int refusal = RefusalOf(parser_.get());
    refusal != 0 ? Refuse(refusal) : Answer(parser_.get());
  }

  // Answering. Pages may compute for seconds, so they do it on the pool. The
  // pending timer keeps `io_` running meanwhile, even if the server stops.
  void Answer(const Request& request) {
    Enter(Phase::kAnswering, kForever);
    const HttpServer::Options& options = listener_.options_;
    if (request.method() == http::verb::get &&
        IsEventStream(options, View(request.target()))) {
      is_stream_ = listener_.streams_.size() < options.event_streams;
      if (is_stream_) {
        listener_.streams_.insert(this);
        listener_.Serve();  // a stream no longer counts as a connection
      } else {
        options.reached(Limit::kHttpEventStreams);
      }
      return Send(Serialize(EventStreamReply(is_stream_), request));
    }
    net::post(listener_.pool_, [self = shared_from_this(), &options,
                                &request]() mutable {
      Bytes bytes;
      try {
        bytes = Serialize(Route(options, View(request.method_string()),
                                View(request.target())),
                          request);
      } catch (...) {  // the peer must not see the exception
        bytes = Serialize({500, "", "", {}}, request);
      }
      // Moved: a connection must not be destroyed on this thread.
      net::io_context& io = self->listener_.io_;
      net::post(io, [self = std::move(self), bytes = std::move(bytes)] {
        self->Send(bytes);
      });
    });
  }

  void Refuse(int status) {
    Send(Serialize({status, "", "", {}}, parser_.get()));
  }

  // Sending. One timer covers the whole reply, so a peer that reads slowly does
  // not keep it in memory for long.
  void Send(Bytes bytes) {
    Enter(Phase::kSending, listener_.options_.response_time);
    Write(std::move(bytes));
  }

  void Write(Bytes bytes) {
    writing_ = std::move(bytes);
    auto handler = [self = shared_from_this()](const Error& error, size_t) {
      self->writing_ = nullptr;
      error ? self->Close() : self->OnWritten();
    };
    if (tls_) {
      return net::async_write(*tls_, net::buffer(*writing_),
                              std::move(handler));
    }
    net::async_write(socket_, net::buffer(*writing_), std::move(handler));
  }

  void OnWritten() {
    if (phase_ == Phase::kStreaming) return;
    if (!is_stream_ || listener_.stopping_) return Finish();
    Enter(Phase::kStreaming, kForever);
    Drain();  // notices when the peer closes
    if (!listener_.sends_news_) listener_.SendNews();
  }

  // Finishing. Closing a socket with unread bytes makes the kernel send a
  // reset, which can destroy the reply on its way. So the server ends its own
  // side only, and reads for a short time until the peer ends the other.
  void Finish() {
    Enter(Phase::kFinishing, kFinishTime);
    const auto end = [self = shared_from_this()](const Error&) {
      Error ignored;
      self->socket_.shutdown(tcp::socket::shutdown_send, ignored);
      self->Drain();
    };
    tls_ ? tls_->async_shutdown(end) : end(Error());
  }

  void Drain() {
    socket_.async_read_some(
        buffer_.prepare(kReadBytes),
        [self = shared_from_this()](const Error& error, size_t size) {
          self->drained_ += size;
          error || self->drained_ > kFinishBytes ? self->Close()
                                                 : self->Drain();
        });
  }

  // Ends the phase before, and closes the connection if this one lasts longer
  // than `time`.
  void Enter(Phase phase, std::chrono::milliseconds time) {
    phase_ = phase;
    After(time, timer_, [self = shared_from_this()] {
      // The phase may have ended while this handler was queued.
      if (self->timer_.expiry() > Clock::now()) return;
      if (self->phase_ == Phase::kReading) {
        self->listener_.options_.reached(Limit::kHttpRequestSeconds);
      }
      self->Close();
    });
  }

  void Close() {
    Error ignored;
    socket_.close(ignored);
    timer_.cancel();
  }

  HttpListener& listener_;
  tcp::socket socket_;
  std::optional<net::ssl::stream<tcp::socket&>> tls_;
  net::steady_timer timer_;
  Phase phase_ = Phase::kReading;
  http::request_parser<http::empty_body> parser_;
  boost::beast::flat_buffer buffer_;
  bool is_stream_ = false;
  Bytes writing_;  // null: no write is pending
  size_t drained_ = 0;
};

absl::Status HttpListener::Start(ListenAddress& address) {
  Error error;
  tcp::resolver resolver(io_);
  const auto found =
      resolver.resolve(address.host, std::to_string(address.port),
                       tcp::resolver::passive, error);
  std::string fault = error ? "the host name cannot be resolved" : "";
  for (const auto& entry : found) {
    try {
      // With SO_REUSEADDR, so that a restarted server gets its port back.
      acceptor_ = tcp::acceptor(io_, entry.endpoint());
      acceptor_.listen(limits::kHttpBacklog);
      fault.clear();
      break;
    } catch (const boost::system::system_error& thrown) {
      fault = thrown.code().message();
    }
  }
  if (!fault.empty()) {
    return absl::UnavailableError(
        absl::StrCat("cannot listen on ", address.ToString(), ": ", fault));
  }
  address.port = acceptor_.local_endpoint().port();
  Accept();
  thread_ = std::thread([this] { io_.run(); });
  return absl::OkStatus();
}

// One connection beyond the bound is accepted, so that it is counted. It waits,
// and later connections wait in the kernel.
void HttpListener::Accept() {
  acceptor_.async_accept([this](const Error& error, tcp::socket socket) {
    if (stopping_) return;
    if (error) {  // for example, no file descriptor is left
      return After(kAcceptRetry, accept_timer_, [this] { Accept(); });
    }
    waiting_ = std::move(socket);
    if (!has_room()) options_.reached(Limit::kHttpConnections);
    Serve();
  });
}

void HttpListener::Serve() {
  if (!waiting_ || !has_room()) return;
  tcp::socket socket = *std::exchange(waiting_, std::nullopt);
  Accept();
  try {
    UpdateContext();
    std::make_shared<HttpConnection>(*this, std::move(socket))->Begin();
  } catch (const std::exception&) {
    // OpenSSL or memory failed. The peer sees a closed connection.
  }
}

// Once the certificate was reloaded, the next connection presents the new one.
void HttpListener::UpdateContext() {
  if (!options_.tls) return;
  auto material = options_.tls->Current();
  if (material == material_) return;
  net::ssl::context context(net::ssl::context::tls_server);
  SSL_CTX* const native = context.native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
  context.set_options(SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
  context.use_certificate_chain(net::buffer(material->certificate));
  context.use_private_key(net::buffer(material->key), net::ssl::context::pem);
  if (!material->roots.empty()) {
    context.add_certificate_authority(net::buffer(material->roots));
    context.set_verify_mode(net::ssl::verify_peer |
                            net::ssl::verify_fail_if_no_peer_cert);
    // Lets the client choose a certificate that these roots have signed.
    for (const auto& root : pem::Certificates(material->roots)) {
      SSL_CTX_add_client_CA(native, root.get());
    }
  }
  context_.emplace(std::move(context));
  material_ = std::move(material);
}

void HttpListener::SendNews() {
  sends_news_ = !streams_.empty() && !stopping_;
  if (!sends_news_) return;
  std::string news = options_.news();
  const auto now = Clock::now();
  if (now - last_beat_ >= kBetweenBeats) {
    news += kBeat;
    last_beat_ = now;
  }
  if (!news.empty()) {
    const auto bytes = std::make_shared<const std::string>(std::move(news));
    for (HttpConnection* stream : streams_) stream->SendEvents(bytes);
  }
  After(kBetweenNews, news_timer_, [this] { SendNews(); });
}

// The thread ends once no handler is pending: when the last reply is delivered.
void HttpListener::Stop() {
  if (!thread_.joinable()) return;
  net::post(io_, [this] {
    stopping_ = true;
    acceptor_.close();
    accept_timer_.cancel();
    news_timer_.cancel();
    waiting_.reset();
    for (HttpConnection* connection : connections_) connection->Stop();
  });
  thread_.join();
  pool_.join();
}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(Options options) {
  assert(options.metrics && options.ready);
  auto address = ParseListenAddress(options.address);
  if (!address.ok()) return address.status();
  auto listener = std::make_unique<HttpListener>(std::move(options));
  if (auto started = listener->Start(*address); !started.ok()) return started;
  return std::unique_ptr<HttpServer>(
      new HttpServer(*std::move(address), std::move(listener)));
}

HttpServer::HttpServer(ListenAddress address,
                       std::unique_ptr<HttpListener> listener)
    : address_(std::move(address)), listener_(std::move(listener)) {}

HttpServer::~HttpServer() = default;

void HttpServer::Stop() { listener_->Stop(); }

}  // namespace clockwise
