// A gRPC server that looks nothing up: the upper limit for the rate of
// look-ups. Its Locate returns as many bytes as a real response. By default it
// uses gRPC's callback API with generated messages. `raw` is the form of
// clockwised: bytes in and out, without Abseil's deadlock detector.
//
// usage: echo_server [without_detector | raw]; prints its address
#include <grpcpp/grpcpp.h>
#include <signal.h>

#include <cstdio>
#include <string>

#include "absl/synchronization/mutex.h"
#include "clockwise/v1/placement.grpc.pb.h"

namespace clockwise {
namespace {

v1::LocateResponse Answer() {
  v1::LocateResponse response;
  response.set_epoch(9);
  response.set_incarnation(~0ull);
  response.set_fingerprint(~0ull);
  response.set_hash(~0ull);
  v1::Owner& owner = *response.add_owners();
  owner.set_node_id("node-100000");
  owner.set_address("10.0.0.1:6379");
  owner.set_zone("zone-1");
  return response;
}

class Echo final : public v1::PlacementService::CallbackService {
  grpc::ServerUnaryReactor* Locate(grpc::CallbackServerContext* context,
                                   const v1::LocateRequest*,
                                   v1::LocateResponse* response) override {
    *response = Answer();
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

class RawEcho final : public v1::PlacementService::WithRawCallbackMethod_Locate<
                          v1::PlacementService::Service> {
  grpc::ServerUnaryReactor* Locate(grpc::CallbackServerContext* context,
                                   const grpc::ByteBuffer* request,
                                   grpc::ByteBuffer* response) override {
    grpc::Slice bytes;
    if (!request->TrySingleSlice(&bytes).ok()) {
      (void)request->DumpToSingleSlice(&bytes);
    }
    const grpc::Slice answer(answer_.data(), answer_.size());
    *response = grpc::ByteBuffer(&answer, 1);
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

  const std::string answer_ = Answer().SerializeAsString();
};

}  // namespace
}  // namespace clockwise

int main(int argc, char** argv) {
  // Empty: gRPC's default. Otherwise without the deadlock detector, as
  // clockwised.
  const std::string form = argc > 1 ? argv[1] : "";
  if (!form.empty()) {
    absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  }
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  clockwise::Echo echo;
  clockwise::RawEcho raw_echo;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                           &port);
  if (form == "raw") {
    builder.RegisterService(&raw_echo);
  } else {
    builder.RegisterService(&echo);
  }
  const auto server = builder.BuildAndStart();
  if (server == nullptr) return 1;
  std::printf("ready grpc=127.0.0.1:%d\n", port);
  std::fflush(stdout);
  int received = 0;
  sigwait(&signals, &received);
  server->Shutdown(std::chrono::system_clock::now());
  return 0;
}
