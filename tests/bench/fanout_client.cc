// Opens many Watch streams in one process, for fanout.py, and measures when
// they receive a change. Reads lines, and answers each with one line:
//   change   calls AddNode; prints the milliseconds from its reply until each
//            stream has read a message (the last and the median), the bytes of
//            the message, and the milliseconds that the call took
//   burst N  calls AddNode N times, one after another; prints the milliseconds
//            from the first call until all streams have the last change
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
    const bool counts = until == 0 || Epoch() == until;
    message_.Clear();
    StartRead(&message_);
    if (counts) ++heard_;
  }

  Clock::time_point at;
  size_t bytes = 0;
  // Epoch whose messages are counted; 0: all messages.
  static inline std::atomic<uint64_t> until = 0;

 private:
  uint64_t Epoch() const {
    grpc::Slice slice;
    v1::WatchResponse response;
    if (!message_.DumpToSingleSlice(&slice).ok() ||
        !response.ParseFromArray(slice.begin(),
                                 static_cast<int>(slice.size()))) {
      return 0;
    }
    return response.has_delta() ? response.delta().epoch()
                                : response.snapshot().epoch();
  }

  std::atomic<int>& heard_;
  grpc::ClientContext context_;
  grpc::ByteBuffer request_, message_;
};

std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // A snapshot of 100,000 nodes exceeds gRPC's default limit.
  arguments.SetMaxReceiveMessageSize(-1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(),
                                   arguments);
}

void WaitFor(const std::atomic<int>& heard, int count) {
  while (heard < count) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

double Milliseconds(Clock::duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

// Returns the epoch.
uint64_t AddNode(v1::PlacementService::Stub& stub) {
  static int number = 0;
  v1::AddNodeRequest request;
  request.mutable_node()->set_id("n" + std::to_string(++number));
  v1::AddNodeResponse response;
  grpc::ClientContext context;
  const grpc::Status status = stub.AddNode(&context, request, &response);
  if (!status.ok()) {
    std::fprintf(stderr, "AddNode: %s\n", status.error_message().c_str());
    std::_Exit(1);
  }
  return response.change().epoch();
}

using Streams = std::vector<std::unique_ptr<Stream>>;

void Change(v1::PlacementService::Stub& stub, std::atomic<int>& heard,
            const Streams& streams) {
  heard = 0;
  const Clock::time_point start = Clock::now();
  AddNode(stub);
  const Clock::time_point replied = Clock::now();
  WaitFor(heard, static_cast<int>(streams.size()));
  std::vector<double> times;
  for (const auto& stream : streams) {
    times.push_back(Milliseconds(stream->at - replied));
  }
  std::sort(times.begin(), times.end());
  std::printf("%.3f %.3f %zu %.3f\n", times.back(), times[times.size() / 2],
              streams.front()->bytes, Milliseconds(replied - start));
}

void Burst(v1::PlacementService::Stub& stub, std::atomic<int>& heard,
           const Streams& streams, int changes) {
  heard = 0;
  v1::GetRingResponse before;
  grpc::ClientContext context;
  if (!stub.GetRing(&context, v1::GetRingRequest(), &before).ok()) {
    std::_Exit(1);
  }
  Stream::until = before.snapshot().epoch() + static_cast<uint64_t>(changes);
  const Clock::time_point start = Clock::now();
  for (int i = 0; i < changes; ++i) AddNode(stub);
  WaitFor(heard, static_cast<int>(streams.size()));
  Clock::time_point last = start;
  for (const auto& stream : streams) last = std::max(last, stream->at);
  Stream::until = 0;
  std::printf("%.3f\n", Milliseconds(last - start));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const std::string address = argv[1];
  const int count = std::stoi(argv[2]);
  const int per_connection = std::stoi(argv[3]);
  std::atomic<int> heard = 0;
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs;
  Streams streams;
  for (int i = 0; i < count; ++i) {
    if (i % per_connection == 0) {
      stubs.push_back(std::make_unique<grpc::GenericStub>(Connect(address)));
    }
    streams.push_back(std::make_unique<Stream>(*stubs.back(), heard));
    // Opens 500 streams at a time: a server's backlog does not hold more.
    if (i % 500 == 499) WaitFor(heard, i + 1);
  }
  WaitFor(heard, count);
  std::printf("open\n");
  std::fflush(stdout);
  const auto stub = v1::PlacementService::NewStub(Connect(address));
  std::string line;
  while (std::getline(std::cin, line) && line != "quit") {
    if (line.starts_with("burst ")) {
      Burst(*stub, heard, streams, std::stoi(line.substr(6)));
    } else {
      Change(*stub, heard, streams);
    }
    std::fflush(stdout);
  }
  std::_Exit(0);  // closing 10,000 streams would disturb the next measurement
}
