// Known mistakes of other reimplementations of these systems, one test each.
#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "service/ring/profile/block_hashes.h"
#include "service/ring/profile/profile.h"
#include "service/ring/profile/small_hashes.h"
#include "service/ring/profile/table.h"
#include "tests/ring/first_end.h"
#include "tests/support/from_hex.h"

namespace clockwise::profile {
namespace {

std::vector<Member> Members(const std::vector<std::string>& texts) {
  std::vector<Member> members(texts.size());
  for (size_t i = 0; i < texts.size(); ++i) members[i].text = texts[i];
  return members;
}

Slots PlaceBy(const char* name, const std::vector<Member>& members) {
  const Profile& profile = *FindProfile(name);
  return PlacePoints(profile, profile.defaults, members);
}

std::vector<size_t> PointsEach(const Slots& slots, size_t members) {
  std::vector<size_t> counts(members);
  for (const uint32_t member : slots.members) ++counts[member];
  return counts;
}

TEST(ProfileTrapsTest, TwentyFiveEqualLibmemcachedHostsHave156PointsEach) {
  for (const size_t count : {24, 25, 26, 47, 50}) {
    std::vector<std::string> texts;
    for (size_t i = 0; i < count; ++i) texts.push_back(absl::StrCat("h", i));
    const size_t points = count == 24 || count == 26 ? 160 : 156;
    EXPECT_EQ(PointsEach(PlaceBy("ketama_weighted", Members(texts)), count),
              std::vector<size_t>(count, points));
  }
}

TEST(ProfileTrapsTest, SevenEqualNpmHashringMembersHave156PointsEach) {
  const auto slots =
      PlaceBy("npm_hashring", Members({"a", "b", "c", "d", "e", "f", "g"}));
  EXPECT_EQ(PointsEach(slots, 7), std::vector<size_t>(7, 156));
}

TEST(ProfileTrapsTest, Binary32DecidesAWeightedCount) {
  std::vector<Member> members =
      Members({"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"});
  // Weight 8 of 110 over 11 members: exactly 128 points; in binary32 124.
  for (Member& member : members) member.weight = 10;
  members[0].weight = 8;
  members[1].weight = 12;
  EXPECT_EQ(PointsEach(PlaceBy("ketama_weighted", members), 11)[0], 124);
}

TEST(ProfileTrapsTest, MembersWithoutWeightGetNothing) {
  std::vector<Member> members = Members({"1", "2", "3"});
  for (Member& member : members) member.weight = 0;
  for (const Profile& profile : Profiles()) {
    if (profile.takes.max_weight == 1 && !profile.takes.any_token) continue;
    SCOPED_TRACE(profile.name);
    EXPECT_TRUE(PlacePoints(profile, profile.defaults, members).ends.empty());
  }
  members[1].weight = 2;
  members[0].locality = "a";
  for (const char* name : {"ketama_weighted", "libketama", "nginx", "haproxy",
                           "envoy_ring_hash", "uhashring", "npm_hashring"}) {
    const auto counts = PointsEach(PlaceBy(name, members), 3);
    SCOPED_TRACE(name);
    EXPECT_EQ(counts[0], 0);
    EXPECT_GT(counts[1], 0);
  }
}

TEST(ProfileTrapsTest, BytesFrom0x80AreSignExtendedWhereTheProgramDoes) {
  EXPECT_EQ(Fnv1a_32("\xff"), (2166136261U ^ 0xffffffffU) * 16777619U);
  EXPECT_EQ(Sdbm("\xff"), 255);
}

TEST(ProfileTrapsTest, TwemproxySortsItsServersShorterFirst) {
  const auto members = Members({"cache-10", "cache-9", "a-longer-name", "b"});
  EXPECT_EQ(Ordered(Order::kShorterFirst, members),
            (std::vector<uint32_t>{3, 1, 0, 2}));
  EXPECT_EQ(Ordered(Order::kByText, members),
            (std::vector<uint32_t>{2, 3, 0, 1}));
}

TEST(ProfileTrapsTest, ACappedGrpcRingDependsOnTheOrder) {
  const auto capped = [](const char* name, const std::vector<Member>& members) {
    const Profile& profile = *FindProfile(name);
    Settings settings = profile.defaults;
    settings.max_size = 50;
    return PointsEach(PlacePoints(profile, settings, members), members.size());
  };
  std::vector<Member> members = Members({"z", "y", "x"});
  members[0].weight = 100;
  const std::vector<size_t> listed = capped("grpc_ring_hash", members);
  const std::vector<size_t> sorted = capped("grpc_go_ring_hash", members);
  EXPECT_NE(listed, sorted);
  EXPECT_EQ(listed[0] + listed[1] + listed[2], 50);
  EXPECT_EQ(sorted[0] + sorted[1] + sorted[2], 50);
  std::reverse(members.begin(), members.end());
  std::vector<size_t> turned = capped("grpc_ring_hash", members);
  std::reverse(turned.begin(), turned.end());
  EXPECT_EQ(turned, sorted);
}

TEST(ProfileTrapsTest, HaproxyMixesTheKeyUnlessAFunctionIsNamed) {
  const Profile& profile = *FindProfile("haproxy");
  Settings named = profile.defaults;
  named.avalanche = false;
  EXPECT_EQ(KeyPosition(profile, profile.defaults, "k"),
            uint64_t{Avalanche(Sdbm("k"))} << 32);
  EXPECT_EQ(KeyPosition(profile, named, "k"), uint64_t{Sdbm("k")} << 32);
}

TEST(ProfileTrapsTest, HaproxyIdsThatDifferAbove20BitsShareTheirPoints) {
  const Slots slots = PlaceBy("haproxy", Members({"1", "1048577"}));
  const Slots alone = PlaceBy("haproxy", Members({"1"}));
  EXPECT_EQ(slots.ends.size(), 2 * alone.ends.size());
  EXPECT_EQ(PointsEach(slots, 2), (std::vector<size_t>{16, 16}));
}

TEST(ProfileTrapsTest, Haproxy3UsesAllBitsOfAnId) {
  const auto ends = [](const char* layout, const char* id) {
    return PlaceBy(layout, Members({id})).ends;
  };
  EXPECT_EQ(ends("haproxy", "1"), ends("haproxy", "1048577"));
  EXPECT_NE(ends("haproxy_3", "1"), ends("haproxy_3", "1048577"));
  EXPECT_NE(ends("haproxy_3", "1"), ends("haproxy", "1"));
}

TEST(ProfileTrapsTest, NginxKeepsThePortAsItIsWritten) {
  const auto ends = [](const char* server) {
    return PlaceBy("nginx", Members({server})).ends;
  };
  EXPECT_NE(ends("127.0.0.1:08081"), ends("127.0.0.1:8081"));
  EXPECT_EQ(ends("UNIX:/run/a"), ends("unix:/run/a"));
  EXPECT_NE(ends("127.0.0.1:"), ends("127.0.0.1"));
}

TEST(ProfileTrapsTest, ATagWithNothingInItIsNoTag) {
  const Profile& profile = *FindProfile("twemproxy_ketama");
  Settings tagged = profile.defaults;
  tagged.hash_tag = "{}";
  const auto same = [&](const char* key, const char* as) {
    return KeyPosition(profile, tagged, key) ==
           KeyPosition(profile, profile.defaults, as);
  };
  EXPECT_TRUE(same("user:{7}:x", "7"));
  EXPECT_TRUE(same("user:{}:x", "user:{}:x"));
  EXPECT_TRUE(same("user:{7", "user:{7"));
  EXPECT_TRUE(same("}a{b}", "b"));
  tagged.hash_tag = "$$";
  EXPECT_TRUE(same("a$b$c", "b"));
  EXPECT_TRUE(same("", ""));
}

TEST(ProfileTrapsTest, PythonMemcachedCountsAHashOf0As1) {
  std::string key;
  for (int i = 0; key.empty() || Crc32_15(key) != 0; ++i) {
    key = absl::StrCat("k", i);
  }
  EXPECT_EQ(FindTableProfile("python_memcached")->number(key, {}), 1);
}

TEST(ProfileTrapsTest, CassandrasEmptyKeyIsTheLeastToken) {
  EXPECT_EQ(CassandraToken(""), std::numeric_limits<int64_t>::min());
}

TEST(ProfileTrapsTest, CassandrasLeastHashBecomesTheGreatestToken) {
  EXPECT_EQ(CassandraToken(FromHex("653cbefb85ec3111b4e38fa9bc7cbcae")),
            std::numeric_limits<int64_t>::max());
}

TEST(ProfileTrapsTest, ACassandraNodeOwnsItsOwnToken) {
  std::vector<Member> members = Members({"a", "b"});
  members[0].tokens = {CassandraToken("k")};
  members[1].tokens = {CassandraToken("k") + 1};
  const Slots slots = PlaceBy("cassandra", members);
  const Profile& profile = *FindProfile("cassandra");
  const size_t slot =
      FirstEnd(slots.ends, KeyPosition(profile, profile.defaults, "k"));
  EXPECT_EQ(slots.members[slot], 0);
}

}  // namespace
}  // namespace clockwise::profile
