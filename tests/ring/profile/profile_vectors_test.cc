// Each profile against what the system that it reproduces answered.
#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "service/ring/first_end.h"
#include "service/ring/profile/profile.h"
#include "tests/ring/profile/vector_file.h"
#include "tests/ring/profile/vector_members.h"

namespace clockwise::profile {
namespace {

// The member that answers when those in `down` do not: nginx takes the next
// point, up to 20 times. Of points at one position it has the first only.
std::string Answering(const Slots& slots, size_t slot,
                      const std::string& down) {
  const std::vector<std::string> out = absl::StrSplit(down, ',');
  for (int step = 0; step <= 20; ++step) {
    const std::string member = std::to_string(slots.members.at(slot));
    if (std::find(out.begin(), out.end(), member) == out.end()) return member;
    const uint64_t here = slots.ends[slot];
    while (slots.ends[slot] == here) slot = (slot + 1) % slots.ends.size();
  }
  return "-";
}

// All keys of a case; how many were compared.
int Check(const VectorFile& vectors, const VectorCase& vector,
          const std::string& file, const std::string& name) {
  SCOPED_TRACE(vector.id);
  const Profile* profile = FindProfile(name);
  if (profile == nullptr) {
    ADD_FAILURE() << name;
    return 0;
  }
  const Settings settings =
      SettingsOf(profile->name, profile->defaults, vector.params);
  const Slots slots = Place(*profile, settings, MembersOf(vector, file));
  EXPECT_TRUE(std::is_sorted(slots.ends.begin(), slots.ends.end()));
  return CompareOwners(vectors, vector, [&](const std::string& key) {
    const size_t slot =
        FirstEnd(slots.ends, KeyPosition(*profile, settings, key));
    return Answering(slots, slot, Get(vector.params, "down", ""));
  });
}

// All cases of a file, each by the profile that `profile_of` names; "": none.
int CheckAll(const std::string& file,
             const std::function<std::string(const VectorCase&)>& profile_of) {
  const VectorFile vectors = ReadVectors(file);
  int compared = 0;
  for (const VectorCase& vector : vectors.cases) {
    const std::string name = profile_of(vector);
    if (!name.empty()) compared += Check(vectors, vector, file, name);
  }
  return compared;
}

int CheckAll(const std::string& file, const std::string& name) {
  return CheckAll(file, [&](const VectorCase&) { return name; });
}

TEST(ProfileVectorsTest, Libmemcached) {
  const auto profile_of = [](const VectorCase& vector) -> std::string {
    const std::string mode = vector.params.at("mode");
    if (mode == "modula") return "";
    // One member of weight above 1 makes libmemcached weigh them all.
    const bool weighted =
        mode == "ketama_weighted" ||
        std::any_of(vector.members.begin(), vector.members.end(),
                    [](const Fields& member) {
                      return std::stoul(Get(member, "weight", "1")) > 1;
                    });
    return weighted ? "ketama_weighted" : "ketama";
  };
  EXPECT_GT(CheckAll("libmemcached", profile_of), 5000);
}

TEST(ProfileVectorsTest, Libketama) {
  EXPECT_GT(CheckAll("libketama", "libketama"), 1000);
}

TEST(ProfileVectorsTest, Twemproxy) {
  const auto profile_of = [](const VectorCase& vector) -> std::string {
    const bool ring = vector.params.at("distribution") == "ketama";
    return ring ? "twemproxy_ketama" : "";
  };
  EXPECT_GT(CheckAll("twemproxy", profile_of), 2000);
}

TEST(ProfileVectorsTest, Nginx) {
  EXPECT_GT(CheckAll("nginx-consistent", "nginx"), 2000);
}

TEST(ProfileVectorsTest, EnvoyRingHash) {
  EXPECT_GT(CheckAll("envoy-ring-hash", "envoy_ring_hash"), 2000);
}

TEST(ProfileVectorsTest, GrpcRingHashInBothOrders) {
  const auto profile_of = [](const VectorCase& vector) -> std::string {
    const bool sorted = vector.params.contains("order");
    return sorted ? "grpc_go_ring_hash" : "grpc_ring_hash";
  };
  EXPECT_GT(CheckAll("grpc-ring-hash", profile_of), 2000);
}

TEST(ProfileVectorsTest, Haproxy) {
  EXPECT_GT(CheckAll("haproxy-consistent", "haproxy"), 2000);
}

TEST(ProfileVectorsTest, Uhashring) {
  EXPECT_GT(CheckAll("uhashring-ketama", "uhashring_ketama"), 1000);
  EXPECT_GT(CheckAll("uhashring-meta", "uhashring"), 1000);
}

TEST(ProfileVectorsTest, NpmHashring) {
  EXPECT_GT(CheckAll("node-hashring", "npm_hashring"), 1000);
}

TEST(ProfileVectorsTest, Groupcache) {
  EXPECT_GT(CheckAll("groupcache", "groupcache"), 1000);
}

}  // namespace
}  // namespace clockwise::profile
