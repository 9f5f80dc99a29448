// Tests the bounds of a node's fields: at, below and above each bound.
#include <cstdint>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/api/validate.h"
#include "service/limits.h"
#include "tests/support/refusal_reading.h"
#include "tests/support/ring_builders.h"

namespace clockwise {
namespace {

v1::Node Bare(const std::string& id = "a") {
  v1::Node node;
  node.set_id(id);
  return node;
}

absl::Status Checked(const v1::Node& node) {
  return NormalizeNode(node).status();
}

bool MayBeginAnId(int c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
         (c >= 'a' && c <= 'z');
}

bool MayFollowInAnId(int c) {
  return MayBeginAnId(c) || c == '.' || c == '_' || c == '-' || c == ':' ||
         c == '/';
}

TEST(ValidateIdTest, HasOneTo253Bytes) {
  ExpectFieldRefusal(ValidateId("node.id", ""), "node.id");
  EXPECT_TRUE(ValidateId("node.id", "a").ok());
  EXPECT_TRUE(ValidateId("node.id", std::string(252, 'a')).ok());
  EXPECT_TRUE(ValidateId("node.id", std::string(253, 'a')).ok());
  ExpectFieldRefusal(ValidateId("node.id", std::string(254, 'a')), "node.id",
                     "253");
  ExpectFieldRefusal(ValidateId("node.id", std::string(1 << 20, 'a')),
                     "node.id", "253");
}

TEST(ValidateIdTest, BeginsWithALetterOrADigit) {
  for (int c = 0; c < 256; ++c) {
    const absl::Status status =
        ValidateId("node.id", std::string(1, static_cast<char>(c)) + "x");
    EXPECT_EQ(status.ok(), MayBeginAnId(c)) << c;
    if (!status.ok()) ExpectFieldRefusal(status, "node.id");
  }
}

TEST(ValidateIdTest, GoesOnWithLettersDigitsAndFiveSigns) {
  for (int c = 0; c < 256; ++c) {
    const std::string sign(1, static_cast<char>(c));
    for (const std::string& id : {"x" + sign + "x", "x" + sign}) {
      const absl::Status status = ValidateId("node.id", id);
      EXPECT_EQ(status.ok(), MayFollowInAnId(c)) << c;
      if (!status.ok()) ExpectFieldRefusal(status, "node.id");
    }
  }
}

TEST(ValidateIdTest, RefusesNulControlsAndText) {
  for (const std::string& id :
       {std::string("\0", 1), std::string("a\0", 2), std::string("a\nb"),
        std::string("n\xc3\xb6"
                    "de"),
        std::string("a b"), std::string(".a"), std::string("-"),
        std::string("\xff"), std::string("a\x7f")}) {
    ExpectFieldRefusal(ValidateId("node_id", id), "node_id");
  }
}

TEST(ValidateNodeTest, FillsInDefaults) {
  v1::Node node = Bare("node-1");
  node.set_ordinal(77);
  const v1::Node normal = NormalizeNode(node).value();
  EXPECT_EQ(normal.id(), "node-1");
  EXPECT_EQ(normal.weight(), 1u);
  EXPECT_EQ(normal.hash_key(), "node-1");
  EXPECT_EQ(normal.ordinal(), 0u);
  EXPECT_EQ(normal.zone(), "");
}

TEST(ValidateNodeTest, KeepsWhatWasSaid) {
  v1::Node node = NewNode("node-1", 65'535, "eu-1", "Some Text, not an id");
  node.set_address("[::1]:7400");
  (*node.mutable_labels())["rack"] = "7";
  EXPECT_EQ(NormalizeNode(node).value().SerializeAsString(),
            node.SerializeAsString());
}

TEST(ValidateNodeTest, ChecksTheId) {
  ExpectFieldRefusal(Checked(Bare("")), "id");
  ExpectFieldRefusal(Checked(Bare("a b")), "id");
  ExpectFieldRefusal(Checked(Bare(std::string(254, 'a'))), "id", "253");
  EXPECT_TRUE(Checked(Bare(std::string(253, 'a'))).ok());
}

TEST(ValidateNodeTest, WeightIsAtMost65535AndZeroIsOne) {
  v1::Node node = Bare();
  for (uint32_t weight : {1u, 2u, 65'534u, 65'535u}) {
    node.set_weight(weight);
    EXPECT_EQ(NormalizeNode(node).value().weight(), weight);
  }
  for (uint32_t weight : {65'536u, 1u << 31, ~0u}) {
    node.set_weight(weight);
    ExpectFieldRefusal(Checked(node), "weight", "65535");
    EXPECT_THAT(std::string(Checked(node).message()),
                ::testing::HasSubstr(std::to_string(weight)));
  }
}

TEST(ValidateNodeTest, ZoneIsAtMost253Bytes) {
  v1::Node node = Bare();
  for (size_t size : {0, 1, 252, 253}) {
    node.set_zone(std::string(size, 'z'));
    EXPECT_TRUE(Checked(node).ok()) << size;
  }
  node.set_zone(std::string(254, 'z'));
  ExpectFieldRefusal(Checked(node), "zone", "253");
}

TEST(ValidateNodeTest, AddressIsAtMost512Bytes) {
  v1::Node node = Bare();
  for (size_t size : {0, 1, 511, 512}) {
    node.set_address(std::string(size, 'z'));
    EXPECT_TRUE(Checked(node).ok()) << size;
  }
  node.set_address(std::string(513, 'z'));
  ExpectFieldRefusal(Checked(node), "address", "512");
}

TEST(ValidateNodeTest, HashKeyIsAtMost253Bytes) {
  v1::Node node = Bare();
  for (size_t size : {1, 252, 253}) {
    node.set_hash_key(std::string(size, '*'));
    EXPECT_EQ(NormalizeNode(node).value().hash_key(), node.hash_key());
  }
  node.set_hash_key(std::string(254, 'z'));
  ExpectFieldRefusal(Checked(node), "hash_key", "253");
}

TEST(ValidateNodeTest, LabelsAreAtMost64) {
  v1::Node node = Bare();
  for (int i = 0; i < 64; ++i) {
    (*node.mutable_labels())[std::to_string(i)] = "v";
    EXPECT_TRUE(Checked(node).ok()) << i;
  }
  (*node.mutable_labels())["one more"] = "v";
  ExpectFieldRefusal(Checked(node), "labels", "64");
}

TEST(ValidateNodeTest, LabelsAreAtMost4096BytesInAll) {
  v1::Node node = Bare();
  (*node.mutable_labels())["1234"] = std::string(2044, 'v');
  (*node.mutable_labels())["5678"] = std::string(2043, 'v');
  EXPECT_TRUE(Checked(node).ok());
  (*node.mutable_labels())["5678"] = std::string(2044, 'v');
  EXPECT_TRUE(Checked(node).ok());
  (*node.mutable_labels())["5678"] = std::string(2045, 'v');
  ExpectFieldRefusal(Checked(node), "labels", "4096");
  node.clear_labels();
  (*node.mutable_labels())[std::string(4097, 'k')] = "";
  ExpectFieldRefusal(Checked(node), "labels", "4096");
}

TEST(ValidateNodeTest, PointsAndVnodesHaveTheirBounds) {
  v1::Node node = Bare();
  for (uint64_t i = 0; i < 16384; ++i) node.add_points(i);
  node.set_virtual_node_count(65536);
  ASSERT_TRUE(NormalizeNode(node).ok());
  node.set_virtual_node_count(65537);
  ExpectFieldRefusal(Checked(node), "virtual_node_count", "65536");
  node.set_virtual_node_count(0);
  node.add_points(1);
  ExpectFieldRefusal(Checked(node), "points", "16384");
}

}  // namespace
}  // namespace clockwise
