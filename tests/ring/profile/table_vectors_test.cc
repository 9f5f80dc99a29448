// Each table against what the system that it reproduces answered.
#include <numeric>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "service/ring/profile/table.h"
#include "tests/ring/profile/vector_file.h"
#include "tests/ring/profile/vector_members.h"

namespace clockwise::profile {
namespace {

// How many keys were compared, of the cases whose `param` is `value`.
int CheckAll(const std::string& file, const std::string& name,
             const std::string& param = "", const std::string& value = "") {
  const TableProfile* profile = FindTableProfile(name);
  if (profile == nullptr) {
    ADD_FAILURE() << name;
    return 0;
  }
  const VectorFile vectors = ReadVectors(file);
  int compared = 0;
  for (const VectorCase& vector : vectors.cases) {
    if (Get(vector.params, param, "") != value) continue;
    SCOPED_TRACE(vector.id);
    const Settings settings =
        SettingsOf(name, profile->defaults, vector.params);
    const std::vector<uint32_t> slots =
        PlaceTable(*profile, settings, MembersOf(vector, file));
    compared += CompareOwners(vectors, vector, [&](const std::string& key) {
      const size_t slot = TableSlot(*profile, settings, key, slots.size());
      return std::to_string(slots.at(slot));
    });
  }
  return compared;
}

TEST(TableVectorsTest, LibmemcachedModula) {
  EXPECT_GT(CheckAll("libmemcached", "libmemcached_modula", "mode", "modula"),
            900);
}

TEST(TableVectorsTest, TwemproxyModula) {
  EXPECT_GT(CheckAll("twemproxy", "twemproxy_modula", "distribution", "modula"),
            900);
}

TEST(TableVectorsTest, NginxWithoutConsistent) {
  EXPECT_GT(CheckAll("nginx-hash-modulo", "nginx_modulo"), 900);
}

TEST(TableVectorsTest, PythonMemcached) {
  EXPECT_GT(CheckAll("python-memcached-modulo", "python_memcached"), 900);
}

TEST(TableVectorsTest, PlainModulo) {
  EXPECT_GT(CheckAll("crc32-modulo", "crc32_modulo"), 900);
  EXPECT_GT(CheckAll("md5-modulo", "md5_modulo"), 900);
}

TEST(TableVectorsTest, HaproxyMapBased) {
  EXPECT_GT(CheckAll("haproxy-map-based", "haproxy_map"), 900);
}

TEST(TableVectorsTest, EnvoyMaglev) {
  EXPECT_GT(CheckAll("envoy-maglev", "envoy_maglev"), 900);
}

TEST(TableVectorsTest, RedisClustersSlots) {
  const TableProfile& profile = *FindTableProfile("redis_cluster");
  const VectorFile vectors = ReadVectors("redis-cluster");
  int compared = 0;
  for (const VectorCase& vector : vectors.cases) {
    for (const auto& row : vector.rows) {
      EXPECT_EQ(std::to_string(TableSlot(profile, profile.defaults,
                                         Unescaped(row.at(0)), 16384)),
                row.at(1))
          << row[0];
      ++compared;
    }
  }
  EXPECT_GT(compared, 800);
}

// 16,384 slots, in two halves.
std::vector<Member> RedisHalves() {
  std::vector<Member> members(2);
  for (Member& member : members) member.tokens.resize(8192);
  std::iota(members[0].tokens.begin(), members[0].tokens.end(), 0);
  std::iota(members[1].tokens.begin(), members[1].tokens.end(), 8192);
  return members;
}

TEST(TableVectorsTest, EachRedisSlotIsOneMembers) {
  const TableProfile& profile = *FindTableProfile("redis_cluster");
  const auto place = [&](const std::vector<Member>& members) {
    return PlaceTable(profile, profile.defaults, members);
  };
  std::vector<Member> members = RedisHalves();
  ASSERT_EQ(place(members).size(), 16384);
  EXPECT_EQ(place(members)[8191], 0);
  EXPECT_EQ(place(members)[8192], 1);
  members[1].tokens[0] = 8191;  // taken twice, and 8192 is nobody's
  EXPECT_TRUE(place(members).empty());
  members[1].tokens[0] = 16384;
  EXPECT_TRUE(place(members).empty());
  members[1].tokens[0] = -1;
  EXPECT_TRUE(place(members).empty());
  members[1].tokens.erase(members[1].tokens.begin());
  EXPECT_TRUE(place(members).empty());
}

}  // namespace
}  // namespace clockwise::profile
