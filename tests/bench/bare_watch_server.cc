// A bare gRPC server, with which fanout.py compares the Watch of clockwised. It
// has raw methods of the same names, writes the same bytes to as many streams,
// and does nothing else. AddNode returns at once; another thread then writes to
// all streams, one after the other.
//
// usage: bare_watch_server BYTES   (of a message; prints "bare HOST:PORT")
#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "clockwise/v1/placement.grpc.pb.h"
#include "tests/support/loopback_server.h"

namespace {

using clockwise::v1::PlacementService;

class Server final : public PlacementService::WithRawCallbackMethod_Watch<
                         PlacementService::WithRawCallbackMethod_AddNode<
                             PlacementService::Service>> {
 public:
  explicit Server(size_t bytes) : writer_([this] { Write(); }) {
    const grpc::Slice slice(std::string(bytes, '\0'));
    message_ = grpc::ByteBuffer(&slice, 1);
  }

  grpc::ServerWriteReactor<grpc::ByteBuffer>* Watch(
      grpc::CallbackServerContext*, const grpc::ByteBuffer*) override {
    auto* stream = new Stream(*this);
    {
      std::lock_guard lock(mu_);
      streams_.insert(stream);
    }
    stream->Send(message_);
    return stream;
  }

  grpc::ServerUnaryReactor* AddNode(grpc::CallbackServerContext* context,
                                    const grpc::ByteBuffer*,
                                    grpc::ByteBuffer* response) override {
    const grpc::Slice none("");
    *response = grpc::ByteBuffer(&none, 1);
    {
      std::lock_guard lock(mu_);
      changed_ = true;
    }
    wake_.notify_one();
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

 private:
  class Stream final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
   public:
    explicit Stream(Server& server) : server_(server) {}
    void Send(const grpc::ByteBuffer& message) {
      in_flight_ = message;  // shares the bytes
      StartWrite(&in_flight_);
    }
    void OnCancel() override { Finish(grpc::Status::CANCELLED); }
    void OnDone() override {
      {
        std::lock_guard lock(server_.mu_);
        server_.streams_.erase(this);
      }
      delete this;
    }

   private:
    Server& server_;
    grpc::ByteBuffer in_flight_;
  };

  void Write() {
    std::unique_lock lock(mu_);
    while (true) {
      wake_.wait(lock, [this] { return changed_; });
      changed_ = false;
      for (Stream* stream : streams_) stream->Send(message_);
    }
  }

  grpc::ByteBuffer message_;
  std::mutex mu_;
  std::condition_variable wake_;
  bool changed_ = false;
  std::set<Stream*> streams_;
  std::thread writer_;
};

}  // namespace

int main(int argc, char** argv) {
  Server service(argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 100);
  clockwise::LoopbackServer server(service);
  std::printf("bare %s\n", server.address().c_str());
  std::fflush(stdout);
  server.Wait();
}
