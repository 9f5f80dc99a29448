// Makes look-ups by RPC, many at a time, and prints the rate.
//
// usage: rpc_client ADDRESS unary|batch|stream CALLS KEYS_PER_CALL
//        rpc_client ADDRESS fill NODES 1     puts nodes on the ring
// "stream" sends KEYS_PER_CALL keys per message, CALLS messages.
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "clockwise/v1/placement.grpc.pb.h"

namespace clockwise {
namespace {

constexpr int kConnections = 4;
constexpr int kInFlight = 32;  // calls per connection

using Stub = v1::PlacementService::Stub;

// Counts the calls that are left to start and those that are left to finish.
class Budget {
 public:
  explicit Budget(int calls) : left_(calls), open_(calls) {}
  // Returns the number of a call to make; below 0: no calls are left.
  int Take() { return --left_; }
  void Done(bool ok) {
    if (!ok) failed_ = true;
    if (--open_ == 0) {
      std::lock_guard lock(mu_);
      all_.notify_all();
    }
  }
  bool Wait() {
    std::unique_lock lock(mu_);
    all_.wait(lock, [&] { return open_ <= 0; });
    return !failed_;
  }

 private:
  std::atomic<int> left_;
  std::atomic<int> open_;
  std::atomic<bool> failed_ = false;
  std::mutex mu_;
  std::condition_variable all_;
};

std::string Key(int call, int key) {
  return absl::StrCat("key-", 100000000 + call, "-", 100000 + key);
}

struct One {
  using Request = v1::LocateRequest;
  using Response = v1::LocateResponse;
  static void Fill(int call, int, Request& request) {
    request.set_key(Key(call, 0));
  }
  static void Start(Stub& stub, grpc::ClientContext* context,
                    const Request* request, Response* response,
                    std::function<void(grpc::Status)> done) {
    stub.async()->Locate(context, request, response, std::move(done));
  }
};

struct Many {
  using Request = v1::BatchLocateRequest;
  using Response = v1::BatchLocateResponse;
  static void Fill(int call, int keys, Request& request) {
    for (int i = 0; i < keys; ++i) request.add_keys(Key(call, i));
  }
  static void Start(Stub& stub, grpc::ClientContext* context,
                    const Request* request, Response* response,
                    std::function<void(grpc::Status)> done) {
    stub.async()->BatchLocate(context, request, response, std::move(done));
  }
};

template <typename Kind>
void Next(Stub& stub, int keys, Budget& budget) {
  struct State {
    grpc::ClientContext context;
    typename Kind::Request request;
    typename Kind::Response response;
  };
  const int call = budget.Take();
  if (call < 0) return;
  auto state = std::make_shared<State>();
  Kind::Fill(call, keys, state->request);
  Kind::Start(stub, &state->context, &state->request, &state->response,
              [state, &stub, keys, &budget](const grpc::Status& status) {
                Next<Kind>(stub, keys, budget);
                budget.Done(status.ok());
              });
}

// Runs one stream per connection, kInFlight messages ahead of the responses.
bool Stream(Stub& stub, int messages, int keys) {
  grpc::ClientContext context;
  const auto stream = stub.LocateStream(&context);
  std::atomic<int> ahead = 0;
  std::thread writer([&] {
    v1::BatchLocateRequest request;
    for (int i = 0; i < messages; ++i) {
      request.clear_keys();
      Many::Fill(i, keys, request);
      while (ahead >= kInFlight) ahead.wait(kInFlight);
      ++ahead;
      if (!stream->Write(request)) break;
    }
    stream->WritesDone();
  });
  v1::BatchLocateResponse response;
  int read = 0;
  while (stream->Read(&response)) {
    ++read;
    --ahead;
    ahead.notify_one();
  }
  writer.join();
  return stream->Finish().ok() && read == messages;
}

bool Streams(std::vector<std::unique_ptr<Stub>>& stubs, int messages,
             int keys) {
  std::atomic<bool> ok = true;
  std::vector<std::thread> threads;
  for (const auto& stub : stubs) {
    threads.emplace_back([&] {
      if (!Stream(*stub, messages / kConnections, keys)) ok = false;
    });
  }
  for (std::thread& thread : threads) thread.join();
  return ok;
}

template <typename Kind>
bool Unary(std::vector<std::unique_ptr<Stub>>& stubs, int calls, int keys,
           int in_flight) {
  Budget budget(calls);
  for (int i = 0; i < in_flight; ++i) {
    for (const auto& stub : stubs) Next<Kind>(*stub, keys, budget);
  }
  return budget.Wait();
}

bool Fill(Stub& stub, int nodes) {
  constexpr int kAtOnce = 1000;
  for (int first = 0; first < nodes; first += kAtOnce) {
    v1::ApplyChangesRequest request;
    for (int i = first; i < std::min(nodes, first + kAtOnce); ++i) {
      v1::Node& node = *request.add_changes()->mutable_add();
      node.set_id(absl::StrCat("node-", 100000 + i));
      node.set_address("10.0.0.1:6379");
      node.set_zone(absl::StrCat("zone-", i % 3));
    }
    grpc::ClientContext context;
    v1::ApplyChangesResponse response;
    const auto status = stub.ApplyChanges(&context, request, &response);
    if (!status.ok()) {
      std::fprintf(stderr, "%s\n", status.error_message().c_str());
      return false;
    }
  }
  return true;
}

int Main(const std::string& address, const std::string& kind, int calls,
         int keys) {
  std::vector<std::unique_ptr<Stub>> stubs;
  for (int i = 0; i < kConnections; ++i) {
    grpc::ChannelArguments arguments;
    arguments.SetInt("grpc.use_local_subchannel_pool", 1);
    stubs.push_back(v1::PlacementService::NewStub(grpc::CreateCustomChannel(
        address, grpc::InsecureChannelCredentials(), arguments)));
  }
  const auto start = std::chrono::steady_clock::now();
  bool ok = false;
  if (kind == "fill") ok = Fill(*stubs[0], calls);
  if (kind == "unary") ok = Unary<One>(stubs, calls, 1, kInFlight);
  if (kind == "batch") ok = Unary<Many>(stubs, calls, keys, 1);
  if (kind == "stream") ok = Streams(stubs, calls, keys);
  const std::chrono::duration<double> took =
      std::chrono::steady_clock::now() - start;
  std::printf(
      "{\"kind\":\"%s\",\"calls\":%d,\"keys\":%d,\"keys_per_s\":%.0f}\n",
      kind.c_str(), calls, keys, calls / took.count() * keys);
  return ok ? 0 : 1;
}

}  // namespace
}  // namespace clockwise

int main(int argc, char** argv) {
  int calls = 0;
  int keys = 0;
  if (argc != 5 || !absl::SimpleAtoi(argv[3], &calls) ||
      !absl::SimpleAtoi(argv[4], &keys)) {
    return 2;
  }
  return clockwise::Main(argv[1], argv[2], calls, keys);
}
