// Fixture with clients of the server in tests/support/serving.h, and of a
// server that sends wrong messages.
#ifndef CLOCKWISE_TESTS_CLIENT_LIB_CLIENT_FIXTURE_H_
#define CLOCKWISE_TESTS_CLIENT_LIB_CLIENT_FIXTURE_H_

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "clockwise/client.h"
#include "service/runtime/mutex.h"
#include "tests/support/loopback_server.h"
#include "tests/support/serving.h"

namespace clockwise {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Implements Watch with the messages that a test chooses.
class LyingServer final : public v1::PlacementService::Service {
 public:
  // `answer` writes to the stream of a request; returns the stream's status.
  using Answer = std::function<grpc::Status(
      const v1::WatchRequest&, grpc::ServerWriter<v1::WatchResponse>&)>;
  explicit LyingServer(Answer answer) : answer_(std::move(answer)) {}

  const std::string& address() const { return server_.address(); }
  // Addresses of the clients that have called Watch.
  std::set<std::string> connections() {
    MutexLock lock(mu_);
    return connections_;
  }

 private:
  grpc::Status Watch(grpc::ServerContext* context,
                     const v1::WatchRequest* request,
                     grpc::ServerWriter<v1::WatchResponse>* writer) override {
    {
      MutexLock lock(mu_);
      connections_.insert(context->peer());
    }
    const grpc::Status end = answer_(*request, *writer);
    // OK: keep the stream open.
    while (end.ok() && !context->IsCancelled()) {
      std::this_thread::sleep_for(milliseconds(5));
    }
    return end;
  }

  // Returns one owner, which no ring has.
  grpc::Status Locate(grpc::ServerContext*, const v1::LocateRequest* request,
                      v1::LocateResponse* response) override {
    response->set_epoch(9);
    response->add_owners()->set_node_id("owner-of-" + request->key());
    return grpc::Status::OK;
  }

  const Answer answer_;
  Mutex mu_;
  std::set<std::string> connections_ ABSL_GUARDED_BY(mu_);
  LoopbackServer server_{*this};  // last, so that it is destroyed first
};

class ClientFixture : public Serving {
 protected:
  static Options Quick() {
    Options options;
    options.first_pause = milliseconds(5);
    options.longest_pause = milliseconds(50);
    options.silence = milliseconds(1'000);
    return options;
  }

  static std::unique_ptr<Client> NewClient(std::vector<std::string> targets,
                                           const Options& options = Quick()) {
    auto client = Client::Create(std::move(targets), options);
    EXPECT_TRUE(client.ok()) << client.status();
    return *std::move(client);
  }

  // Starts another server of the same rings, as over a shared store.
  std::unique_ptr<RpcServer> AnotherServer() {
    return *RpcServer::Start(ServerOptions(more_stats_));
  }

  // Waits until `so` returns true.
  static ::testing::AssertionResult Soon(const std::function<bool()>& so) {
    for (int i = 0; i < 2000; ++i) {
      if (so()) return ::testing::AssertionSuccess();
      std::this_thread::sleep_for(milliseconds(5));
    }
    return ::testing::AssertionFailure() << "not true within 10 s";
  }

  v1::WatchResponse TrueSnapshot() {
    const StatePtr state = *membership_->Find("");
    v1::WatchResponse message;
    *message.mutable_snapshot() =
        SnapshotOf(*state, state->measured, state->epoch, false);
    return message;
  }

  RpcStats more_stats_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_CLIENT_LIB_CLIENT_FIXTURE_H_
