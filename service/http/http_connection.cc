#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "service/http/compression.h"
#include "service/http/http_listener.h"
#include "service/http/routes.h"
#include "service/tls/pem.h"

namespace clockwise::http_io {
namespace {

constexpr size_t kReadBytes = 4096;
// After the reply, a peer has this long to close, and may send this much more.
constexpr std::chrono::milliseconds kFinishTime(500);
constexpr size_t kFinishBytes = 64ull * 1024;
constexpr std::chrono::hours kForever(1'000'000);
constexpr size_t kSmallReply = 16ull * 1024;  // the kernel buffers it

// Returns the status that refuses a request, or 0.
int RefusalOf(const Request& request) {
  if (request.count(http::field::host) > 1) return 400;
  if (request.target().size() > limits::kHttpFieldBytes) return 414;
  for (const auto& field : request) {
    if (field.value().size() > limits::kHttpFieldBytes) return 431;
  }
  return 0;
}

// Returns when the certificate of the peer expires; never if it has none.
absl::Time ExpiryOf(const SSL* tls) {
  const pem::Certificate certificate(SSL_get1_peer_certificate(tls));
  if (certificate == nullptr) return absl::InfiniteFuture();
  tm fields = {};
  return ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &fields) == 1
             ? absl::FromTM(fields, absl::UTCTimeZone())
             : absl::InfinitePast();
}

}  // namespace

Connection::Connection(Listener& listener, Socket socket)
    : listener_(listener), socket_(std::move(socket)), timer_(listener.io_) {
  listener_.connections_.insert(this);
  Join(listener_.brief_);
}

Connection::~Connection() {
  Leave();
  listener_.connections_.erase(this);
}

void Connection::Begin() {
  parser_.header_limit(limits::kHttpRequestBytes);
  parser_.skip(true);
  Enter(Phase::kReading, listener_.options_.request_time);
  if (!listener_.context_) return Read();
  tls_.emplace(socket_, *listener_.context_);
  tls_->async_handshake(net::ssl::stream_base::server,
                        [self = shared_from_this()](const Error& error) {
                          if (error) return self->Close();
                          self->expires_ =
                              ExpiryOf(self->tls_->native_handle());
                          self->Read();
                        });
}

void Connection::SendEvents(Bytes events) {
  if (phase_ == Phase::kStreaming) {
    writing_ ? Close() : Write(std::move(events));
  }
}

void Connection::EndIfOld() {
  if (Clock::now() >= stream_end_ || absl::Now() >= expires_) Close();
}

void Connection::Close() {
  Leave();
  Error ignored;
  socket_.close(ignored);
  timer_.cancel();
}

void Connection::Join(std::list<Connection*>& list) {
  Leave();
  place_ = &list;
  at_ = list.insert(list.end(), this);
}

void Connection::Leave() {
  if (place_ != nullptr) place_->erase(at_);
  place_ = nullptr;
  listener_.page_bytes_ -= std::exchange(page_bytes_, 0);
}

void Connection::Send(Bytes bytes) {
  Enter(Phase::kSending, listener_.options_.response_time);
  Write(std::move(bytes));
}

void Connection::Stop() {
  if (phase_ == Phase::kReading || phase_ == Phase::kStreaming) Close();
}

void Connection::Read() {
  const auto space = buffer_.prepare(kReadBytes);
  auto handler = [self = shared_from_this()](const Error& error, size_t size) {
    self->OnRead(error, size);
  };
  if (tls_) return tls_->async_read_some(space, std::move(handler));
  socket_.async_read_some(space, std::move(handler));
}

void Connection::OnRead(const Error& error, size_t size) {
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
  if (refusal != 0) return Refuse(refusal);
  const absl::string_view host = View(parser_.get()[http::field::host]);
  if (IsForeignHost(listener_.options_, host, View(parser_.get().target()))) {
    return Send(Reply(ForeignHostReply()));
  }
  Answer(parser_.get());
}

