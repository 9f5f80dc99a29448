#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_split.h"
#include "service/http/http_server.h"
#include "tests/http/http_client.h"

namespace clockwise {
namespace {

using ::testing::HasSubstr;

class EventStreamsTest : public testing::Test {
 protected:
  void SetUp() override {
    HttpServer::Options options = OptionsFor(metrics_);
    options.news = [this] { return std::exchange(news_, ""); };
    auto server = HttpServer::Start(std::move(options));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  MadeUpMetrics metrics_;
  std::string news_ = "event: ring\ndata: {}\n\n";  // for the server's thread
  std::unique_ptr<HttpServer> server_;
};

TEST_F(EventStreamsTest, StopEndsThem) {
  Client client(server_->port());
  client.Send("GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  std::thread stopper([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(700));
    server_->Stop();
  });
  const std::string answer = client.ReadAll();
  stopper.join();
  EXPECT_THAT(answer, HasSubstr("200 OK"));
  EXPECT_THAT(answer, HasSubstr("text/event-stream"));
  EXPECT_THAT(answer, HasSubstr("event: ring"));
}

TEST_F(EventStreamsTest, AHeadRequestIsNoStream) {
  const std::string answer = Fetch(server_->port(), "HEAD /api/v1/events");
  EXPECT_THAT(answer, HasSubstr("200 OK"));
}

TEST_F(EventStreamsTest, TheContentTypeIsSentOnce) {
  Client client(server_->port());
  client.Send("GET /api/v1/events HTTP/1.1\r\n\r\n");
  std::thread stopper([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    server_->Stop();
  });
  const std::string answer = client.ReadAll();
  stopper.join();
  const std::vector<std::string> parts =
      absl::StrSplit(answer, "\r\nContent-Type: ");
  EXPECT_EQ(parts.size(), 2u) << answer;
}

TEST_F(EventStreamsTest, AStreamWhosePeerClosedMakesRoomAtOnce) {
  HttpServer::Options options = OptionsFor(metrics_);
  options.news = [] { return ""; };  // the next beat is due in seconds
  options.event_streams = 1;
  const auto server = HttpServer::Start(std::move(options));
  ASSERT_TRUE(server.ok()) << server.status();
  const auto status = [](Client& client) {
    client.Send("GET /api/v1/events HTTP/1.1\r\n\r\n");
    std::string line(12, '\0');
    ::recv(client.socket(), line.data(), line.size(), MSG_WAITALL);
    return line;
  };
  for (int i = 0; i < 3; ++i) {
    Client open((*server)->port());
    EXPECT_EQ(status(open), "HTTP/1.1 200");
    Client refused((*server)->port());
    EXPECT_EQ(status(refused), "HTTP/1.1 503");
    ::shutdown(open.socket(), SHUT_WR);
    open.ReadAll();  // until the server closes too
  }
}

TEST_F(EventStreamsTest, StopMayComeWhileStreamsAreBegun) {
  std::vector<Client> clients;
  for (int i = 0; i < 30; ++i) clients.emplace_back(server_->port());
  std::thread caller([&] {
    for (Client& client : clients) {
      client.Send("GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    }
  });
  server_->Stop();
  caller.join();
  for (Client& client : clients) client.ReadAll();  // all streams end
}

}  // namespace
}  // namespace clockwise
