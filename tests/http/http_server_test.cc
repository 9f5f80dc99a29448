#include "service/http/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/http/http_client.h"

namespace clockwise {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::vector<prometheus::MetricFamily> OneGauge(double value) {
  prometheus::MetricFamily family;
  family.name = "up_to_date";
  family.help = "Help.";
  family.type = prometheus::MetricType::Gauge;
  family.metric.emplace_back().gauge.value = value;
  return {family};
}

class HttpServerTest : public testing::Test {
 protected:
  void SetUp() override { Start(OptionsFor(metrics_)); }

  void Start(HttpServer::Options options) {
    auto server = HttpServer::Start(std::move(options));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  int port() const { return server_->port(); }

  MadeUpMetrics metrics_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, PortZeroTakesAFreePortAndTellsIt) {
  EXPECT_GT(port(), 0);
  EXPECT_EQ(server_->address(), absl::StrCat("127.0.0.1:", port()));
  const auto other = HttpServer::Start(OptionsFor(metrics_));
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_NE((*other)->port(), port());
  EXPECT_EQ(StatusLine(Get((*other)->port(), "/healthz")), "HTTP/1.1 200 OK");
}

TEST_F(HttpServerTest, ATakenPortIsRefusedInOneLine) {
  HttpServer::Options options = OptionsFor(metrics_);
  options.address = server_->address();
  const auto second = HttpServer::Start(std::move(options));
  EXPECT_EQ(second.status(), absl::UnavailableError(absl::StrCat(
                                 "cannot listen on 127.0.0.1:", port(),
                                 ": Address already in use")));
}

TEST_F(HttpServerTest, AnotherHostNameIsRejected) {
  const auto status_for = [this](absl::string_view path,
                                 absl::string_view host) {
    Client client(port());
    client.Send(absl::StrCat("GET ", path, " HTTP/1.1\r\n", host, "\r\n"));
    return StatusLine(client.ReadAll());
  };
  constexpr char kOk[] = "HTTP/1.1 200 OK";
  EXPECT_EQ(status_for("/metrics", "Host: 127.0.0.1:7480\r\n"), kOk);
  EXPECT_EQ(status_for("/metrics", ""), kOk);  // no browser
  EXPECT_EQ(status_for("/metrics", "Host: evil.example:7480\r\n"),
            "HTTP/1.1 403 Forbidden");
  EXPECT_EQ(status_for("/api/v1/events", "Host: evil.example\r\n"),
            "HTTP/1.1 403 Forbidden");
  EXPECT_EQ(status_for("/metrics", "Host: localhost\r\nHost: evil\r\n"),
            "HTTP/1.1 400 Bad Request");
  // Probes return no data of rings.
  EXPECT_EQ(status_for("/healthz", "Host: evil.example\r\n"), kOk);
  EXPECT_EQ(status_for("/readyz", "Host: evil.example\r\n"), kOk);
  HttpServer::Options options = OptionsFor(metrics_);
  options.hosts = {"*.example"};
  server_ = nullptr;
  Start(std::move(options));
  EXPECT_EQ(status_for("/metrics", "Host: ring.example\r\n"), kOk);
}

TEST_F(HttpServerTest, AnUnknownHostIsRefusedInOneLine) {
  HttpServer::Options options = OptionsFor(metrics_);
  options.address = "no.such.host.invalid:0";
  EXPECT_EQ(HttpServer::Start(std::move(options)).status(),
            absl::UnavailableError(
                "cannot listen on no.such.host.invalid:0: the host name cannot "
                "be resolved"));
}

TEST_F(HttpServerTest, AnAddressThatIsNoneIsRefused) {
  HttpServer::Options options = OptionsFor(metrics_);
  options.address = "7480";
  EXPECT_EQ(HttpServer::Start(std::move(options)).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(HttpServerTest, Ipv6IsServed) {
  HttpServer::Options options = OptionsFor(metrics_);
  options.address = "[::1]:0";
  const auto server = HttpServer::Start(std::move(options));
  if (!server.ok()) GTEST_SKIP() << server.status();  // no IPv6 on this machine
  EXPECT_EQ((*server)->address(), absl::StrCat("[::1]:", (*server)->port()));
  EXPECT_GT((*server)->port(), 0);
}

TEST_F(HttpServerTest, APortIsFreeAgainOnceItsServerStopped) {
  const int port = server_->port();
  Get(port, "/healthz");  // leaves a connection in TIME_WAIT
  server_->Stop();
  HttpServer::Options options = OptionsFor(metrics_);
  options.address = absl::StrCat("127.0.0.1:", port);
  Start(std::move(options));
  EXPECT_EQ(server_->port(), port);
  EXPECT_EQ(StatusLine(Get(port, "/healthz")), "HTTP/1.1 200 OK");
}

TEST_F(HttpServerTest, MetricsAreMadeAnewForEachScrapeInPrometheusText) {
  double value = 0;
  metrics_.make = [&value] { return OneGauge(++value); };
  for (const char* expected : {"1", "2"}) {
    const std::string answer = Get(port(), "/metrics");
    EXPECT_EQ(StatusLine(answer), "HTTP/1.1 200 OK");
    EXPECT_THAT(answer, HasSubstr("\r\nContent-Type: text/plain; "
                                  "version=0.0.4; charset=utf-8\r\n"));
    EXPECT_EQ(Body(answer), absl::StrCat("# HELP up_to_date Help.\n"
                                         "# TYPE up_to_date gauge\n"
                                         "up_to_date ",
                                         expected, "\n"));
  }
}

TEST_F(HttpServerTest, AQueryBehindThePathIsNothing) {
  EXPECT_EQ(StatusLine(Get(port(), "/metrics?collect[]=x&y")),
            "HTTP/1.1 200 OK");
}

TEST_F(HttpServerTest, HealthIsOkWhileTheProcessLivesThoughItIsNotReady) {
  absl::Status ready = absl::UnavailableError("the store is away");
  HttpServer::Options options = OptionsFor(metrics_);
  options.ready = [&ready] { return ready; };
  Start(std::move(options));
  EXPECT_EQ(StatusLine(Get(port(), "/healthz")), "HTTP/1.1 200 OK");
  EXPECT_EQ(Body(Get(port(), "/healthz")), "ok\n");
}

TEST_F(HttpServerTest, ReadinessIsAskedEachTimeAndItsReasonIsOneLine) {
  absl::Status ready = absl::UnavailableError("etcd is\r\naway");
  HttpServer::Options options = OptionsFor(metrics_);
  options.ready = [&ready] { return ready; };
  Start(std::move(options));
  EXPECT_EQ(StatusLine(Get(port(), "/readyz")),
            "HTTP/1.1 503 Service Unavailable");
  EXPECT_EQ(Body(Get(port(), "/readyz")), "not ready: etcd is  away\n");
  ready = absl::OkStatus();
  EXPECT_EQ(StatusLine(Get(port(), "/readyz")), "HTTP/1.1 200 OK");
  EXPECT_EQ(Body(Get(port(), "/readyz")), "ready\n");
}

TEST_F(HttpServerTest, HeadAnswersAsGetDoesWithoutTheBody) {
  metrics_.make = [] { return OneGauge(1); };
  for (const char* path : {"/metrics", "/healthz", "/readyz"}) {
    const std::string get = Get(port(), path);
    const std::string head = Fetch(port(), absl::StrCat("HEAD ", path));
    EXPECT_EQ(StatusLine(head), "HTTP/1.1 200 OK");
    EXPECT_THAT(head, HasSubstr(absl::StrCat(
                          "Content-Length: ", Body(get).size(), "\r\n")));
    EXPECT_EQ(Body(head), "");
  }
}

TEST_F(HttpServerTest, OtherPagesAreNotFoundInOneLine) {
  for (const char* path :
       {"/", "/metrics/", "/metricsx", "/Metrics", "//metrics", "/../metrics",
        "/metrics%00", "*", "/healthz/x"}) {
    const std::string answer = Get(port(), path);
    EXPECT_EQ(StatusLine(answer), "HTTP/1.1 404 Not Found") << path;
    EXPECT_EQ(Body(answer),
              "no such page; use /metrics, /healthz or /readyz\n");
  }
}

TEST_F(HttpServerTest, OtherMethodsAreNotAllowed) {
  for (const char* method :
       {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"}) {
    for (const char* path : {"/metrics", "/nowhere"}) {
      const std::string answer = Fetch(port(), absl::StrCat(method, " ", path));
      EXPECT_EQ(StatusLine(answer), "HTTP/1.1 405 Method Not Allowed");
      EXPECT_THAT(answer, HasSubstr("\r\nAllow: GET, HEAD\r\n"));
      EXPECT_EQ(Body(answer), "method not allowed; use GET or HEAD\n");
    }
  }
}

TEST_F(HttpServerTest, ABodyIsNotReadAndItsSenderStillGetsTheAnswer) {
  Client client(port());
  client.Send(
      absl::StrCat("POST /metrics HTTP/1.1\r\nContent-Length: 50000\r\n\r\n",
                   std::string(50'000, 'x')));
  EXPECT_THAT(client.ReadAll(),
              AllOf(StartsWith("HTTP/1.1 405 "), EndsWith("GET or HEAD\n")));
  EXPECT_FALSE(client.was_reset());
}

TEST_F(HttpServerTest, WhatAPageThrowsIsNotShown) {
  metrics_.make = []() -> std::vector<prometheus::MetricFamily> {
    throw std::runtime_error("secret");
  };
  const std::string answer = Get(port(), "/metrics");
  EXPECT_EQ(StatusLine(answer), "HTTP/1.1 500 Internal Server Error");
  EXPECT_EQ(Body(answer), "");
  EXPECT_THAT(answer, Not(HasSubstr("secret")));
  metrics_.make = []() -> std::vector<prometheus::MetricFamily> { throw 1; };
  EXPECT_EQ(StatusLine(Get(port(), "/metrics")),
            "HTTP/1.1 500 Internal Server Error");
  EXPECT_EQ(StatusLine(Get(port(), "/healthz")), "HTTP/1.1 200 OK");
}

TEST_F(HttpServerTest, EachConnectionCarriesOneAnswer) {
  Client client(port());
  client.Send("GET /healthz HTTP/1.1\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n");
  const std::string answers = client.ReadAll();
  EXPECT_THAT(answers, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_EQ(Body(answers), "ok\n");
}

TEST_F(HttpServerTest, PagesAreSentWholeWhateverRangesAreAskedFor) {
  for (const char* ranges : {"0-0", "0-,0-,0-", "1-1,-1"}) {
    const std::string answer = Fetch(
        port(), "GET /healthz", absl::StrCat("Range: bytes=", ranges, "\r\n"));
    EXPECT_EQ(StatusLine(answer), "HTTP/1.1 200 OK");
    EXPECT_EQ(Body(answer), "ok\n");
  }
}

TEST_F(HttpServerTest, OnlyGzipCompresses) {
  EXPECT_THAT(Fetch(port(), "GET /healthz", "Accept-Encoding: br, gzip\r\n"),
              HasSubstr("\r\nContent-Encoding: gzip\r\n"));
  EXPECT_THAT(Fetch(port(), "GET /healthz", "Accept-Encoding: br\r\n"),
              AllOf(Not(HasSubstr("Content-Encoding")), EndsWith("\r\nok\n")));
}

TEST_F(HttpServerTest, GzipWithAQualityOfZeroIsNotUsed) {
  for (const char* refused : {"gzip;q=0", "gzip; q=0.0", "*;q=0", "identity"}) {
    const std::string answer =
        Fetch(port(), "GET /healthz",
              absl::StrCat("Accept-Encoding: ", refused, "\r\n"));
    EXPECT_THAT(answer, AllOf(Not(HasSubstr("Content-Encoding")),
                              EndsWith("\r\nok\n")));
    EXPECT_THAT(answer, HasSubstr("\r\nVary: Accept-Encoding\r\n"));
  }
  for (const char* accepted : {"gzip", "gzip;q=0.5", "*"}) {
    EXPECT_THAT(Fetch(port(), "GET /healthz",
                      absl::StrCat("Accept-Encoding: ", accepted, "\r\n")),
                AllOf(HasSubstr("\r\nContent-Encoding: gzip\r\n"),
                      HasSubstr("\r\nVary: Accept-Encoding\r\n")));
  }
}

TEST_F(HttpServerTest, PagesThatTakeLongDoNotDelayProbes) {
  HttpServer::Options options = OptionsFor(metrics_);
  std::promise<void> go_on;
  options.pages = [wait = go_on.get_future().share()](const HttpRequest&) {
    wait.wait();
    return HttpReply();
  };
  Start(std::move(options));
  std::vector<Client> clients;
  for (int i = 0; i < 5; ++i) {  // one that computes, and four that wait
    clients.emplace_back(port());
    clients.back().Send("GET /api/v1/rings/a/plan HTTP/1.1\r\n\r\n");
  }
  EXPECT_EQ(StatusLine(Get(port(), "/healthz")), "HTTP/1.1 200 OK");
  EXPECT_EQ(StatusLine(Get(port(), "/metrics")), "HTTP/1.1 200 OK");
  go_on.set_value();
  for (Client& client : clients) {
    EXPECT_EQ(StatusLine(client.ReadAll()), "HTTP/1.1 200 OK");
  }
}

TEST_F(HttpServerTest, HostileRequestsAreRefusedAndHarmNothing) {
  const std::string many(8000, '1');
  const std::vector<std::string> requests = {
      "\n",
      "\r\n\r\n",
      std::string("\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\n\r\n", 13),
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "FETCH /healthz HTTP/1.1\r\n\r\n",
      "GET /healthz HTTP/9.9\r\n\r\n",
      "GET /healthz\r\n\r\n",
      absl::StrCat("GET /healthz HTTP/1.1\r\nX: ", many, many, "\r\n\r\n"),
      absl::StrCat("GET /healthz HTTP/1.1\r\nRange: bytes=", many, "-\r\n\r\n"),
      absl::StrCat("GET /", many, many, " HTTP/1.1\r\n\r\n"),
  };
  for (const std::string& request : requests) {
    Client client(port());
    client.Send(request);
    EXPECT_THAT(client.ReadAll(), StartsWith("HTTP/1.1 4")) << request;
  }
  EXPECT_EQ(Body(Get(port(), "/healthz")), "ok\n");
}

TEST_F(HttpServerTest, HeadersWithoutEndAreCutOff) {
  Client client(port());
  client.Send("GET /healthz HTTP/1.1\r\n");
  const std::string headers(absl::StrCat("X: ", std::string(995, 'x'), "\r\n"));
  // Sockets buffer some megabytes on each side.
  int sent = 0;
  while (sent < 100'000 && client.Send(headers)) ++sent;
  EXPECT_LT(sent, 100'000);
}

TEST_F(HttpServerTest, ManyScrapesAtOnceAreAllAnswered) {
  metrics_.make = [] { return OneGauge(7); };
  std::atomic<int> answered = 0;
  std::vector<std::thread> scrapers;
  for (int i = 0; i < 20; ++i) {
    scrapers.emplace_back([&] {
      for (int n = 0; n < 10; ++n) {
        const std::string answer = Get(port(), "/metrics");
        if (answer.find("\nup_to_date 7\n") != std::string::npos) ++answered;
      }
    });
  }
  for (std::thread& scraper : scrapers) scraper.join();
  EXPECT_EQ(answered, 200);
}

TEST_F(HttpServerTest, StoppingDeliversTheAnswerUnderWayAndThenRefuses) {
  std::promise<void> asked;
  std::promise<void> go_on;
  metrics_.make = [&] {
    asked.set_value();
    go_on.get_future().wait();
    return OneGauge(1);
  };
  const int port = server_->port();
  auto answer = std::async([port] { return Get(port, "/metrics"); });
  asked.get_future().wait();
  auto stopped = std::async([this] { server_->Stop(); });
  go_on.set_value();
  stopped.wait();
  EXPECT_THAT(answer.get(), EndsWith("\nup_to_date 1\n"));
  server_->Stop();  // a second call does nothing
  HttpServer::Options options = OptionsFor(metrics_);
  options.address = absl::StrCat("127.0.0.1:", port);
  EXPECT_TRUE(HttpServer::Start(std::move(options)).ok());
}

}  // namespace
}  // namespace clockwise
