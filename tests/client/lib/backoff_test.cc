#include "client/lib/backoff.h"

#include "gtest/gtest.h"

namespace clockwise::client {
namespace {

TEST(BackoffTest, WaitsDoubleUpToTheLongestWithJitterThatOnlyShortens) {
  Backoff backoff(absl::Seconds(1), absl::Seconds(3));
  EXPECT_EQ(backoff.Next(0), absl::Seconds(1));
  EXPECT_EQ(backoff.Next(1), absl::Seconds(1));  // half of 2
  EXPECT_EQ(backoff.Next(0), absl::Seconds(3));
  EXPECT_EQ(backoff.Next(0), absl::Seconds(3));
  backoff.Reset();
  EXPECT_EQ(backoff.Next(0), absl::Seconds(1));
}

}  // namespace
}  // namespace clockwise::client
