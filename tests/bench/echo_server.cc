// The ceiling of a look-up: a gRPC server of the default callback form that
// looks nothing up. Locate, BatchLocate and LocateStream answer with as many
// bytes as a real answer has, from generated messages.
//
// usage: echo_server [without_detector]; prints its address
#include <grpcpp/grpcpp.h>
#include <signal.h>

#include <cstdio>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "clockwise/v1/placement.grpc.pb.h"

namespace clockwise {
namespace {

class Echo final : public v1::PlacementService::CallbackService {
  grpc::ServerUnaryReactor* Locate(grpc::CallbackServerContext* context,
                                   const v1::LocateRequest*,
                                   v1::LocateResponse* response) override {
    response->set_epoch(9);
    response->set_incarnation(~0ull);
    response->set_fingerprint(~0ull);
    response->set_hash(~0ull);
    v1::Owner& owner = *response->add_owners();
    owner.set_node_id("node-100000");
    owner.set_address("10.0.0.1:6379");
    owner.set_zone("zone-1");
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

}  // namespace
}  // namespace clockwise

int main(int argc, char** argv) {
  // As it is by default, or as clockwised has it.
  if (argc > 1 && std::string(argv[1]) == "without_detector") {
    absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  }
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  clockwise::Echo echo;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                           &port);
  builder.RegisterService(&echo);
  const auto server = builder.BuildAndStart();
  if (server == nullptr) return 1;
  std::printf("ready grpc=127.0.0.1:%d\n", port);
  std::fflush(stdout);
  int received = 0;
  sigwait(&signals, &received);
  server->Shutdown(std::chrono::system_clock::now());
  return 0;
}
