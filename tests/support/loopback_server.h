// Serves a gRPC service on a free loopback port until it is destroyed, which
// ends running calls.
#ifndef CLOCKWISE_TESTS_SUPPORT_LOOPBACK_SERVER_H_
#define CLOCKWISE_TESTS_SUPPORT_LOOPBACK_SERVER_H_

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <string>

namespace clockwise {

class LoopbackServer {
 public:
  // `service` must outlive it.
  explicit LoopbackServer(grpc::Service& service) {
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                             &port);
    builder.RegisterService(&service);
    server_ = builder.BuildAndStart();
    address_ = "127.0.0.1:" + std::to_string(port);
  }
  ~LoopbackServer() { server_->Shutdown(std::chrono::system_clock::now()); }
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  const std::string& address() const { return address_; }
  void Wait() { server_->Wait(); }

 private:
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_SUPPORT_LOOPBACK_SERVER_H_
