#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "health.grpc.pb.h"
#include "tests/rpc/serving.h"

namespace clockwise {
namespace {

class ServerTest : public Serving {
 protected:
  grpc::health::v1::HealthCheckResponse::ServingStatus Health(
      const std::string& service) {
    const auto stub = grpc::health::v1::Health::NewStub(channel_);
    grpc::ClientContext context;
    SetDeadline(context);
    grpc::health::v1::HealthCheckRequest request;
    request.set_service(service);
    grpc::health::v1::HealthCheckResponse response;
    EXPECT_TRUE(stub->Check(&context, request, &response).ok());
    return response.status();
  }

  RpcServer::Options OptionsFor(const std::string& listen) {
    RpcServer::Options options;
    options.listen = listen;
    options.membership = membership_.get();
    options.stats = &stats_;
    return options;
  }
};

// A machine that lost its power says nothing any more, not even that it is
// gone.
TEST_F(ServerTest, AConnectionWhosePeerIsSilentIsEnded) {
  RpcServer::Options options = OptionsFor("127.0.0.1:0");
  options.keepalive = std::chrono::milliseconds(600);
  const auto server = *RpcServer::Start(options);
  const std::string& address = server->address();
  sockaddr_in peer = {};
  peer.sin_family = AF_INET;
  peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  peer.sin_port = htons(
      static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  const int silent = socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_EQ(connect(silent, reinterpret_cast<sockaddr*>(&peer), sizeof(peer)),
            0);
  // HTTP/2's preface, an empty SETTINGS frame, its acknowledgement; no more.
  const std::string hello(
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
      "\0\0\0\4\0\0\0\0\0\0\0\0\4\1\0\0\0\0",
      42);
  ASSERT_EQ(write(silent, hello.data(), hello.size()), 42);
  timeval patience = {10, 0};
  setsockopt(silent, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  char bytes[1024];
  ssize_t got = 0;
  while ((got = read(silent, bytes, sizeof(bytes))) > 0) {
  }
  EXPECT_EQ(got, 0) << "it is still open";
  close(silent);
}

TEST_F(ServerTest, HealthServesUntilTheLameDuck) {
  using Response = grpc::health::v1::HealthCheckResponse;
  EXPECT_EQ(Health(""), Response::SERVING);
  EXPECT_EQ(Health("clockwise.v1.PlacementService"), Response::SERVING);
  server_->EnterLameDuck();
  EXPECT_EQ(Health(""), Response::NOT_SERVING);
  EXPECT_EQ(Health("clockwise.v1.PlacementService"), Response::NOT_SERVING);
  EXPECT_EQ(Add("n1"), 2u) << "a lame duck still serves";
}

TEST_F(ServerTest, ATakenPortIsRefused) {
  const auto second = RpcServer::Start(OptionsFor(server_->address()));
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(std::string(second.status().message()).find(server_->address()),
            std::string::npos);
}

TEST_F(ServerTest, WhatIsNoAddressIsRefused) {
  for (const char* listen : {"127.0.0.1:999999", "127.0.0.1", "", "no host:1",
                             "unix:/nowhere/at/all.sock"}) {
    EXPECT_FALSE(RpcServer::Start(OptionsFor(listen)).ok()) << listen;
  }
}

TEST_F(ServerTest, AUnixSocketServesAndASecondServerIsRefused) {
  std::string folder = ::testing::TempDir() + "clockwiseXXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const std::string listen = "unix:" + folder + "/socket";
  {
    auto server = RpcServer::Start(OptionsFor(listen));
    ASSERT_TRUE(server.ok()) << server.status();
    EXPECT_EQ((*server)->address(), listen);
    const auto stub = v1::PlacementService::NewStub(
        grpc::CreateChannel(listen, grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    SetDeadline(context);
    v1::ListRingsResponse response;
    EXPECT_TRUE(
        stub->ListRings(&context, v1::ListRingsRequest(), &response).ok());
    EXPECT_FALSE(RpcServer::Start(OptionsFor(listen)).ok());
  }
  std::filesystem::remove_all(folder);
}

TEST_F(ServerTest, ADrainedServerTakesNoMoreCalls) {
  server_->Drain(std::chrono::seconds(5));
  v1::ListRingsResponse response;
  EXPECT_EQ(Call(&v1::PlacementService::Stub::ListRings, v1::ListRingsRequest(),
                 response, 2)
                .error_code(),
            grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace clockwise
