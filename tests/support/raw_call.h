// Calls a method by its name with the bytes of a request.
#ifndef CLOCKWISE_TESTS_SUPPORT_RAW_CALL_H_
#define CLOCKWISE_TESTS_SUPPORT_RAW_CALL_H_

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <string>

#include "clockwise/v1/placement.pb.h"

namespace clockwise {

struct RawAnswer {
  grpc::Status status;
  bool answered = false;  // a message was received
  std::string message;    // the first one
};

// Sends one message to `method` and waits for the end of the call, for at most
// `deadline`. A stream of
// responses is cancelled after its first message; its status is then OK.
inline RawAnswer RawCall(
    const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
    const std::string& bytes,
    std::chrono::seconds deadline = std::chrono::seconds(20)) {
  const google::protobuf::MethodDescriptor* described =
      google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(
          "clockwise.v1.PlacementService." + method);
  const bool endless = described != nullptr && described->server_streaming() &&
                       !described->client_streaming();
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + deadline);
  grpc::CompletionQueue queue;
  const auto call = stub.PrepareCall(
      &context, "/clockwise.v1.PlacementService/" + method, &queue);
  const auto next = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  call->StartCall(nullptr);
  next();
  const grpc::Slice slice(bytes);
  call->WriteLast(grpc::ByteBuffer(&slice, 1), grpc::WriteOptions(), nullptr);
  next();
  RawAnswer answer;
  grpc::ByteBuffer received;
  call->Read(&received, nullptr);
  answer.answered = next();
  if (answer.answered) {
    grpc::Slice message;
    if (received.DumpToSingleSlice(&message).ok()) {
      answer.message.assign(reinterpret_cast<const char*>(message.begin()),
                            message.size());
    }
    if (endless) context.TryCancel();
  }
  call->Finish(&answer.status, nullptr);
  next();
  if (answer.answered && endless) answer.status = grpc::Status::OK;
  return answer;
}

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_SUPPORT_RAW_CALL_H_
