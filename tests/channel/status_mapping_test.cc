#include "service/channel/status_mapping.h"

#include "gtest/gtest.h"
#include "service/api/refusal.h"

namespace clockwise {
namespace {

TEST(StatusMappingTest, ARefusalSurvivesTheWireWithAllPayloads) {
  const absl::Status sent = WithRetryDelay(FieldRefusal("node.weight", "is 0"),
                                           std::chrono::milliseconds(1'250));
  const absl::Status received = FromGrpc(ToGrpc(sent));
  EXPECT_EQ(received, sent);
  EXPECT_EQ(ReasonOf(received), v1::ERROR_REASON_FIELD_INVALID);
  EXPECT_EQ(FieldOf(received), "node.weight");
  EXPECT_EQ(RetryDelayOf(received), absl::Milliseconds(1'250));
}

TEST(StatusMappingTest, OkStaysOk) {
  EXPECT_TRUE(ToGrpc(absl::OkStatus()).ok());
  EXPECT_TRUE(FromGrpc(grpc::Status::OK).ok());
}

TEST(StatusMappingTest, AStatusWithoutDetailsHasNoPayload) {
  const absl::Status status =
      FromGrpc({grpc::StatusCode::UNAVAILABLE, "Socket closed"});
  EXPECT_EQ(status, absl::UnavailableError("Socket closed"));
  EXPECT_EQ(RetryDelayOf(status), absl::ZeroDuration());
}

TEST(StatusMappingTest, DetailsOfAnotherFormAreDropped) {
  const absl::Status status =
      FromGrpc({grpc::StatusCode::INTERNAL, "cut", "\xff\xff no message"});
  EXPECT_EQ(status, absl::InternalError("cut"));
}

TEST(StatusMappingTest, ANegativeRetryDelayIsNone) {
  EXPECT_EQ(RetryDelayOf(WithRetryDelay(absl::UnavailableError("x"),
                                        std::chrono::milliseconds(-5'000))),
            absl::ZeroDuration());
}

}  // namespace
}  // namespace clockwise
