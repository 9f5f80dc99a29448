// Many watch streams in one process, for fanout.py: says when the last of them
// heard of a change. Reads lines, and answers each with one:
//   change   calls AddNode; the milliseconds from its reply until each stream
//   has
//            read a message, the last and the median of them, and the bytes of
//            it
//   quit
// usage: fanout_client HOST:PORT STREAMS STREAMS_PER_CONNECTION
// Prints "open" when each stream has read its first message.
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "clockwise/v1/placement.grpc.pb.h"

namespace {

using Clock = std::chrono::steady_clock;
namespace v1 = clockwise::v1;

grpc::ByteBuffer BytesOf(const google::protobuf::MessageLite& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

class Stream final
    : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  Stream(grpc::GenericStub& stub, std::atomic<int>& heard) : heard_(heard) {
    request_ = BytesOf(v1::WatchRequest());
    stub.PrepareBidiStreamingCall(
        &context_, "/clockwise.v1.PlacementService/Watch", {}, this);
    StartWriteLast(&request_, grpc::WriteOptions());
    StartRead(&message_);
    StartCall();
  }
  void OnReadDone(bool ok) override {
    if (!ok) {
      std::fprintf(stderr, "fanout_client: a stream ended\n");
      std::_Exit(1);
    }
    at = Clock::now();
    bytes = message_.Length();
    message_.Clear();
    StartRead(&message_);
    ++heard_;
  }

  Clock::time_point at;
  size_t bytes = 0;

 private:
  std::atomic<int>& heard_;
  grpc::ClientContext context_;
  grpc::ByteBuffer request_, message_;
};

std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(),
                                   arguments);
}

void WaitFor(const std::atomic<int>& heard, int count) {
  while (heard < count) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

void Change(v1::PlacementService::Stub& stub, std::atomic<int>& heard,
            const std::vector<std::unique_ptr<Stream>>& streams) {
  static int number = 0;
  heard = 0;
  v1::AddNodeRequest request;
  request.mutable_node()->set_id("n" + std::to_string(++number));
  v1::AddNodeResponse response;
  grpc::ClientContext context;
  const grpc::Status status = stub.AddNode(&context, request, &response);
  const Clock::time_point replied = Clock::now();
  if (!status.ok()) {
    std::fprintf(stderr, "AddNode: %s\n", status.error_message().c_str());
    std::_Exit(1);
  }
  WaitFor(heard, static_cast<int>(streams.size()));
  std::vector<double> times;
  for (const auto& stream : streams) {
    times.push_back(
        std::chrono::duration<double, std::milli>(stream->at - replied)
            .count());
  }
  std::sort(times.begin(), times.end());
  std::printf("%.3f %.3f %zu\n", times.back(), times[times.size() / 2],
              streams.front()->bytes);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const std::string address = argv[1];
  const int count = std::stoi(argv[2]);
  const int per_connection = std::stoi(argv[3]);
  std::atomic<int> heard = 0;
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs;
  std::vector<std::unique_ptr<Stream>> streams;
  for (int i = 0; i < count; ++i) {
    if (i % per_connection == 0) {
      stubs.push_back(std::make_unique<grpc::GenericStub>(Connect(address)));
    }
    streams.push_back(std::make_unique<Stream>(*stubs.back(), heard));
    // Not more at once than a server's backlog takes.
    if (i % 500 == 499) WaitFor(heard, i + 1);
  }
  WaitFor(heard, count);
  std::printf("open\n");
  std::fflush(stdout);
  const auto stub = v1::PlacementService::NewStub(Connect(address));
  std::string line;
  while (std::getline(std::cin, line) && line == "change") {
    Change(*stub, heard, streams);
  }
  std::_Exit(0);  // ten thousand goodbyes would be measured with the next run
}
