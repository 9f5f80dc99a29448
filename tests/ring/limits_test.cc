// The size of a ring: at, below and above each bound of limits.h.
#include "service/limits.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "service/ring/ring.h"
#include "tests/support/refusal_reading.h"
#include "tests/support/ring_builders.h"

namespace clockwise {
namespace {

constexpr uint32_t kMebi = 1024 * 1024;

// Returns nodes in sorted order.
NodeList ManyNodes(size_t count) {
  NodeList nodes;
  nodes.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    nodes.push_back(std::make_shared<const v1::Node>(
        NewNode("n" + std::to_string(1'000'000 + i))));
  }
  return nodes;
}

void ExpectLimitReached(const v1::RingSpec& spec, NodeList nodes,
                        const std::string& bound) {
  const absl::Status status = Ring::Build(spec, std::move(nodes)).status();
  ExpectRefusal(status, absl::StatusCode::kResourceExhausted,
                v1::ERROR_REASON_LIMIT_REACHED);
  std::string digits(status.message());
  digits.erase(std::remove(digits.begin(), digits.end(), ','), digits.end());
  EXPECT_NE(digits.find(bound), std::string::npos) << status;
}

// The limits that proto/README.md states.
TEST(LimitsTest, AreThoseOfTheContract) {
  EXPECT_EQ(limits::kMaxNodes, 100'000u);
  EXPECT_EQ(limits::kMaxPoints, 16u * kMebi);
  EXPECT_EQ(limits::kMaxRings, 1000u);
  EXPECT_EQ(limits::kMaxIdBytes, 253u);
  EXPECT_EQ(limits::kMaxKeyBytes, 65'536u);
  EXPECT_EQ(limits::kMaxBatchKeys, 10'000u);
  EXPECT_EQ(limits::kMaxReplicas, 64u);
  EXPECT_EQ(limits::kMaxWeight, 65'535u);
  EXPECT_EQ(limits::kMaxLabels, 64u);
  EXPECT_EQ(limits::kMaxLabelBytes, 4096u);
  EXPECT_GE(limits::kHistoryChanges, 1000u);
}

TEST(LimitsTest, ARingHasAtMost100000Nodes) {
  for (const v1::RingSpec& spec : {HashedSpec(1), ModuloSpec()}) {
    for (size_t count : {99'999, 100'000}) {
      const absl::StatusOr<RingPtr> ring = Ring::Build(spec, ManyNodes(count));
      ASSERT_TRUE(ring.ok()) << ring.status();
      EXPECT_EQ((*ring)->nodes().size(), count);
    }
    ExpectLimitReached(spec, ManyNodes(100'001), "100000");
  }
}

// 256 × 65,536 points are exactly the bound.
TEST(LimitsTest, ARingHasAtMost16MebiPoints) {
  const absl::StatusOr<RingPtr> ring =
      Ring::Build(HashedSpec(65'536), ListOf({NewNode("a", 256)}));
  ASSERT_TRUE(ring.ok()) << ring.status();
  EXPECT_EQ((*ring)->slots(), 16u * kMebi);
  ExpectLimitReached(HashedSpec(65'536), ListOf({NewNode("a", 257)}),
                     "16777216");
}

// 256 nodes of 65,535 points and one of 256 are exactly the bound.
TEST(LimitsTest, OnePointTooManyIsTooMany) {
  Nodes nodes;
  for (int i = 0; i < 256; ++i) {
    nodes.push_back(NewNode("n" + std::to_string(i), 65'535));
  }
  nodes.push_back(NewNode("one-more", 257));
  ExpectLimitReached(HashedSpec(1), ListOf(nodes), "16777216");
}

// 100,000 nodes of 65,535 × 65,536 points: 2^48.6, which must not overflow.
TEST(LimitsTest, TheSumOfPointsDoesNotOverflow) {
  NodeList nodes;
  for (size_t i = 0; i < 100'000; ++i) {
    nodes.push_back(std::make_shared<const v1::Node>(
        NewNode("n" + std::to_string(1'000'000 + i), 65'535)));
  }
  ExpectLimitReached(HashedSpec(65'536), std::move(nodes), "16777216");
  ExpectLimitReached(HashedSpec(65'536), ListOf({NewNode("a", 65'535)}),
                     "16777216");
  ExpectLimitReached(HashedSpec(65'536),
                     ListOf({NewNode("a", 65'535), NewNode("b", 1)}),
                     "16777216");
}

// MODULO has one slot per node, whatever the weight.
TEST(LimitsTest, WeightsDoNotCountWhereThereAreNoPoints) {
  Nodes nodes;
  for (int i = 0; i < 300; ++i) {
    nodes.push_back(NewNode("n" + std::to_string(i), 65'535));
  }
  EXPECT_EQ(NewRing(ModuloSpec(), nodes)->slots(), 300u);
}

}  // namespace
}  // namespace clockwise
