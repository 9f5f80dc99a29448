#include <arpa/inet.h>
#include <grpcpp/generic/generic_stub.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "health.grpc.pb.h"
#include "tests/support/serving.h"

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
};

// A machine without power sends nothing, not even the end of a connection.
TEST_F(ServerTest, AConnectionWhosePeerIsSilentIsEnded) {
  RpcServer::Options options = ServerOptions(stats_);
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
  // HTTP/2's preface, an empty SETTINGS frame and its acknowledgement, nothing
  // else.
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
  EXPECT_EQ(got, 0) << "the connection is still open";
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
  const auto second =
      RpcServer::Start(ServerOptions(stats_, server_->address()));
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(std::string(second.status().message()).find(server_->address()),
            std::string::npos);
}

TEST_F(ServerTest, WhatIsNoAddressIsRefused) {
  for (const char* listen : {"127.0.0.1:999999", "127.0.0.1", "", "no host:1",
                             "unix:/nowhere/at/all.sock"}) {
    EXPECT_FALSE(RpcServer::Start(ServerOptions(stats_, listen)).ok())
        << listen;
  }
}

TEST_F(ServerTest, AUnixSocketServesAndASecondServerIsRefused) {
  std::string folder = ::testing::TempDir() + "clockwiseXXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const std::string listen = "unix:" + folder + "/socket";
  {
    auto server = RpcServer::Start(ServerOptions(stats_, listen));
    ASSERT_TRUE(server.ok()) << server.status();
    EXPECT_EQ((*server)->address(), listen);
    const auto stub = v1::PlacementService::NewStub(
        grpc::CreateChannel(listen, grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    SetDeadline(context);
    v1::ListRingsResponse response;
    EXPECT_TRUE(
        stub->ListRings(&context, v1::ListRingsRequest(), &response).ok());
    EXPECT_FALSE(RpcServer::Start(ServerOptions(stats_, listen)).ok());
  }
  std::filesystem::remove_all(folder);
}

// The channel has a health watch and stays open.
TEST_F(ServerTest, AnIdleConnectionDoesNotDelayADrain) {
  Add("n1");
  EXPECT_EQ(Health(""), grpc::health::v1::HealthCheckResponse::SERVING);
  grpc::ClientContext context;
  const auto health = grpc::health::v1::Health::NewStub(channel_);
  const auto watch =
      health->Watch(&context, grpc::health::v1::HealthCheckRequest());
  grpc::health::v1::HealthCheckResponse response;
  ASSERT_TRUE(watch->Read(&response));
  const auto begun = std::chrono::steady_clock::now();
  server_->Drain(std::chrono::seconds(30));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(2));
  while (watch->Read(&response)) {
  }
  EXPECT_EQ(watch->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

// The response is larger than what gRPC sends before the client reads.
TEST_F(ServerTest, ADrainWaitsForAClientThatReadsItsAnswerLate) {
  for (int i = 0; i < 64; ++i) Add("node-" + std::to_string(i));
  v1::BatchLocateRequest request;
  request.set_replica_count(64);
  for (int i = 0; i < 10'000; ++i) request.add_keys(std::to_string(i));
  grpc::ChannelArguments arguments;
  arguments.SetInt("grpc.use_local_subchannel_pool", 1);
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);  // sends 64 KiB unread
  grpc::GenericStub stub(grpc::CreateCustomChannel(
      server_->address(), grpc::InsecureChannelCredentials(), arguments));
  grpc::ClientContext context;
  SetDeadline(context);
  grpc::CompletionQueue queue;
  const auto call = stub.PrepareCall(
      &context, "/clockwise.v1.PlacementService/BatchLocate", &queue);
  const auto next = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  call->StartCall(nullptr);
  ASSERT_TRUE(next());
  const grpc::Slice slice(request.SerializeAsString());
  call->WriteLast(grpc::ByteBuffer(&slice, 1), grpc::WriteOptions(), nullptr);
  ASSERT_TRUE(next());
  while (stats_.Of(Method::kBatchLocate).handled(0) == 0) {
    std::this_thread::yield();
  }
  std::atomic<bool> drained = false;
  std::thread drain([&] {
    server_->Drain(std::chrono::seconds(30));
    drained = true;
  });
  std::this_thread::sleep_for(std::chrono::seconds(1));
  EXPECT_FALSE(drained);
  grpc::ByteBuffer answer;
  call->Read(&answer, nullptr);
  EXPECT_TRUE(next());
  EXPECT_GT(answer.Length(), 640'000u);
  grpc::Status status;
  call->Finish(&status, nullptr);
  EXPECT_TRUE(next());
  EXPECT_TRUE(status.ok()) << status.error_message();
  drain.join();
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
