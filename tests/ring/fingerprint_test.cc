// The fingerprint: literal values and its inputs.
// tests/vectors/hashed_points.py computed the values from the description in
// service/ring/fingerprint.h.
#include "service/ring/fingerprint.h"

#include <cstdint>
#include <set>
#include <string>

#include "gtest/gtest.h"
#include "tests/support/ring_builders.h"

namespace clockwise {
namespace {

uint64_t Of(const v1::RingSpec& spec, const Nodes& nodes) {
  return NewRing(spec, nodes)->fingerprint();
}

Nodes Three() {
  return {NewNode("a", 1, "x"), NewNode("b", 1, "y"), NewNode("c", 2, "x")};
}

TEST(FingerprintTest, HasTheLiteralValues) {
  EXPECT_EQ(Of(HashedSpec(2, 2), Three()), 0x68DAA89D747A545Du);
  EXPECT_EQ(Of(ModuloSpec(2), Three()), 0xD012A606F7E00476u);
  EXPECT_EQ(Of(HashedSpec(160, 1), {}), 0x4E3AB9593B9886C1u);
  EXPECT_EQ(Of(HashedSpec(2, 1), {NewNode("a", 1, "", "same"),
                                  NewNode("b", 1, "", "same"), NewNode("c")}),
            0x82A49A8C0ED7129Fu);
}

TEST(FingerprintTest, IsTheRingsOwn) {
  const RingPtr ring = NewRing(HashedSpec(8, 2), Three());
  EXPECT_EQ(Fingerprint(*ring), ring->fingerprint());
}

TEST(FingerprintTest, IsEqualInAnotherInsertionOrder) {
  const Nodes three = Three();
  const Nodes turned = {three[2], three[0], three[1]};
  EXPECT_EQ(Of(HashedSpec(8), turned), Of(HashedSpec(8), three));
  EXPECT_EQ(Of(ModuloSpec(), turned), Of(ModuloSpec(), three));
}

TEST(FingerprintTest, IsEqualUnderAnotherRingName) {
  v1::RingSpec named = HashedSpec(8);
  named.set_name("sessions");
  EXPECT_EQ(Of(named, Three()), Of(HashedSpec(8), Three()));
}

TEST(FingerprintTest, IsEqualAtOtherAddressesAndWithOtherLabels) {
  Nodes other = Three();
  other[0].set_address("10.1.2.3:7000");
  (*other[1].mutable_labels())["rack"] = "9";
  EXPECT_EQ(Of(HashedSpec(8), other), Of(HashedSpec(8), Three()));
}

TEST(FingerprintTest, IsEqualWithOtherOrdinals) {
  Nodes other = Three();
  other[0].set_ordinal(17);
  EXPECT_EQ(Of(HashedSpec(8), other), Of(HashedSpec(8), Three()));
  EXPECT_EQ(Of(ModuloSpec(), other), Of(ModuloSpec(), Three()));
}

TEST(FingerprintTest, DiffersInAllThatPlacementDependsOn) {
  const v1::RingSpec spec = HashedSpec(8, 2);
  std::set<uint64_t> seen = {Of(spec, Three())};
  const auto expect_new = [&](const v1::RingSpec& other_spec,
                              const Nodes& nodes, const char* what) {
    EXPECT_TRUE(seen.insert(Of(other_spec, nodes)).second) << what;
  };
  Nodes other = Three();
  other[1].set_weight(2);
  expect_new(spec, other, "weight");
  other = Three();
  other[1].set_zone("z");
  expect_new(spec, other, "zone");
  other = Three();
  other[1].set_hash_key("B");
  expect_new(spec, other, "hash_key");
  other = Three();
  other[1].set_id("bb");  // hash_key stays "b": the points are equal
  expect_new(spec, other, "id");
  expect_new(HashedSpec(9, 2), Three(), "virtual_nodes");
  expect_new(HashedSpec(8, 3), Three(), "replicas");
  expect_new(ModuloSpec(2), Three(), "layout");
  other = Three();
  other.pop_back();
  expect_new(spec, other, "a node less");
  expect_new(spec, {}, "no nodes");
  expect_new(HashedSpec(9, 2), {}, "no nodes, virtual_nodes");
  expect_new(ModuloSpec(2), {}, "no nodes, layout");
}

// Texts include their length, so a different split has another fingerprint.
TEST(FingerprintTest, DoesNotRunTextsTogether) {
  EXPECT_NE(Of(ModuloSpec(), {NewNode("ab", 1, "", "c")}),
            Of(ModuloSpec(), {NewNode("a", 1, "", "bc")}));
  EXPECT_NE(Of(ModuloSpec(), {NewNode("a", 1, "bc"), NewNode("d")}),
            Of(ModuloSpec(), {NewNode("a", 1, "b"), NewNode("cd")}));
}

TEST(FingerprintTest, NeverCollidesOverThousandsOfRings) {
  std::set<uint64_t> seen;
  for (uint32_t i = 0; i < 2000; ++i) {
    Nodes nodes = NewNodes(3);
    nodes[i % 3].set_zone(std::to_string(i));
    EXPECT_TRUE(seen.insert(Of(HashedSpec(1), nodes)).second);
  }
}

}  // namespace
}  // namespace clockwise
