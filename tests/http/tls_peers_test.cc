// Tests peers of the TLS port that send slowly, send nothing, or do not read.
// There are more of them than the server accepts at a time.
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "service/http/http_server.h"
#include "service/tls/tls_material.h"
#include "tests/http/http_client.h"
#include "tests/support/test_authority.h"

namespace clockwise {
namespace {

using std::chrono::steady_clock;

constexpr int kTlsPeers = 20;
constexpr std::chrono::seconds kTlsLimit(10);

// A TLS client over one connection.
class TlsClient {
 public:
  TlsClient(int port, const std::string& ca)
      : client_(port), context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_load_verify_locations(context_.get(), ca.c_str(), nullptr);
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), client_.socket());
    EXPECT_EQ(SSL_connect(ssl_.get()), 1);
  }

  void Send(const std::string& text) {
    EXPECT_EQ(SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())),
              static_cast<int>(text.size()));
  }
  std::string ReadAll() {
    std::string all;
    std::array<char, 4096> buffer;
    for (;;) {
      const int got = SSL_read(ssl_.get(), buffer.data(), buffer.size());
      if (got <= 0) break;
      all.append(buffer.data(), static_cast<size_t>(got));
    }
    // A stream without this end may have been cut by an attacker.
    ended_ = SSL_get_shutdown(ssl_.get()) == SSL_RECEIVED_SHUTDOWN;
    return all;
  }
  bool ended() const { return ended_; }

 private:
  Client client_;
  std::unique_ptr<SSL_CTX, decltype([](SSL_CTX* c) { SSL_CTX_free(c); })>
      context_;
  std::unique_ptr<SSL, decltype([](SSL* ssl) { SSL_free(ssl); })> ssl_;
  bool ended_ = false;
};

class TlsPeersTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto pair = authority_.Issue("server", "IP:127.0.0.1");
    auto tls = OpenTls({pair.certificate, pair.key, ""});
    ASSERT_TRUE(tls.ok()) << tls.status();
    HttpServer::Options options = OptionsFor(metrics_);
    options.tls = *std::move(tls);
    options.connections = 4;
    options.request_time = std::chrono::milliseconds(300);
    options.response_time = std::chrono::milliseconds(300);
    auto server = HttpServer::Start(std::move(options));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  std::vector<Client> Peers(absl::string_view sending) const {
    std::vector<Client> peers;
    for (int i = 0; i < kTlsPeers; ++i) {
      peers.emplace_back(server_->port());
      EXPECT_TRUE(peers.back().Send(sending));
    }
    return peers;
  }

  void ExpectServedSoon() {
    const auto start = steady_clock::now();
    TlsClient client(server_->port(), authority_.ca());
    client.Send("GET /healthz HTTP/1.1\r\n\r\n");
    EXPECT_TRUE(absl::EndsWith(client.ReadAll(), "\r\n\r\nok\n"));
    EXPECT_TRUE(client.ended());
    EXPECT_LT(steady_clock::now() - start, kTlsLimit);
  }

  TestAuthority authority_;
  MadeUpMetrics metrics_;
  std::unique_ptr<HttpServer> server_;
};

// The header of a TLS record of 512 bytes that holds a ClientHello.
constexpr absl::string_view kHalfHello("\x16\x03\x01\x02\x00\x01", 6);

TEST_F(TlsPeersTest, SilentPeersDelayAScrapeBySecondsAtMost) {
  for (const absl::string_view sending : {absl::string_view(), kHalfHello}) {
    const std::vector<Client> peers = Peers(sending);
    ExpectServedSoon();
  }
}

TEST_F(TlsPeersTest, AByteOfTheHandshakeNowAndThenGainsNoTime) {
  std::vector<Client> peers = Peers(kHalfHello);
  std::atomic<bool> done = false;
  std::thread dripper([&] {
    while (!done) {
      for (Client& peer : peers) peer.Send(absl::string_view("\0", 1));
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });
  ExpectServedSoon();
  done = true;
  dripper.join();
}

TEST_F(TlsPeersTest, PeersThatDoNotReadAreDropped) {
  metrics_.make = [] {
    prometheus::MetricFamily family;
    family.name = std::string(6 << 20, 'x');  // more than Linux buffers
    return std::vector<prometheus::MetricFamily>{family};
  };
  std::vector<std::unique_ptr<TlsClient>> peers;
  for (int i = 0; i < 4; ++i) {
    peers.push_back(
        std::make_unique<TlsClient>(server_->port(), authority_.ca()));
    peers.back()->Send("GET /metrics HTTP/1.1\r\n\r\n");
  }
  ExpectServedSoon();
}

TEST_F(TlsPeersTest, StoppingWaitsForNoneOfThem) {
  const std::vector<Client> peers = Peers(kHalfHello);
  const auto start = steady_clock::now();
  server_->Stop();
  EXPECT_LT(steady_clock::now() - start, kTlsLimit);
}

}  // namespace
}  // namespace clockwise
