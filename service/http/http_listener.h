// The connections of the HTTP port, and their listener. Only this header
// includes Boost, whose headers take seconds to compile.
#ifndef CLOCKWISE_SERVICE_HTTP_HTTP_LISTENER_H_
#define CLOCKWISE_SERVICE_HTTP_HTTP_LISTENER_H_

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
#include <chrono>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "service/api/listen_address.h"
#include "service/http/http_message.h"
#include "service/http/http_server.h"
#include "service/limits.h"
#include "service/tls/tls_material.h"

namespace clockwise::http_io {

namespace net = boost::asio;
namespace http = boost::beast::http;
using Clock = std::chrono::steady_clock;
using Error = boost::system::error_code;
using Socket = net::ip::tcp::socket;
using Bytes = std::shared_ptr<const std::string>;
using Request = http::request<http::empty_body>;

inline absl::string_view View(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

// Calls `then` after `time`, unless the timer is used again before.
template <typename Then>
void After(std::chrono::milliseconds time, net::steady_timer& timer,
           Then then) {
  timer.expires_after(time);
  timer.async_wait([then = std::move(then)](const Error& cancelled) {
    if (!cancelled) then();
  });
}

class Connection;

// Accepts connections, bounds their number, and sends events. One thread runs
// all handlers of `io_`. It alone uses the members below `scrape_pool_`, and
// the connections, so they need neither locks nor strands. The threads of the
// pools compute replies.
//
// Each kind of connection has places of its own, so that none can use up those
// of another:
// - Brief: it sends its request, reads a small reply, or closes. Probes need
//   nothing else. A new connection takes the place of the oldest one, so probes
//   are answered while others send slowly or nothing.
// - Scrape of /metrics. One reply is computed at a time and answers all scrapes
//   that wait. Few different replies are kept for slow peers: a new reply takes
//   the place of the oldest one, whose peers are dropped.
// - Page: computed by `pool_`. Beyond the bound: 503. The sum of the replies
//   that peers have not read yet is bounded too.
// - Stream of events.
class Listener {
 public:
  explicit Listener(HttpServer::Options options)
      : options_(std::move(options)) {}
  ~Listener() { Stop(); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Binds to `address`, stores the port that it got there, and starts to serve.
  absl::Status Start(ListenAddress& address);
  void Stop();

 private:
  friend class Connection;

  void Accept();
  void Serve(Socket socket);
  void UpdateContext();
  void SendNews();
  // Makes room for one more brief connection.
  void LimitBrief();
  // Adds a connection with a whole request. A scrape takes the place of the
  // oldest one if there are too many.
  void AddScrape(Connection& connection);
  // Returns false if there is no place.
  bool AddPage(Connection& connection);
  // Computes a reply for all scrapes that wait, unless one is being computed.
  void Scrape();
  // Makes room for one more reply to scrapes.
  void LimitScrapeReplies();
  // Returns the scrape that has been sending for longest, or null.
  Connection* FirstSending() const;

  const HttpServer::Options options_;
  net::io_context io_{1};
  net::thread_pool pool_{limits::kHttpThreads};
  net::thread_pool scrape_pool_{1};
  net::ip::tcp::acceptor acceptor_{io_};
  net::steady_timer accept_timer_{io_};
  std::set<Connection*> connections_;  // all that are open
  // The connections of each kind, in the order in which they joined.
  std::list<Connection*> brief_;
  std::list<Connection*> scrapes_;  // waiting or sending
  std::list<Connection*> pages_;    // computing or sending
  std::list<Connection*> streams_;
  bool scraping_ = false;
  size_t page_bytes_ = 0;  // of replies that are not sent yet
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
class Connection final : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Listener& listener, Socket socket);
  ~Connection();

  // Reading. One timer covers the TLS handshake and the whole header, so a byte
  // now and then gains no time. The header ends the request: no page needs a
  // body, and it stays unread.
  void Begin();

  // Streaming. The kernel buffers thousands of events. A peer is dropped if the
  // last events are not written yet when the next ones arrive.
  void SendEvents(Bytes events);

  // Closes a stream that is too old, or whose peer's certificate has expired.
  void EndIfOld();

  // Leaves its place and ends all pending handlers, which keep it alive.
  void Close();

  bool IsReading() const { return phase_ == Phase::kReading; }
  bool IsAnswering() const { return phase_ == Phase::kAnswering; }
  const Request& request() { return parser_.get(); }
  const std::string* sending() const { return writing_.get(); }
  // Returns the bytes of a reply to its request.
  Bytes Reply(HttpReply reply);

  // Takes a place at the end of `list`, instead of the one it has.
  void Join(std::list<Connection*>& list);
  // Gives up its place, and its part of the listener's page_bytes_.
  void Leave();

  // Sending. One timer covers the whole reply, so a peer that reads slowly does
  // not keep it in memory for long.
  void Send(Bytes bytes);

  // Ends the connection because the server stops. Replies under way are still
  // delivered.
  void Stop();

 private:
  enum class Phase { kReading, kAnswering, kSending, kStreaming, kFinishing };

  void Read();
  void OnRead(const Error& error, size_t size);

  // Answering. What may take long is computed by a pool. The pending timer
  // keeps `io_` running meanwhile, even if the server stops.
  void Answer(const Request& request);
  void Compute(const std::optional<absl::Status>& searched = std::nullopt);
  // Searches the shared store for `ring`, then computes the reply again.
  static void FindRing(std::shared_ptr<Connection> self,
                       const std::string& ring);

  // Replies that peers read slowly stay in memory, so their sum is bounded. The
  // first one is sent whatever its size.
  void SendPage(const Bytes& bytes);

  // Counts the request as rejected, and returns the reply.
  Bytes Busy();
  void Refuse(int status) {
    HttpReply reply;
    reply.status = status;
    reply.type.clear();
    Send(Reply(std::move(reply)));
  }

  void Write(Bytes bytes);
  void OnWritten();

  // Finishing. Closing a socket with unread bytes makes the kernel send a
  // reset, which can destroy the reply on its way. So the server ends its own
  // side only, and reads for a short time until the peer ends the other.
  void Finish();
  void Drain();

  // Ends the phase before, and closes the connection if this one lasts longer
  // than `time`.
  void Enter(Phase phase, std::chrono::milliseconds time);

  Listener& listener_;
  std::list<Connection*>* place_ = nullptr;
  std::list<Connection*>::iterator at_;  // if it has a place
  size_t page_bytes_ = 0;                // its part of the listener's
  Socket socket_;
  std::optional<net::ssl::stream<Socket&>> tls_;
  net::steady_timer timer_;
  Phase phase_ = Phase::kReading;
  http::request_parser<http::empty_body> parser_;
  boost::beast::flat_buffer buffer_;
  bool is_stream_ = false;
  Clock::time_point stream_end_ = Clock::time_point::max();
  absl::Time expires_ = absl::InfiniteFuture();  // of the peer's certificate
  Bytes writing_;                                // null: no write is pending
  size_t drained_ = 0;
};

}  // namespace clockwise::http_io

#endif  // CLOCKWISE_SERVICE_HTTP_HTTP_LISTENER_H_
