// MODULO: MD5(key) mod N over nodes sorted by id.
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/ring/ring.h"
#include "tests/support/from_hex.h"
#include "tests/support/ring_builders.h"

namespace clockwise {
namespace {

using ::testing::ElementsAre;

struct Vectors {
  std::vector<std::string> keys;
  Ids members;
  std::vector<size_t> owners;
};

std::string Decoded(const std::string& text) {
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      bytes += text[i];
      continue;
    }
    bytes += FromHex(text.substr(i + 1, 2));
    i += 2;
  }
  return bytes;
}

// The format is described in tests/vectors/README.md.
Vectors ReadVectors(const std::string& path) {
  Vectors vectors;
  std::ifstream file(path);
  EXPECT_TRUE(file.is_open()) << path;
  for (std::string line; std::getline(file, line);) {
    const size_t tab = line.find('\t');
    const std::string type = line.substr(0, tab);
    const std::string rest =
        tab == std::string::npos ? "" : line.substr(tab + 1);
    if (type == "key") vectors.keys.push_back(Decoded(rest));
    if (type == "member") {
      vectors.members.push_back(rest.substr(rest.find("name=") + 5));
    }
    if (type == "owners") {
      std::istringstream numbers(rest);
      for (size_t owner; numbers >> owner;) vectors.owners.push_back(owner);
    }
  }
  return vectors;
}

TEST(ModuloRingTest, PlacesTheSharedVectors) {
  const Vectors vectors =
      ReadVectors(std::string(CLOCKWISE_VECTORS) + "/md5-modulo.tsv");
  ASSERT_EQ(vectors.keys.size(), 1000u);
  ASSERT_EQ(vectors.owners.size(), 1000u);
  ASSERT_EQ(vectors.members.size(), 5u);
  Nodes nodes;
  for (const std::string& id : vectors.members) nodes.push_back(NewNode(id));
  const RingPtr ring = NewRing(ModuloSpec(), nodes);
  for (size_t i = 0; i < vectors.keys.size(); ++i) {
    ASSERT_THAT(OwnersOf(*ring, vectors.keys[i]),
                ElementsAre(vectors.members[vectors.owners[i]]))
        << "key " << i;
  }
}

// Computed by Python: int.from_bytes(hashlib.md5(b"").digest(), "big") % nodes.
TEST(ModuloRingTest, TakesTheHashAsOne128BitNumber) {
  const auto slot = [](size_t nodes, absl::string_view key) {
    const RingPtr ring = NewRing(ModuloSpec(), NewNodes(nodes));
    return ring->SlotOf(ring->Hash(key));
  };
  EXPECT_EQ(slot(7, ""), 1u);
  EXPECT_EQ(slot(10, ""), 6u);
  EXPECT_EQ(slot(1000, ""), 366u);
  EXPECT_EQ(slot(1, ""), 0u);
}

TEST(ModuloRingTest, TheLowHalfOfTheHashCounts) {
  const RingPtr ring = NewRing(ModuloSpec(), NewNodes(10));
  EXPECT_EQ(ring->SlotOf({0, 0}), 0u);
  EXPECT_EQ(ring->SlotOf({0, 13}), 3u);
  EXPECT_EQ(ring->SlotOf({1, 0}), 6u);  // 2^64 = 18446744073709551616
  EXPECT_EQ(ring->SlotOf({~uint64_t{0}, ~uint64_t{0}}), 5u);  // 2^128 - 1: …455
}

TEST(ModuloRingTest, SlotsAreTheNodesById) {
  const RingPtr ring =
      NewRing(ModuloSpec(), {NewNode("c"), NewNode("a", 500), NewNode("b", 2)});
  EXPECT_EQ(ring->slots(), 3u);
  EXPECT_TRUE(ring->positions().empty());
  EXPECT_THAT(ring->slot_nodes(), ElementsAre(0, 1, 2));
  for (size_t slot = 0; slot < 3; ++slot) {
    EXPECT_EQ(ring->SlotWidth(slot) * 3, ring->whole());
  }
}

TEST(ModuloRingTest, FurtherOwnersAreTheNextNodesById) {
  const RingPtr ring =
      NewRing(ModuloSpec(2), {NewNode("a"), NewNode("b"), NewNode("c")});
  EXPECT_THAT(OwnersAt(*ring, KeyHash{0, 0}, 3), ElementsAre("a", "b", "c"));
  EXPECT_THAT(OwnersAt(*ring, KeyHash{0, 1}, 3), ElementsAre("b", "c", "a"));
  EXPECT_THAT(OwnersAt(*ring, KeyHash{0, 2}, 2), ElementsAre("c", "a"));
}

TEST(ModuloRingTest, FurtherOwnersFillDistinctZonesFirst) {
  const RingPtr ring =
      NewRing(ModuloSpec(2), {NewNode("a", 1, "x"), NewNode("b", 1, "x"),
                              NewNode("c", 1, "y"), NewNode("d", 1, "x")});
  EXPECT_THAT(OwnersAt(*ring, KeyHash{0, 0}, 4),
              ElementsAre("a", "c", "b", "d"));
  EXPECT_THAT(OwnersAt(*ring, KeyHash{0, 2}, 4),
              ElementsAre("c", "d", "a", "b"));
  EXPECT_THAT(OwnersAt(*ring, KeyHash{0, 3}, 2), ElementsAre("d", "c"));
}

}  // namespace
}  // namespace clockwise
