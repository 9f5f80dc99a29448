// The bounds of a ring's spec and name: at, below and above each.
#include <cstdint>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/api/validate.h"
#include "service/limits.h"
#include "service/ring/layout.h"
#include "service/ring/layout_settings.h"
#include "tests/support/refusal_reading.h"
#include "tests/support/ring_builders.h"

namespace clockwise {
namespace {

absl::Status Checked(const v1::RingSpec& spec) {
  return NormalizeSpec(spec).status();
}

TEST(ValidateSpecTest, AnEmptySpecIsTheDefaultRing) {
  const v1::RingSpec spec = NormalizeSpec({}).value();
  EXPECT_EQ(spec.name(), "default");
  EXPECT_EQ(spec.layout(), v1::LAYOUT_HASHED);
  EXPECT_EQ(spec.virtual_node_count(), 160u);
  EXPECT_EQ(spec.partition_bits(), 0u);
  EXPECT_EQ(spec.replica_count(), 1u);
}

TEST(ValidateSpecTest, NormalizingTwiceChangesNothing) {
  for (v1::RingSpec spec : {HashedSpec(7, 3), ModuloSpec(2), v1::RingSpec()}) {
    const v1::RingSpec once = NormalizeSpec(spec).value();
    EXPECT_EQ(NormalizeSpec(once).value().SerializeAsString(),
              once.SerializeAsString());
  }
}

TEST(ValidateSpecTest, TheNameIsLikeANodesId) {
  v1::RingSpec spec = HashedSpec(1);
  for (const std::string& name :
       {std::string("a"), std::string(253, 'r'), std::string("team/cache:1")}) {
    spec.set_name(name);
    EXPECT_EQ(NormalizeSpec(spec).value().name(), name);
    EXPECT_EQ(RingName(name).value(), name);
  }
  for (const std::string& name :
       {std::string(254, 'r'), std::string("a b"), std::string("a\0", 2),
        std::string("-a"), std::string("\xc3\xa9")}) {
    spec.set_name(name);
    ExpectFieldRefusal(Checked(spec), "spec.name");
    ExpectFieldRefusal(RingName(name).status(), "ring");
  }
}

TEST(ValidateSpecTest, NoRingNamedMeansTheDefaultRing) {
  EXPECT_EQ(RingName("").value(), "default");
}

TEST(ValidateSpecTest, VirtualNodesAreOneTo65536AndZeroIs160) {
  for (uint32_t count : {1u, 2u, 65'535u, 65'536u}) {
    EXPECT_EQ(NormalizeSpec(HashedSpec(count)).value().virtual_node_count(),
              count);
  }
  EXPECT_EQ(NormalizeSpec(HashedSpec(0)).value().virtual_node_count(), 160u);
  for (uint32_t count : {65'537u, ~0u}) {
    ExpectFieldRefusal(Checked(HashedSpec(count)), "spec.virtual_node_count",
                       "65536");
  }
}

TEST(ValidateSpecTest, ReplicasAreOneTo64AndZeroIsOne) {
  for (uint32_t count : {1u, 2u, 63u, 64u}) {
    EXPECT_EQ(NormalizeSpec(HashedSpec(1, count)).value().replica_count(),
              count);
    EXPECT_EQ(NormalizeSpec(ModuloSpec(count)).value().replica_count(), count);
  }
  EXPECT_EQ(NormalizeSpec(HashedSpec(1, 0)).value().replica_count(), 1u);
  for (uint32_t count : {65u, ~0u}) {
    ExpectFieldRefusal(Checked(HashedSpec(1, count)), "spec.replica_count",
                       "64");
    ExpectFieldRefusal(Checked(ModuloSpec(count)), "spec.replica_count", "64");
  }
}

TEST(ValidateSpecTest, WhatTheLayoutDoesNotUseBecomesZero) {
  v1::RingSpec modulo = ModuloSpec(2);
  modulo.set_virtual_node_count(7);
  modulo.set_partition_bits(9);
  EXPECT_EQ(NormalizeSpec(modulo).value().virtual_node_count(), 0u);
  EXPECT_EQ(NormalizeSpec(modulo).value().partition_bits(), 0u);
  v1::RingSpec hashed = HashedSpec(7);
  hashed.set_partition_bits(9);
  EXPECT_EQ(NormalizeSpec(hashed).value().partition_bits(), 0u);
  EXPECT_EQ(NormalizeSpec(hashed).value().virtual_node_count(), 7u);
}

TEST(ValidateSpecTest, ALayoutThatThisBuildLacksIsUnsupported) {
  for (int value : {1, 2, 3, 4, 99, 1 << 30, -1}) {
    v1::RingSpec spec;
    spec.set_layout(static_cast<v1::Layout>(value));
    if (FindLayout(spec.layout()) != nullptr) {
      EXPECT_TRUE(Checked(spec).ok()) << value;
    } else {
      ExpectRefusal(Checked(spec), absl::StatusCode::kInvalidArgument,
                    v1::ERROR_REASON_LAYOUT_UNSUPPORTED);
    }
  }
  ExpectRefusal(ParseLayout("circle").status(),
                absl::StatusCode::kInvalidArgument,
                v1::ERROR_REASON_LAYOUT_UNSUPPORTED);
}

}  // namespace
}  // namespace clockwise
