// Cassandra: tokens, owners and the replicas of both strategies, against what
// its server's own methods and the drivers computed (cassandra.tsv).
#include <map>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "service/ring/first_end.h"
#include "service/ring/profile/block_hashes.h"
#include "service/ring/profile/replication.h"
#include "tests/ring/profile/vector_file.h"
#include "tests/ring/profile/vector_members.h"

namespace clockwise::profile {
namespace {

std::vector<Location> LocationsOf(const VectorCase& vector) {
  std::vector<Location> locations;
  for (const Fields& member : vector.members) {
    locations.push_back(
        ParseLocation(member.at("dc") + "/" + member.at("rack")));
  }
  return locations;
}

// "dc1:2,dc2:3"
std::map<std::string, uint32_t> ReplicasByDc(const std::string& text) {
  std::map<std::string, uint32_t> replicas;
  for (const auto part : absl::StrSplit(text, ',')) {
    const std::pair<std::string, std::string> dc = absl::StrSplit(part, ':');
    EXPECT_TRUE(absl::SimpleAtoi(dc.second, &replicas[dc.first]));
  }
  return replicas;
}

TEST(CassandraVectorsTest, TokensOwnersAndReplicasAreTheServers) {
  const Profile& profile = *FindProfile("cassandra");
  int compared = 0;
  for (const VectorCase& vector : ReadVectors("cassandra").cases) {
    // RandomPartitioner's positions are wider than 64 bits.
    if (vector.params.at("partitioner") != "murmur3") continue;
    SCOPED_TRACE(vector.id);
    const Slots slots =
        Place(profile, profile.defaults, MembersOf(vector, "cassandra"));
    const size_t simple = std::stoul(vector.params.at("simple_rf"));
    const NetworkTopologyStrategy topology(
        LocationsOf(vector), ReplicasByDc(vector.params.at("nts_rf")));
    for (const auto& row : vector.rows) {
      const std::string key = Unescaped(row.at(0));
      EXPECT_EQ(std::to_string(CassandraToken(key)), row.at(1));
      const size_t slot =
          FirstEnd(slots.ends, KeyPosition(profile, profile.defaults, key));
      EXPECT_EQ(std::to_string(slots.members.at(slot)), row.at(2));
      EXPECT_EQ(absl::StrJoin(SimpleStrategy(slots, slot, simple), " "),
                row.at(3));
      EXPECT_EQ(absl::StrJoin(topology.Replicas(slots, slot), " "), row.at(4));
      ++compared;
    }
  }
  EXPECT_GT(compared, 500);
}

TEST(CassandraVectorsTest, ARackIsRepeatedNoMoreThanItMust) {
  const std::vector<Location> locations = {
      {"dc", "a"}, {"dc", "a"}, {"dc", "a"}, {"dc", "b"}, {"elsewhere", "a"}};
  const Slots slots{{10, 20, 30, 40, 50}, {0, 1, 2, 3, 4}};
  const NetworkTopologyStrategy three(locations, {{"dc", 3}, {"none", 2}});
  EXPECT_EQ(three.Replicas(slots, 0), (std::vector<uint32_t>{0, 1, 3}));
  EXPECT_EQ(three.Replicas(slots, 4), (std::vector<uint32_t>{0, 1, 3}));
  const NetworkTopologyStrategy nine(locations, {{"dc", 9}, {"elsewhere", 0}});
  EXPECT_EQ(nine.Replicas(slots, 2), (std::vector<uint32_t>{2, 3, 0, 1}));
}

TEST(CassandraVectorsTest, AZoneIsDataCentreAndRack) {
  EXPECT_EQ(ParseLocation("eu/r1").data_centre, "eu");
  EXPECT_EQ(ParseLocation("eu/r1/x").rack, "r1/x");
  EXPECT_EQ(ParseLocation("eu").data_centre, "eu");
  EXPECT_EQ(ParseLocation("eu").rack, "");
}

}  // namespace
}  // namespace clockwise::profile
