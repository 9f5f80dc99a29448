// Profiles beside the real libmemcached, on memberships drawn anew from a seed
// that is told when they differ.
#include <libmemcached-1.0/memcached.h>

#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "service/ring/first_end.h"
#include "service/ring/profile/profile.h"
#include "service/ring/profile/table.h"

namespace clockwise::profile {
namespace {

struct Host {
  std::string name;
  in_port_t port;
  uint32_t weight;
};

uint32_t Below(std::mt19937& random, uint32_t bound) {
  return static_cast<uint32_t>(random() % bound);
}

// Names that share prefixes, some on the usual port, which is not hashed.
std::vector<Host> DrawnHosts(std::mt19937& random, bool weighted) {
  std::vector<Host> hosts(2 + Below(random, 40));
  for (size_t i = 0; i < hosts.size(); ++i) {
    hosts[i].name = absl::StrCat("10.0.", Below(random, 9), ".", i);
    hosts[i].port = static_cast<in_port_t>(
        Below(random, 2) == 0 ? 11211 : 11000 + Below(random, 500));
    hosts[i].weight = weighted ? 1 + Below(random, 20) : 1;
  }
  // libmemcached weighs nobody if nobody has more than 1.
  if (weighted) hosts[0].weight = 7;
  return hosts;
}

std::vector<std::string> DrawnKeys(std::mt19937& random) {
  std::vector<std::string> keys(10000);
  for (std::string& key : keys) {
    key.resize(1 + Below(random, 40));
    for (char& c : key) c = static_cast<char>(random());
  }
  return keys;
}

class Libmemcached {
 public:
  Libmemcached(const std::vector<Host>& hosts,
               memcached_server_distribution_t distribution,
               memcached_hash_t hash)
      : client_(memcached_create(nullptr), memcached_free) {
    Set(MEMCACHED_BEHAVIOR_DISTRIBUTION, distribution);
    Set(MEMCACHED_BEHAVIOR_HASH, hash);
    for (const Host& host : hosts) {
      EXPECT_EQ(memcached_server_add_with_weight(
                    client_.get(), host.name.c_str(), host.port, host.weight),
                MEMCACHED_SUCCESS);
    }
  }
  uint32_t Owner(const std::string& key) const {
    return memcached_generate_hash(client_.get(), key.data(), key.size());
  }

 private:
  void Set(memcached_behavior_t behavior, uint64_t value) {
    EXPECT_EQ(memcached_behavior_set(client_.get(), behavior, value),
              MEMCACHED_SUCCESS);
  }
  std::unique_ptr<memcached_st, void (*)(memcached_st*)> client_;
};

constexpr std::pair<memcached_hash_t, const char*> kHashes[] = {
    {MEMCACHED_HASH_DEFAULT, "default"},   {MEMCACHED_HASH_MD5, "md5"},
    {MEMCACHED_HASH_CRC, "crc"},           {MEMCACHED_HASH_FNV1_64, "fnv1_64"},
    {MEMCACHED_HASH_FNV1A_64, "fnv1a_64"}, {MEMCACHED_HASH_FNV1_32, "fnv1_32"},
    {MEMCACHED_HASH_FNV1A_32, "fnv1a_32"}, {MEMCACHED_HASH_MURMUR, "murmur"},
    {MEMCACHED_HASH_JENKINS, "jenkins"},   {MEMCACHED_HASH_MURMUR3, "murmur3"},
};

std::vector<Member> MembersOf(const std::vector<Host>& hosts, bool spy) {
  std::vector<Member> members(hosts.size());
  for (size_t i = 0; i < hosts.size(); ++i) {
    const std::string address = absl::StrCat(hosts[i].name, ":", hosts[i].port);
    members[i].text = spy                      ? "/" + address
                      : hosts[i].port == 11211 ? hosts[i].name
                                               : address;
    members[i].weight = hosts[i].weight;
  }
  return members;
}

using OwnerOf = std::function<uint32_t(const std::string& key)>;

// Keys that the two place otherwise, over all hash functions, each with hosts
// of its own, from `seed` on. `place` makes ours of hosts and a hash function.
int Compare(memcached_server_distribution_t distribution, bool weighted,
            uint32_t seed,
            const std::function<OwnerOf(const std::vector<Host>& hosts,
                                        HashFunction key_hash)>& place) {
  int wrong = 0;
  for (const auto& [hash, name] : kHashes) {
    std::mt19937 random(seed++);
    const std::vector<Host> hosts = DrawnHosts(random, weighted);
    const Libmemcached theirs(hosts, distribution, hash);
    const OwnerOf ours = place(hosts, FindKeyHash(name));
    int differ = 0;
    for (const std::string& key : DrawnKeys(random)) {
      if (ours(key) != theirs.Owner(key)) ++differ;
    }
    EXPECT_EQ(differ, 0) << name << ", seed " << seed - 1;
    wrong += differ;
  }
  return wrong;
}

int CompareRings(const char* profile_name,
                 memcached_server_distribution_t distribution, bool weighted) {
  const Profile& profile = *FindProfile(profile_name);
  const bool spy = distribution == MEMCACHED_DISTRIBUTION_CONSISTENT_KETAMA_SPY;
  return Compare(
      distribution, weighted, 1,
      [&](const std::vector<Host>& hosts, HashFunction key_hash) -> OwnerOf {
        Settings settings = profile.defaults;
        settings.key_hash = key_hash;
        return [&profile, settings,
                slots = Place(profile, settings, MembersOf(hosts, spy))](
                   const std::string& key) {
          return slots.members[FirstEnd(slots.ends,
                                        KeyPosition(profile, settings, key))];
        };
      });
}

TEST(LibmemcachedLiveTest, Ketama) {
  EXPECT_EQ(
      CompareRings("ketama", MEMCACHED_DISTRIBUTION_CONSISTENT_KETAMA, false),
      0);
}

TEST(LibmemcachedLiveTest, KetamaWithWeights) {
  EXPECT_EQ(CompareRings("ketama_weighted",
                         MEMCACHED_DISTRIBUTION_CONSISTENT_KETAMA, true),
            0);
}

TEST(LibmemcachedLiveTest, Spy) {
  EXPECT_EQ(CompareRings("ketama", MEMCACHED_DISTRIBUTION_CONSISTENT_KETAMA_SPY,
                         false),
            0);
}

TEST(LibmemcachedLiveTest, Modula) {
  const TableProfile& profile = *FindTableProfile("libmemcached_modula");
  const auto place = [&](const std::vector<Host>& hosts,
                         HashFunction key_hash) -> OwnerOf {
    Settings settings = profile.defaults;
    settings.key_hash = key_hash;
    return [&profile, settings, count = hosts.size()](const std::string& key) {
      return static_cast<uint32_t>(TableSlot(profile, settings, key, count));
    };
  };
  EXPECT_EQ(Compare(MEMCACHED_DISTRIBUTION_MODULA, false, 100, place), 0);
}

}  // namespace
}  // namespace clockwise::profile
