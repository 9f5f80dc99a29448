// Compares rings in the layouts of other systems with the answers of those
// systems, key by key.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "service/ring/layout.h"
#include "tests/support/vector_file.h"
#include "tests/support/vector_rings.h"

namespace clockwise {
namespace {

using profile::Get;
using profile::ReadVectors;
using profile::Unescaped;
using profile::VectorCase;

// Returns the owner if the servers in `down` do not respond: nginx uses the
// next point, up to 20 times. Of points at one position it has only the first.
std::string Answering(const Ring& ring, size_t slot, const std::string& down) {
  const std::vector<std::string> out = absl::StrSplit(down, ',');
  for (int step = 0; step <= 20; ++step) {
    const std::string& id = ring.nodes()[ring.slot_nodes()[slot]]->id();
    if (std::find(out.begin(), out.end(), id) == out.end()) return id;
    const uint64_t here = ring.positions()[slot];
    while (ring.positions()[slot] == here) slot = (slot + 1) % ring.slots();
  }
  return "-";
}

class ProfileVectorsTest : public testing::TestWithParam<std::string> {};

TEST_P(ProfileVectorsTest, EachKeyHasTheOwnerThatTheSystemPicks) {
  const profile::VectorFile vectors = ReadVectors(GetParam());
  int compared = 0;
  for (const VectorCase& vector : vectors.cases) {
    SCOPED_TRACE(vector.id);
    const auto of_case = RingOf(vector, GetParam());
    ASSERT_TRUE(of_case.has_value());
    const RingPtr ring = NewRing(of_case->spec, of_case->nodes);
    const std::string down = Get(vector.params, "down", "");
    compared += CompareOwners(vectors, vector, [&](const std::string& key) {
      if (down.empty()) return OwnersOf(*ring, key, 1).at(0);
      return Answering(*ring, ring->SlotOf(ring->Hash(key)), down);
    });
  }
  EXPECT_GT(compared, 900);
}

INSTANTIATE_TEST_SUITE_P(Of, ProfileVectorsTest,
                         testing::ValuesIn(OwnerFiles()),
                         [](const testing::TestParamInfo<std::string>& file) {
                           std::string name = file.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(RedisVectorsTest, EachKeyHasTheSlotThatRedisSays) {
  v1::RingSpec spec;
  spec.set_layout(v1::LAYOUT_REDIS_CLUSTER);
  spec.set_replica_count(1);
  v1::Node node = NewNode("a");
  for (uint64_t slot = 0; slot < 16384; ++slot) node.add_points(slot);
  const RingPtr ring = NewRing(spec, {node});
  int compared = 0;
  for (const VectorCase& vector : ReadVectors("redis-cluster").cases) {
    for (const auto& row : vector.rows) {
      const KeyHash hash = ring->Hash(Unescaped(row.at(0)));
      EXPECT_EQ(std::to_string(ring->SlotOf(hash)), row.at(1)) << row[0];
      ++compared;
    }
  }
  EXPECT_GT(compared, 800);
}

TEST(LayoutTableTest, EveryLayoutOfTheApiHasOneRuleOfItsName) {
  ASSERT_EQ(Layouts().size() + 1, v1::Layout_descriptor()->value_count());
  for (const LayoutRule& rule : Layouts()) {
    EXPECT_EQ(ParseLayout(rule.name()).value(), rule.layout) << rule.name();
    EXPECT_EQ(FindLayout(rule.layout), &rule);
    EXPECT_STRNE(rule.traits->reproduces, "");
  }
}

}  // namespace
}  // namespace clockwise
