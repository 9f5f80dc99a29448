// Calls Locate without a pause over a channel with a service config until
// standard input ends. Then prints the number of successful calls, and the
// failures.
//
// usage: locate_load TARGET SERVICE_CONFIG_FILE THREADS
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "clockwise/v1/placement.grpc.pb.h"

namespace {

std::atomic<bool> ended = false;
std::atomic<unsigned long> answered = 0;
std::mutex mu;
std::map<std::string, int> failures;

void Load(const std::shared_ptr<grpc::Channel>& channel, unsigned seed) {
  const auto stub = clockwise::v1::PlacementService::NewStub(channel);
  clockwise::v1::LocateRequest request;
  for (unsigned i = 0; !ended; ++i) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() +
                         std::chrono::seconds(10));
    clockwise::v1::LocateResponse response;
    request.set_key(std::to_string(seed) + "-" + std::to_string(i));
    const grpc::Status status = stub->Locate(&context, request, &response);
    if (status.ok() && response.owners_size() > 0) {
      ++answered;
    } else {
      const std::lock_guard lock(mu);
      ++failures[std::to_string(status.error_code()) + " " +
                 status.error_message()];
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  std::ifstream file(argv[2]);
  const std::string config{std::istreambuf_iterator<char>(file), {}};
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(config);
  const auto channel = grpc::CreateCustomChannel(
      argv[1], grpc::InsecureChannelCredentials(), arguments);
  std::vector<std::thread> threads;
  for (int i = 0; i < std::atoi(argv[3]); ++i) {
    threads.emplace_back(Load, channel, i);
  }
  while (std::getchar() != EOF) {
  }
  ended = true;
  for (std::thread& thread : threads) thread.join();
  std::printf("answered %lu\n", answered.load());
  for (const auto& [what, times] : failures) {
    std::printf("failed %d: %s\n", times, what.c_str());
  }
  return 0;
}
