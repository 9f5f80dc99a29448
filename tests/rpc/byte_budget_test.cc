#include "service/rpc/byte_budget.h"

#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "service/limits.h"
#include "tests/support/refusal_reading.h"

namespace clockwise {
namespace {

constexpr size_t kMiB = 1 << 20;

class ByteBudgetTest : public ::testing::Test {
 protected:
  // Keeps the memory until the end of the test.
  bool Takes(const std::string& peer, size_t bytes) {
    auto lease = budget_.Take(peer, bytes);
    if (!lease.ok()) {
      EXPECT_EQ(ReasonOf(lease.status()), v1::ERROR_REASON_OVERLOADED);
      return false;
    }
    held_.push_back(*std::move(lease));
    return true;
  }

  uint64_t Rejected() const {
    return stats_.reached[static_cast<size_t>(Limit::kPendingBytes)];
  }

  RpcStats stats_;
  ByteBudget budget_{10 * kMiB, stats_};
  std::vector<ByteBudget::Lease> held_;
};

TEST_F(ByteBudgetTest, AClientHasHalfOfIt) {
  EXPECT_TRUE(Takes("a", 3 * kMiB));
  EXPECT_TRUE(Takes("a", 2 * kMiB));
  EXPECT_FALSE(Takes("a", kMiB));
  EXPECT_TRUE(Takes("b", 5 * kMiB));
  EXPECT_FALSE(Takes("c", kMiB));
  EXPECT_EQ(Rejected(), 2u);
  EXPECT_EQ(stats_.pending_bytes, 10 * kMiB);
  held_.clear();
  EXPECT_EQ(stats_.pending_bytes, 0u);
  EXPECT_TRUE(Takes("a", 5 * kMiB));
}

TEST_F(ByteBudgetTest, OneMessageMayBeLargerIfNoOtherIsHeld) {
  EXPECT_TRUE(Takes("a", 100 * kMiB));
  EXPECT_FALSE(Takes("b", kMiB));
  held_.clear();
  EXPECT_TRUE(Takes("b", kMiB));
  EXPECT_FALSE(Takes("a", 100 * kMiB));
}

TEST_F(ByteBudgetTest, SmallMessagesAreNotCounted) {
  EXPECT_TRUE(Takes("a", limits::kSmallBytes));
  EXPECT_EQ(stats_.pending_bytes, 0u);
  EXPECT_TRUE(Takes("a", limits::kSmallBytes + 1));
  EXPECT_EQ(stats_.pending_bytes, limits::kSmallBytes + 1);
}

}  // namespace
}  // namespace clockwise
