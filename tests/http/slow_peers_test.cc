// Tests peers that send slowly, send nothing, or do not read. There are more of
// them than the server has threads. Where they must be dropped, there are more
// than it accepts at a time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/string_view.h"
#include "service/http/http_server.h"
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
