// The ring profiles, one entry each.
#include <algorithm>

#include "service/limits.h"
#include "service/ring/hash.h"
#include "service/ring/profile/block_hashes.h"
#include "service/ring/profile/points.h"
#include "service/ring/profile/profile.h"
#include "service/ring/profile/small_hashes.h"

namespace clockwise::profile {
namespace {

constexpr Settings With(HashFunction key_hash, uint32_t vnodes) {
  Settings settings;
  settings.key_hash = key_hash;
  settings.vnodes = vnodes;
  return settings;
}

uint64_t TokenPosition(absl::string_view key) {
  return static_cast<uint64_t>(CassandraToken(key)) ^ uint64_t { 1 } << 63;
}

Settings EnvoySettings(uint64_t max_size) {
  Settings settings = With(XxHash64, 0);
  settings.point_hash = XxHash64;
  settings.max_size = max_size;
  return settings;
}

Settings HaproxySettings() {
  Settings settings = With(Wide<Sdbm>, 16);
  settings.avalanche = true;
  return settings;
}

// Counts points per unit of weight, as most systems do.
uint64_t PointsByWeight(std::span<const Member> members,
                        const Settings& settings) {
  uint64_t count = 0;
  for (const Member& member : members) {
    const uint64_t vnodes =
        member.own_vnodes != 0 ? member.own_vnodes : settings.vnodes;
    count += vnodes * member.weight;
  }
  return count;
}

// Counts points of systems that divide groups by weight: as many as for equal
// weights.
uint64_t ByShare(std::span<const Member> members, const Settings& settings) {
  uint64_t vnodes = settings.vnodes;
  for (const Member& member : members) {
    vnodes = std::max<uint64_t>(vnodes, member.own_vnodes);
  }
  return members.size() * vnodes * settings.words;
}

uint64_t BySize(std::span<const Member> members, const Settings& settings) {
  return settings.max_size + members.size();
}

uint64_t ByTokens(std::span<const Member> members, const Settings&) {
  uint64_t count = 0;
  for (const Member& member : members) count += member.tokens.size();
  return count;
}

using enum Order;
using enum Search;
using enum Ties;

constexpr uint64_t kEnvoyMost = 8388608;
constexpr uint64_t kGrpcMost = 4096;

const Profile kRingProfiles[] = {
    {{"hashed",
      "Clockwise's own: XXH3-64 and SplitMix64",
      kById,
      With(Xxh3, limits::kDefaultVirtualNodes),
      {.zero_weight = true, .vnodes = true}},
     64,
     kFirstAtOrAfter,
     kFirst,
     AppendHashed,
     PointsByWeight},
    {{"nginx",
      "nginx `hash ... consistent`",
      kAsConfigured,
      With(Wide<Crc32>, 160),
      {}},
     32,
     kFirstAtOrAfter,
     kFirst,
     AppendNginx,
     PointsByWeight},
    {{"envoy_ring_hash",
      "Envoy RING_HASH",
      kAsConfigured,
      EnvoySettings(kEnvoyMost),
      {.ring_size = true,
       .most_ring_size = kEnvoyMost,
       .point_hash = true,
       .localities = true}},
     64,
     kFirstAtOrAfter,
     kFirst,
     AppendEnvoy,
     BySize},
    {{"grpc_ring_hash",
      "gRPC ring_hash (C-core, Node)",
      kAsConfigured,
      EnvoySettings(kGrpcMost),
      {.ring_size = true, .most_ring_size = kGrpcMost}},
     64,
     kFirstAtOrAfter,
     kFirst,
     AppendEnvoy,
     BySize},
    {{"grpc_go_ring_hash",
      "gRPC ring_hash (Go)",
      kByText,
      EnvoySettings(kGrpcMost),
      {.ring_size = true, .most_ring_size = kGrpcMost}},
     64,
     kFirstAtOrAfter,
     kFirst,
     AppendEnvoy,
     BySize},
    {{"haproxy",
      "HAProxy before 3.0, `hash-type consistent`",
      kAsConfigured,
      HaproxySettings(),
      {.key_hashes = HaproxyHashes(),
       .max_weight = 256,
       .zero_weight = true,
       .avalanche = true,
       .numeric_text = true}},
     32,
     kNearest,
     kFirst,
     AppendHaproxy,
     PointsByWeight},
    {{"haproxy_3",
      "HAProxy 3.0 and later, `hash-type consistent`",
      kAsConfigured,
      HaproxySettings(),
      {.key_hashes = HaproxyHashes(),
       .max_weight = 256,
       .zero_weight = true,
       .avalanche = true,
       .numeric_text = true}},
     32,
     kNearest,
     kFirst,
     AppendHaproxy3,
     PointsByWeight},
    {{"cassandra",
      "Cassandra, ScyllaDB: Murmur3Partitioner",
      kAsConfigured,
      With(TokenPosition, 0),
      {.max_weight = 1, .data_centres = true, .any_token = true}},
     64,
     kFirstAtOrAfter,
     kFirst,
     AppendTokens,
     ByTokens},
    {{"groupcache",
      "Go groupcache consistenthash",
      kAsConfigured,
      With(Wide<Crc32>, 50),
      {.max_weight = 1, .vnodes = true}},
     32,
     kFirstAtOrAfter,
     kLast,
     AppendGroupcache,
     PointsByWeight},
    {{"ketama",
      "libmemcached KETAMA (with another hash_key: spy)",
      kAsConfigured,
      With(Wide<OneAtATime>, 100),
      {.key_hashes = LibmemcachedHashes(),
       .max_weight = 1,
       .sort_hosts = true}},
     32,
     kFirstAtOrAfter,
     kFirst,
     AppendLibmemcached,
     PointsByWeight},
    {{"ketama_weighted",
      "libmemcached KETAMA_WEIGHTED",
      kAsConfigured,
      With(Wide<Md5Word0>, 40),
      {.key_hashes = LibmemcachedHashes(), .sort_hosts = true}},
     32,
     kFirstAtOrAfter,
     kFirst,
     AppendLibmemcachedWeighted,
     ByShare},
    {{"libketama",
      "libketama (Last.fm)",
      kAsConfigured,
      With(Wide<Md5Word0>, 40),
      {}},
     32,
     kFirstAtOrAfter,
     kFirst,
     AppendLibketama,
     ByShare},
    {{"twemproxy_ketama",
      "twemproxy `distribution: ketama`",
      kShorterFirst,
      With(Wide<Fnv1a_64>, 40),
      {.key_hashes = TwemproxyHashes(), .hash_tag = true}},
     32,
     kFirstAtOrAfter,
     kFirst,
     AppendLibmemcachedWeighted,
     ByShare},
    {{"uhashring_ketama",
      "Python uhashring, hash_fn=\"ketama\"",
      kAsConfigured,
      With(Wide<Md5Word0>, 40),
      {.zero_weight = true, .vnodes = true, .own_vnodes = true}},
     32,
     kFirstAfter,
     kLast,
     AppendUhashringKetama,
     ByShare},
    {{"uhashring",
      "Python uhashring",
      kAsConfigured,
      With(Md5TopBits, 160),
      {.zero_weight = true, .vnodes = true, .own_vnodes = true}},
     64,
     kFirstAfter,
     kLast,
     AppendUhashringDefault,
     PointsByWeight},
    {{"npm_hashring",
      "npm hashring 3",
      kAsConfigured,
      With(Wide<Md5Word0>, 40),
      {.vnodes = true, .own_vnodes = true, .points_per_hash = true}},
     32,
     kFirstAtOrAfter,
     kFirst,
     AppendNpmHashring,
     ByShare},
};

}  // namespace

std::span<const Profile> Profiles() { return kRingProfiles; }

const Profile* FindProfile(absl::string_view name) {
  for (const Profile& profile : kRingProfiles) {
    if (profile.name == name) return &profile;
  }
  return nullptr;
}

}  // namespace clockwise::profile
