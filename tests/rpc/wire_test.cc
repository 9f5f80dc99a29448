// What is no message at all: garbage bytes on every method.
#include "service/rpc/wire.h"

#include <grpcpp/generic/generic_stub.h>

#include <random>

#include "tests/rpc/serving.h"

namespace clockwise {
namespace {

class WireTest : public Serving {
 protected:
  // Sends `bytes` to a method, and returns how it ends. For Watch, at the
  // latest when the first message has come.
  grpc::Status Send(const std::string& method, const std::string& bytes) {
    grpc::GenericStub stub(channel_);
    grpc::ClientContext context;
    SetDeadline(context);
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
    grpc::Slice slice(bytes);
    call->WriteLast(grpc::ByteBuffer(&slice, 1), grpc::WriteOptions(), nullptr);
    next();
    grpc::ByteBuffer answer;
    call->Read(&answer, nullptr);
    const bool answered = next();
    if (answered && method == "Watch") context.TryCancel();
    grpc::Status status;
    call->Finish(&status, nullptr);
    next();
    if (answered && method == "Watch") return grpc::Status::OK;
    return status;
  }
};

TEST_F(WireTest, GarbageIsInvalidArgumentOnEveryMethod) {
  for (const MethodName& method : kMethods) {
    const grpc::Status status = Send(method.name, "\x0a\xff\xff\xff\xff");
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT)
        << method.name;
    EXPECT_EQ(ReasonOf(status), "MALFORMED_REQUEST") << method.name;
    EXPECT_NE(status.error_message(), "") << method.name;
  }
}

TEST_F(WireTest, ATextThatIsNotUtf8IsInvalidArgument) {
  for (const MethodName& method : kMethods) {
    if (std::string(method.name) == "ListRings" ||
        std::string(method.name) == "GetStatus" ||
        std::string(method.name) == "CreateRing") {
      continue;  // field 1 is no text
    }
    const grpc::Status status = Send(method.name, "\x0a\x02\xc3\x28");
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT)
        << method.name;
    EXPECT_EQ(ReasonOf(status), "MALFORMED_REQUEST") << method.name;
  }
}

TEST_F(WireTest, NoBytesGetUnknownOrInternal) {
  std::mt19937_64 random(20261123);
  for (int i = 0; i < 1500; ++i) {
    std::string bytes(random() % 40, '\0');
    for (char& byte : bytes) {
      // Small numbers are more often tags and lengths.
      byte = static_cast<char>(random() % 3 ? random() % 64 : random());
    }
    const MethodName& method = kMethods[random() % kMethods.size()];
    const grpc::StatusCode code = Send(method.name, bytes).error_code();
    EXPECT_NE(code, grpc::StatusCode::UNKNOWN) << method.name;
    EXPECT_NE(code, grpc::StatusCode::INTERNAL) << method.name;
    EXPECT_NE(code, grpc::StatusCode::UNIMPLEMENTED) << method.name;
  }
}

TEST_F(WireTest, WhatIsStartedIsHandled) {
  Add("n1");
  Send("Locate", "\x0a\xff");
  Send("Watch", "\x0a\xff");
  Send("Watch", "");
  server_->Drain(std::chrono::seconds(5));
  for (size_t i = 0; i < kMethods.size(); ++i) {
    uint64_t handled = 0;
    for (size_t code = 0; code < kStatusCodes; ++code) {
      handled += stats_.methods[i].handled(code);
    }
    EXPECT_EQ(handled, stats_.methods[i].started()) << kMethods[i].name;
  }
  EXPECT_EQ(
      stats_.Of(Method::kLocate).handled(grpc::StatusCode::INVALID_ARGUMENT),
      1u);
}

// What gRPC hands over for a stream that is reset behind its headers.
TEST(ByteBufferTest, AMessageThatNeverCameIsCancelledAndNotTheEmptyOne) {
  const grpc::ByteBuffer nothing;
  EXPECT_EQ(ToSlice(nothing).size(), 0u);
  v1::ListRingsRequest request;
  EXPECT_EQ(ParseRequest(nothing, request).code(),
            absl::StatusCode::kCancelled);
  const grpc::Slice empty;
  EXPECT_TRUE(ParseRequest(grpc::ByteBuffer(&empty, 1), request).ok());
}

}  // namespace
}  // namespace clockwise
