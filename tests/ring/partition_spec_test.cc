// The bounds and defaults of a PARTITIONED ring's spec: at, below and above
// each.
#include <cstdint>

#include "gtest/gtest.h"
#include "service/ring/layout_settings.h"
#include "tests/ring/partition_history.h"
#include "tests/support/refusal_reading.h"

namespace clockwise {
namespace {

absl::Status Checked(const v1::RingSpec& spec) {
  return NormalizeSpec(spec).status();
}

TEST(PartitionSpecTest, NothingSaidIs65536PartitionsOfThreeOwners) {
  v1::RingSpec spec = PartitionedSpec(0, 0);
  spec.set_virtual_node_count(7);
  const v1::RingSpec normal = NormalizeSpec(spec).value();
  EXPECT_EQ(normal.layout(), v1::LAYOUT_PARTITIONED);
  EXPECT_EQ(normal.partition_bits(), 16u);
  EXPECT_EQ(normal.replica_count(), 3u);
  EXPECT_EQ(normal.virtual_node_count(), 0u);
  EXPECT_EQ(NormalizeSpec(normal).value().SerializeAsString(),
            normal.SerializeAsString());
}

TEST(PartitionSpecTest, PartitionBitsAreFourTo20) {
  for (uint32_t bits = 4; bits <= 20; ++bits) {
    EXPECT_EQ(NormalizeSpec(PartitionedSpec(bits, 1)).value().partition_bits(),
              bits);
  }
  for (const uint32_t bits : {1u, 2u, 3u, 21u, 64u, ~0u}) {
    ExpectFieldRefusal(Checked(PartitionedSpec(bits, 1)), "spec.partition_bits",
                       "20");
  }
}

TEST(PartitionSpecTest, ReplicasAreOneToEight) {
  for (uint32_t replicas = 1; replicas <= 8; ++replicas) {
    EXPECT_EQ(
        NormalizeSpec(PartitionedSpec(4, replicas)).value().replica_count(),
        replicas);
  }
  for (const uint32_t replicas : {9u, 64u, ~0u}) {
    ExpectFieldRefusal(Checked(PartitionedSpec(4, replicas)),
                       "spec.replica_count", "8");
  }
}

}  // namespace
}  // namespace clockwise
