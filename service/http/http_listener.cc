#include "service/http/http_listener.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/http/compression.h"
#include "service/http/routes.h"
#include "service/tls/pem.h"

namespace clockwise::http_io {
namespace {

constexpr std::chrono::milliseconds kAcceptRetry(100);
constexpr std::chrono::milliseconds kBetweenNews(200);
constexpr std::chrono::seconds kBetweenBeats(5);
// On this event, the page refreshes its data other than the rings.
constexpr char kBeat[] = "event: beat\ndata: {}\n\n";

}  // namespace

absl::Status Listener::Start(ListenAddress& address) {
  Error error;
  net::ip::tcp::resolver resolver(io_);
  const auto found =
      resolver.resolve(address.host, std::to_string(address.port),
                       net::ip::tcp::resolver::passive, error);
  std::string fault = error ? "the host name cannot be resolved" : "";
  for (const auto& entry : found) {
    try {
      // With SO_REUSEADDR, so that a restarted server gets its port back.
      acceptor_ = net::ip::tcp::acceptor(io_, entry.endpoint());
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

void Listener::Accept() {
  acceptor_.async_accept([this](const Error& error, Socket socket) {
    if (stopping_) return;
    if (error) {  // for example, no file descriptor is left
      return After(kAcceptRetry, accept_timer_, [this] { Accept(); });
    }
    Serve(std::move(socket));
    Accept();
  });
}

void Listener::Serve(Socket socket) {
  try {
    UpdateContext();
    LimitBrief();
    std::make_shared<Connection>(*this, std::move(socket))->Begin();
  } catch (const std::exception&) {
    // OpenSSL or memory failed. The peer sees a closed connection.
  }
}

void Listener::LimitBrief() {
  while (brief_.size() >= options_.connections) {
    if (brief_.front()->IsReading()) options_.reached(Limit::kHttpConnections);
    brief_.front()->Close();
  }
}

bool Listener::AddPage(Connection& connection) {
  if (pages_.size() >= limits::kHttpPages) return false;
  connection.Join(pages_);
  return true;
}

void Listener::AddScrape(Connection& connection) {
  if (scrapes_.size() >= options_.connections) scrapes_.front()->Close();
  connection.Join(scrapes_);
}

Connection* Listener::FirstSending() const {
  for (Connection* scrape : scrapes_) {
    if (!scrape->IsAnswering()) return scrape;
  }
  return nullptr;
}

void Listener::LimitScrapeReplies() {
  while (Connection* const first = FirstSending()) {
    std::set<const std::string*> replies;
    for (const Connection* scrape : scrapes_) {
      if (!scrape->IsAnswering()) replies.insert(scrape->sending());
    }
    if (replies.size() < limits::kHttpScrapeReplies) return;
    first->Close();
  }
}

void Listener::Scrape() {
  if (scraping_) return;
  std::vector<std::shared_ptr<Connection>> waiting;
  for (Connection* scrape : scrapes_) {
    if (scrape->IsAnswering()) waiting.push_back(scrape->shared_from_this());
  }
  if (waiting.empty()) return;
  scraping_ = true;
  LimitScrapeReplies();
  net::post(scrape_pool_, [this, waiting = std::move(waiting)]() mutable {
    const HttpReply reply = Route(options_, "GET", "/metrics");
    // The replies differ by compression and method only.
    std::map<std::pair<bool, bool>, Bytes> replies;
    std::vector<Bytes> bytes;
    for (const auto& scrape : waiting) {
      const Request& request = scrape->request();
      Bytes& one =
          replies[{AcceptsGzip(View(request[http::field::accept_encoding])),
                   request.method() == http::verb::head}];
      if (one == nullptr) one = scrape->Reply(reply);
      bytes.push_back(one);
    }
    net::post(io_,
              [this, waiting = std::move(waiting), bytes = std::move(bytes)] {
                scraping_ = false;
                for (size_t i = 0; i < waiting.size(); ++i) {
                  waiting[i]->Send(bytes[i]);
                }
                Scrape();
              });
  });
}

// Once the certificate was reloaded, the next connection presents the new one.
void Listener::UpdateContext() {
  if (!options_.tls) return;
  auto material = options_.tls->Current();
  if (material == material_) return;
  net::ssl::context context(net::ssl::context::tls_server);
  SSL_CTX* const native = context.native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  // TLS 1.2 only with suites that have forward secrecy and no CBC.
  SSL_CTX_set_cipher_list(native, "ECDHE+AESGCM:ECDHE+CHACHA20");
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

void Listener::SendNews() {
  sends_news_ = !streams_.empty() && !stopping_;
  if (!sends_news_) return;
  // A stream that is closed leaves the list.
  for (auto at = streams_.begin(); at != streams_.end();) (*at++)->EndIfOld();
  std::string news = options_.news();
  const auto now = Clock::now();
  if (now - last_beat_ >= kBetweenBeats) {
    news += kBeat;
    last_beat_ = now;
  }
  if (!news.empty()) {
    const auto bytes = std::make_shared<const std::string>(std::move(news));
    for (auto at = streams_.begin(); at != streams_.end();) {
      (*at++)->SendEvents(bytes);
    }
  }
  After(kBetweenNews, news_timer_, [this] { SendNews(); });
}

// The thread ends once no handler is pending: when the last reply is delivered.
void Listener::Stop() {
  if (!thread_.joinable()) return;
  net::post(io_, [this] {
    stopping_ = true;
    acceptor_.close();
    accept_timer_.cancel();
    news_timer_.cancel();
    for (Connection* connection : connections_) connection->Stop();
  });
  thread_.join();
  pool_.join();
  scrape_pool_.join();
}

}  // namespace clockwise::http_io
