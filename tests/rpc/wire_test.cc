// Tests invalid requests: random bytes on every method.
#include "service/rpc/wire.h"

#include <random>

#include "tests/support/raw_call.h"
#include "tests/support/serving.h"

namespace clockwise {
namespace {

class WireTest : public Serving {
 protected:
  grpc::Status Send(const std::string& method, const std::string& bytes,
                    std::chrono::seconds deadline = std::chrono::seconds(20)) {
    return RawCall(channel_, method, bytes, deadline).status;
  }
};

TEST_F(WireTest, GarbageIsInvalidArgumentOnEveryMethod) {
  for (const MethodRow& method : kMethods) {
    const grpc::Status status = Send(method.name, "\x0a\xff\xff\xff\xff");
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT)
        << method.name;
    EXPECT_EQ(ReasonOf(status), "MALFORMED_REQUEST") << method.name;
    EXPECT_NE(status.error_message(), "") << method.name;
  }
}

TEST_F(WireTest, ATextThatIsNotUtf8IsInvalidArgument) {
  for (const MethodRow& method : kMethods) {
    const google::protobuf::FieldDescriptor* const field =
        google::protobuf::DescriptorPool::generated_pool()
            ->FindMethodByName("clockwise.v1.PlacementService." +
                               std::string(method.name))
            ->input_type()
            ->FindFieldByNumber(1);
    if (field == nullptr ||
        field->type() != google::protobuf::FieldDescriptor::TYPE_STRING) {
      continue;  // field 1 is not text
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
      // Small numbers are likelier to be tags and lengths.
      byte = static_cast<char>(random() % 3 ? random() % 64 : random());
    }
    const MethodRow& method = kMethods[random() % kMethods.size()];
    // A call that waits for an epoch ends at its deadline.
    const grpc::StatusCode code =
        Send(method.name, bytes, std::chrono::seconds(2)).error_code();
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

// gRPC passes such a buffer if a stream is reset after its headers.
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