void Connection::Answer(const Request& request) {
  const HttpServer::Options& options = listener_.options_;
  const absl::string_view method = View(request.method_string());
  const absl::string_view target = View(request.target());
  switch (KindOf(options, method, target)) {
    case RouteKind::kSmall:
      return Send(Reply(Route(options, method, target)));
    case RouteKind::kScrape:
      Enter(Phase::kAnswering, kForever);
      listener_.AddScrape(*this);
      return listener_.Scrape();
    case RouteKind::kEventStream:
      is_stream_ = listener_.streams_.size() < options.event_streams;
      if (is_stream_) Join(listener_.streams_);
      if (!is_stream_) options.reached(Limit::kHttpEventStreams);
      return Send(Reply(EventStreamReply(is_stream_)));
    case RouteKind::kPage:
      if (!listener_.AddPage(*this)) return Send(Busy());
      Enter(Phase::kAnswering, kForever);
      return Compute();
  }
}

void Connection::Compute(const std::optional<absl::Status>& searched) {
  net::post(listener_.pool_, [self = shared_from_this(), searched]() mutable {
    HttpReply reply =
        Route(self->listener_.options_, View(self->request().method_string()),
              View(self->request().target()), searched);
    if (!reply.unseen_ring.empty() && self->listener_.options_.find_ring) {
      return FindRing(std::move(self), reply.unseen_ring);
    }
    Bytes bytes = self->Reply(std::move(reply));
    // Moved: a connection must not be destroyed on this thread.
    net::io_context& io = self->listener_.io_;
    net::post(io, [self = std::move(self), bytes = std::move(bytes)] {
      self->SendPage(bytes);
    });
  });
}

// No thread of the pool waits for the store. Until the search ends, `done`
// keeps the connection alive. Copies of `done` may be destroyed on any thread,
// but a connection must not be, so they share one reference, which is moved.
void Connection::FindRing(std::shared_ptr<Connection> self,
                          const std::string& ring) {
  Listener& listener = self->listener_;
  const auto held =
      std::make_shared<std::shared_ptr<Connection>>(std::move(self));
  listener.options_.find_ring(
      ring, [held, &io = listener.io_](const absl::Status& found) {
        net::post(io, [connection = std::move(*held), found] {
          connection->Compute(found);
        });
      });
}

void Connection::SendPage(const Bytes& bytes) {
  size_t& total = listener_.page_bytes_;
  if (bytes->size() > kSmallReply) {
    if (total > 0 && total + bytes->size() > limits::kHttpReplyBytes) {
      return Send(Busy());
    }
    page_bytes_ = bytes->size();
    total += page_bytes_;
  }
  Send(bytes);
}

Bytes Connection::Busy() {
  listener_.options_.reached(Limit::kHttpPages);
  return Reply(BusyReply());
}

void Connection::Write(Bytes bytes) {
  writing_ = std::move(bytes);
  auto handler = [self = shared_from_this()](const Error& error, size_t) {
    self->writing_ = nullptr;
    error ? self->Close() : self->OnWritten();
  };
  if (tls_) {
    return net::async_write(*tls_, net::buffer(*writing_), std::move(handler));
  }
  net::async_write(socket_, net::buffer(*writing_), std::move(handler));
}

void Connection::OnWritten() {
  if (phase_ == Phase::kStreaming) return;
  if (!is_stream_ || listener_.stopping_) return Finish();
  Enter(Phase::kStreaming, kForever);
  const auto time = listener_.options_.stream_time;
  if (time.count() > 0) stream_end_ = Clock::now() + time;
  Drain();  // notices when the peer closes
  if (!listener_.sends_news_) listener_.SendNews();
}

void Connection::Finish() {
  if (place_ != &listener_.brief_) {
    Leave();
    listener_.LimitBrief();
    Join(listener_.brief_);
  }
  Enter(Phase::kFinishing, kFinishTime);
  const auto end = [self = shared_from_this()](const Error&) {
    Error ignored;
    self->socket_.shutdown(Socket::shutdown_send, ignored);
    self->Drain();
  };
  tls_ ? tls_->async_shutdown(end) : end(Error());
}

void Connection::Drain() {
  socket_.async_read_some(
      buffer_.prepare(kReadBytes),
      [self = shared_from_this()](const Error& error, size_t size) {
        self->drained_ += size;
        error || self->drained_ > kFinishBytes ? self->Close() : self->Drain();
      });
}

void Connection::Enter(Phase phase, std::chrono::milliseconds time) {
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

Bytes Connection::Reply(HttpReply reply) {
  const Request& request = parser_.get();
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

}  // namespace clockwise::http_io
