// Fixture with a server on a free loopback port over a memory store.
#ifndef CLOCKWISE_TESTS_SUPPORT_SERVING_H_
#define CLOCKWISE_TESTS_SUPPORT_SERVING_H_

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "clockwise/v1/errors.pb.h"
#include "clockwise/v1/placement.grpc.pb.h"
#include "service/limits.h"
#include "service/membership/membership.h"
#include "service/metrics/rpc_stats.h"
#include "service/rpc/server.h"
#include "service/runtime/log.h"
#include "service/store/memory_store.h"

namespace clockwise {

class Serving : public ::testing::Test {
 protected:
  using Seconds = std::chrono::duration<double>;

  void SetUp() override {
    SilenceLibraryLogs();
    Membership::Options options;
    options.store = &store();
    options.now = [] { return absl::FromUnixSeconds(1'700'000'000); };
    options.random = [this] {
      if (on_random_ != nullptr) on_random_();
      return ++random_;
    };
    options.history_changes = 20;
    options.history_bytes = history_bytes_;
    auto membership = Membership::Open(options);
    ASSERT_TRUE(membership.ok()) << membership.status();
    membership_ = *std::move(membership);
    ASSERT_TRUE(membership_->CreateRing(v1::RingSpec()).ok());
    StartServer();
  }

  virtual Store& store() { return store_; }

  // Returns options for a server of this membership. `stats` must outlive the
  // server.
  RpcServer::Options ServerOptions(RpcStats& stats,
                                   const std::string& listen = "127.0.0.1:0") {
    RpcServer::Options options;
    options.listen = listen;
    options.heartbeat = heartbeat_;
    options.membership = membership_.get();
    options.stats = &stats;
    return options;
  }

  void StartServer() {
    auto server = RpcServer::Start(ServerOptions(stats_));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    grpc::ChannelArguments arguments;
    arguments.SetInt("grpc.use_local_subchannel_pool", 1);
    arguments.SetMaxReceiveMessageSize(-1);
    channel_ = grpc::CreateCustomChannel(
        server_->address(), grpc::InsecureChannelCredentials(), arguments);
    stub_ = v1::PlacementService::NewStub(channel_);
  }

  // Sets the deadline of a call. Every call of a test has one, so that a hang
  // fails the test.
  static void SetDeadline(grpc::ClientContext& context, double seconds = 20) {
    context.set_deadline(std::chrono::system_clock::now() +
                         std::chrono::duration_cast<std::chrono::milliseconds>(
                             Seconds(seconds)));
  }

  // Calls a unary method of the stub.
  template <typename Method, typename Request, typename Response>
  grpc::Status Call(Method method, const Request& request, Response& response,
                    double seconds = 20) {
    grpc::ClientContext context;
    SetDeadline(context, seconds);
    return (stub_.get()->*method)(&context, request, &response);
  }

  // Adds a node of weight 1 and returns the new epoch.
  uint64_t Add(const std::string& id, const std::string& zone = "",
               const std::string& ring = "") {
    v1::AddNodeRequest request;
    request.set_ring(ring);
    request.mutable_node()->set_id(id);
    request.mutable_node()->set_zone(zone);
    request.mutable_node()->set_address(id + ":80");
    v1::AddNodeResponse response;
    const grpc::Status status =
        Call(&v1::PlacementService::Stub::AddNode, request, response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.change().epoch();
  }

  // Returns the detail `name` (of google.rpc) of an error; nullopt if there is
  // none.
  template <typename Detail>
  static std::optional<Detail> DetailOf(const grpc::Status& status,
                                        const std::string& name) {
    v1::RpcStatus details;
    EXPECT_TRUE(details.ParseFromString(status.error_details()));
    for (const auto& any : details.details()) {
      if (any.type_url() != "type.googleapis.com/google.rpc." + name) continue;
      Detail detail;
      EXPECT_TRUE(detail.ParseFromString(any.value()));
      return detail;
    }
    return std::nullopt;
  }

  // Returns ErrorInfo.reason of an error, and checks its domain.
  static std::string ReasonOf(const grpc::Status& status) {
    const auto info = DetailOf<v1::ErrorInfo>(status, "ErrorInfo");
    if (!info.has_value()) return "";
    EXPECT_EQ(info->domain(), "clockwise");
    return info->reason();
  }

  // Returns BadRequest's first field; "" if there is none.
  static std::string FieldOf(const grpc::Status& status) {
    const auto bad = DetailOf<v1::BadRequest>(status, "BadRequest");
    return bad.has_value() ? bad->field_violations(0).field() : "";
  }

  std::chrono::milliseconds heartbeat_{50};
  size_t history_bytes_ = limits::kHistoryBytes;
  MemoryStore store_;
  uint64_t random_ = 0;
  // Called before each random number. Set it while no call is made.
  std::function<void()> on_random_;
  RpcStats stats_;
  std::unique_ptr<Membership> membership_;
  std::unique_ptr<RpcServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::PlacementService::Stub> stub_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_SUPPORT_SERVING_H_
