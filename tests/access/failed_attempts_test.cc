#include "service/access/failed_attempts.h"

#include <string>

#include "gtest/gtest.h"
#include "service/limits.h"

namespace clockwise {
namespace {

constexpr FailedAttempts::Time kStart{};

TEST(FailedAttemptsTest, APeerIsBlockedUntilItsMinuteIsOver) {
  FailedAttempts failed;
  for (uint32_t i = 0; i < limits::kMaxFailedAttempts; ++i) {
    EXPECT_FALSE(failed.Blocked("a", kStart));
    failed.Count("a", kStart + std::chrono::seconds(i));
  }
  EXPECT_TRUE(failed.Blocked("a", kStart + std::chrono::seconds(59)));
  EXPECT_FALSE(failed.Blocked("b", kStart));
  EXPECT_FALSE(failed.Blocked("a", kStart + std::chrono::seconds(60)));
  failed.Count("a", kStart + std::chrono::seconds(60));
  EXPECT_FALSE(failed.Blocked("a", kStart + std::chrono::seconds(61)));
}

TEST(FailedAttemptsTest, NoMorePeersAreRememberedThanTheBoundSays) {
  FailedAttempts failed;
  for (uint32_t i = 0; i < limits::kMaxFailedAttempts; ++i) {
    failed.Count("first", kStart);
  }
  for (size_t i = 0; i < limits::kMaxBlockedPeers - 1; ++i) {
    failed.Count("p" + std::to_string(i), kStart);
  }
  EXPECT_TRUE(failed.Blocked("first", kStart));
  failed.Count("one more", kStart);
  EXPECT_FALSE(failed.Blocked("first", kStart));
}

TEST(FailedAttemptsTest, APeersPortIsNotItsMachine) {
  EXPECT_EQ(MachineOf("ipv4:10.0.0.1:5123"), "ipv4:10.0.0.1");
  EXPECT_EQ(MachineOf("ipv6:[::1]:5123"), "ipv6:[::1]");
  EXPECT_EQ(MachineOf("unix:/run/socket"), "unix:/run/socket");
}

}  // namespace
}  // namespace clockwise
