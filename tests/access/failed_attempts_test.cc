#include "service/access/failed_attempts.h"

#include <string>
#include <utility>

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

TEST(FailedAttemptsTest, AddressesOfOneNetworkCountAsOne) {
  const std::pair<const char*, const char*> expected[] = {
      {"ipv4:10.0.0.1:5123", "ipv4:10.0.0.1"},
      {"ipv4:127.0.0.1:5123", "loopback"},
      {"ipv4:127.3.2.1:5123", "loopback"},
      {"ipv6:[::1]:5123", "loopback"},
      {"ipv6:%5B::1%5D:5123", "loopback"},
      {"ipv6:[2001:db8:1:2:3:4:5:6]:5123", "ipv6:2001:db8:1:2::/64"},
      {"ipv6:%5B2001:db8:1:2:ffff::6%5D:5123", "ipv6:2001:db8:1:2::/64"},
      {"ipv6:[2001:db8:1:3::6]:5123", "ipv6:2001:db8:1:3::/64"},
      {"ipv6:[fe80::1%25eth0]:5123", "ipv6:fe80::/64"},
      {"ipv6:[::ffff:10.0.0.1]:5123", "ipv4:10.0.0.1"},
      {"ipv6:[::ffff:127.0.0.7]:5123", "loopback"},
      {"unix:/run/socket", "unix:/run/socket"},
      {"ipv6:odd", "ipv6:odd"}};
  for (const auto& [peer, network] : expected) {
    EXPECT_EQ(NetworkOf(peer), network) << peer;
  }
}

}  // namespace
}  // namespace clockwise
