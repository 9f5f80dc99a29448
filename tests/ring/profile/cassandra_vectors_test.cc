// Compares Cassandra's tokens, owners and replicas of both strategies with
// those that its server's methods and the drivers computed (cassandra.tsv).
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "service/ring/profile/block_hashes.h"
#include "service/ring/profile/replication.h"
#include "tests/support/vector_file.h"
#include "tests/support/vector_rings.h"

namespace clockwise {
namespace {

using profile::CassandraToken;
using profile::Location;
using profile::NetworkTopologyStrategy;
using profile::ParseLocation;

TEST(CassandraVectorsTest, TokensOwnersAndReplicasAreTheServers) {
  int compared = 0;
  for (const auto& vector : profile::ReadVectors("cassandra").cases) {
    const auto simple = RingOf(vector, "cassandra");
    if (!simple.has_value()) continue;
    SCOPED_TRACE(vector.id);
    const VectorRing topology = WithTopology(*simple, vector);
    const RingPtr by_simple = NewRing(simple->spec, simple->nodes);
    const RingPtr by_topology = NewRing(topology.spec, topology.nodes);
    for (const auto& row : vector.rows) {
      const std::string key = profile::Unescaped(row.at(0));
      EXPECT_EQ(std::to_string(CassandraToken(key)), row.at(1));
      EXPECT_EQ(OwnersOf(*by_simple, key, 1).at(0), row.at(2));
      EXPECT_EQ(absl::StrJoin(OwnersOf(*by_simple, key), " "), row.at(3));
      EXPECT_EQ(absl::StrJoin(OwnersOf(*by_topology, key), " "), row.at(4));
      ++compared;
    }
  }
  EXPECT_GT(compared, 500);
}

TEST(CassandraVectorsTest, ARackIsRepeatedNoMoreThanItMust) {
  const std::vector<Location> locations = {
      {"dc", "a"}, {"dc", "a"}, {"dc", "a"}, {"dc", "b"}, {"elsewhere", "a"}};
  const std::vector<uint32_t> slots = {0, 1, 2, 3, 4};
  const NetworkTopologyStrategy three(locations, {{"dc", 3}, {"none", 2}});
  EXPECT_EQ(three.replicas(), 3);
  EXPECT_EQ(three.Replicas(slots, 0), (std::vector<uint32_t>{0, 1, 3}));
  EXPECT_EQ(three.Replicas(slots, 4), (std::vector<uint32_t>{0, 1, 3}));
  const NetworkTopologyStrategy nine(locations, {{"dc", 9}, {"elsewhere", 0}});
  EXPECT_EQ(nine.replicas(), 4);
  EXPECT_EQ(nine.Replicas(slots, 2), (std::vector<uint32_t>{2, 3, 0, 1}));
}

TEST(CassandraVectorsTest, AZoneIsDataCentreAndRack) {
  EXPECT_EQ(ParseLocation("eu/r1").data_centre, "eu");
  EXPECT_EQ(ParseLocation("eu/r1/x").rack, "r1/x");
  EXPECT_EQ(ParseLocation("eu").data_centre, "eu");
  EXPECT_EQ(ParseLocation("eu").rack, "");
}

}  // namespace
}  // namespace clockwise
