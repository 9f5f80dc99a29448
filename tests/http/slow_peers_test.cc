// Tests peers that send slowly, send nothing, or do not read. There are more of
// them than the server has threads. Where they must be dropped, there are more
// than it accepts at a time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/string_view.h"
#include "service/http/http_server.h"
#include "service/limits.h"
#include "tests/http/http_client.h"

namespace clockwise {
namespace {

using std::chrono::steady_clock;

constexpr int kPeers = 20;
constexpr std::chrono::seconds kFew(10);

std::vector<Client> Peers(int port, int count, absl::string_view sending) {
  std::vector<Client> peers;
  for (int i = 0; i < count; ++i) {
    peers.emplace_back(port);
    EXPECT_TRUE(peers.back().Send(sending));
  }
  return peers;
}

std::vector<prometheus::MetricFamily> Megabytes(size_t megabytes) {
  prometheus::MetricFamily family;
  family.name = std::string(megabytes << 20, 'x');
  return {family};
}

TEST(SlowPeersTest, HalfOpenConnectionsDelayAScrapeBySecondsAtMost) {
  MadeUpMetrics metrics;
  const auto server = HttpServer::Start(OptionsFor(metrics));  // its defaults
  ASSERT_TRUE(server.ok()) << server.status();
  const int port = (*server)->port();
  for (const absl::string_view sending :
       {"", "GET /metrics HTTP/1.1\r\nX: half a hea"}) {
    const std::vector<Client> peers = Peers(port, kPeers, sending);
    const auto start = steady_clock::now();
    EXPECT_EQ(StatusLine(Get(port, "/metrics")), "HTTP/1.1 200 OK");
    EXPECT_LT(steady_clock::now() - start, kFew) << sending;
  }
}

TEST(SlowPeersTest, AByteNowAndThenBuysNoTime) {
  MadeUpMetrics metrics;
  HttpServer::Options options = OptionsFor(metrics);
  options.request_time = std::chrono::milliseconds(300);
  options.connections = kPeers / 2;
  const auto server = HttpServer::Start(std::move(options));
  ASSERT_TRUE(server.ok()) << server.status();
  const int port = (*server)->port();
  std::vector<Client> peers =
      Peers(port, kPeers, "GET /metrics HTTP/1.1\r\nX:");
  std::atomic<bool> done = false;
  std::thread dripper([&] {
    while (!done) {
      for (Client& peer : peers) peer.Send("x");
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });
  const auto start = steady_clock::now();
  EXPECT_EQ(StatusLine(Get(port, "/metrics")), "HTTP/1.1 200 OK");
  EXPECT_LT(steady_clock::now() - start, kFew);
  done = true;
  dripper.join();
}

TEST(SlowPeersTest, PeersThatDoNotReadAreGivenUp) {
  MadeUpMetrics metrics;
  metrics.make = [] { return Megabytes(6); };  // more than Linux buffers
  HttpServer::Options options = OptionsFor(metrics);
  options.response_time = std::chrono::milliseconds(300);
  options.connections = kPeers / 2;
  const auto server = HttpServer::Start(std::move(options));
  ASSERT_TRUE(server.ok()) << server.status();
  const int port = (*server)->port();
  const std::vector<Client> peers =
      Peers(port, kPeers, "GET /metrics HTTP/1.1\r\n\r\n");
  const auto start = steady_clock::now();
  EXPECT_EQ(StatusLine(Get(port, "/healthz")), "HTTP/1.1 200 OK");
  EXPECT_LT(steady_clock::now() - start, kFew);
}

TEST(SlowPeersTest, MorePeersThanMayWaitAreServedInTheEnd) {
  MadeUpMetrics metrics;
  HttpServer::Options options = OptionsFor(metrics);
  options.request_time = std::chrono::milliseconds(100);
  const auto server = HttpServer::Start(std::move(options));
  ASSERT_TRUE(server.ok()) << server.status();
  const int port = (*server)->port();
  const std::vector<Client> peers = Peers(port, 150, "GET ");
  EXPECT_EQ(StatusLine(Get(port, "/metrics")), "HTTP/1.1 200 OK");
}

// A server with probes whose latency is measured while others misbehave.
class ProbesTest : public testing::Test {
 protected:
  void Serve(size_t connections) {
    HttpServer::Options options = OptionsFor(metrics_);
    options.connections = connections;
    options.request_time = std::chrono::hours(1);
    options.response_time = std::chrono::hours(1);
    options.pages = [this](const HttpRequest&) { return page_(); };
    options.reached = [this](Limit limit) {
      ++(limit == Limit::kHttpPages ? rejected_pages_ : reached_);
    };
    auto server = HttpServer::Start(std::move(options));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  int port() const { return server_->port(); }

  // Both probes are answered within Kubernetes' default timeout.
  void ExpectProbes() {
    for (const absl::string_view path : {"/healthz", "/readyz"}) {
      const auto start = steady_clock::now();
      EXPECT_EQ(StatusLine(Get(port(), path)), "HTTP/1.1 200 OK") << path;
      EXPECT_LT(steady_clock::now() - start, std::chrono::seconds(1)) << path;
    }
  }

  MadeUpMetrics metrics_;
  std::function<HttpReply()> page_ = [] { return HttpReply{}; };
  std::atomic<int> reached_ = 0;
  std::atomic<int> rejected_pages_ = 0;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(ProbesTest, AreAnsweredWhileUnfinishedRequestsTakeAllConnections) {
  Serve(10);
  const std::vector<Client> silent = Peers(port(), 30, "");
  const std::vector<Client> half = Peers(port(), 30, "GET /healthz HTT");
  ExpectProbes();
  EXPECT_EQ(StatusLine(Get(port(), "/metrics")), "HTTP/1.1 200 OK");
  EXPECT_GE(reached_, 50) << "the oldest ones were dropped and counted";
}

TEST_F(ProbesTest, AreAnsweredWhilePeersDoNotReadScrapes) {
  int scrapes = 0;
  metrics_.make = [&] {
    auto families = Megabytes(8);  // more than Linux buffers
    families[0].name += std::to_string(++scrapes);
    return families;
  };
  Serve(10);
  std::vector<Client> peers;
  for (int i = 1; i <= 20; ++i) {
    peers.emplace_back(port());
    ASSERT_TRUE(peers.back().Send("GET /metrics HTTP/1.1\r\n\r\n"));
    char first;  // its reply is computed, so the next one gets another
    ASSERT_EQ(recv(peers.back().socket(), &first, 1, 0), 1);
    ExpectProbes();
  }
  EXPECT_EQ(StatusLine(Get(port(), "/metrics")), "HTTP/1.1 200 OK");
  // The peers with the first replies were dropped for the last ones.
  std::set<std::string> replies;
  for (Client& peer : peers) {
    std::string reply = peer.ReadAll();
    if (reply.size() > 8u << 20) replies.insert(std::move(reply));
  }
  EXPECT_LE(replies.size(), limits::kHttpScrapeReplies);
  EXPECT_EQ(scrapes, 21);
}

TEST_F(ProbesTest, AreAnsweredWhilePagesAreComputedAndNotRead) {
  std::promise<void> finish;
  const std::shared_future<void> finished = finish.get_future().share();
  page_ = [finished] {
    finished.wait();
    return HttpReply{};
  };
  Serve(10);
  const std::vector<Client> peers =
      Peers(port(), 100, "GET /api/v1/rings HTTP/1.1\r\n\r\n");
  ExpectProbes();
  EXPECT_EQ(StatusLine(Get(port(), "/metrics")), "HTTP/1.1 200 OK");
  EXPECT_EQ(StatusLine(Get(port(), "/api/v1/rings")),
            "HTTP/1.1 503 Service Unavailable");
  EXPECT_GE(rejected_pages_, 101 - static_cast<int>(limits::kHttpPages));
  finish.set_value();
}

TEST_F(ProbesTest, PagesThatNobodyReadsHaveABoundInBytes) {
  page_ = [] {
    HttpReply reply;
    reply.body = std::string(limits::kHttpReplyBytes / 2 + 1, 'x');
    return reply;
  };
  Serve(10);
  Client slow(port());
  ASSERT_TRUE(slow.Send("GET /page HTTP/1.1\r\n\r\n"));
  char first;
  ASSERT_EQ(recv(slow.socket(), &first, 1, 0), 1);
  EXPECT_EQ(StatusLine(Get(port(), "/page")),
            "HTTP/1.1 503 Service Unavailable");
  ExpectProbes();
  EXPECT_GT(slow.ReadAll().size(), limits::kHttpReplyBytes / 2);
  EXPECT_EQ(StatusLine(Get(port(), "/page")), "HTTP/1.1 200 OK");
}

TEST(SlowPeersTest, StoppingWaitsForNoneOfThem) {
  MadeUpMetrics metrics;
  HttpServer::Options options = OptionsFor(metrics);
  options.request_time = std::chrono::hours(1);
  const auto server = HttpServer::Start(std::move(options));
  ASSERT_TRUE(server.ok()) << server.status();
  const int port = (*server)->port();
  const std::vector<Client> served = Peers(port, 10, "GET ");
  Get(port, "/healthz");  // accepted last, so the others are accepted too
  const std::vector<Client> waiting = Peers(port, 100, "GET ");
  const auto start = steady_clock::now();
  (*server)->Stop();
  EXPECT_LT(steady_clock::now() - start, kFew);
}

}  // namespace
}  // namespace clockwise
