#include "service/ring/profile/profile.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

#include "service/ring/profile/block_hashes.h"
#include "service/ring/profile/points.h"
#include "service/ring/profile/small_hashes.h"

namespace clockwise::profile {
namespace {

// A hash of 32 bits as one of 64.
template <uint32_t (*hash)(absl::string_view)>
uint64_t Wide(absl::string_view key) {
  return hash(key);
}

uint64_t TokenPosition(absl::string_view key) {
  return static_cast<uint64_t>(CassandraToken(key)) ^ uint64_t { 1 } << 63;
}

constexpr std::pair<absl::string_view, HashFunction> kKeyHashes[] = {
    {"default", Wide<OneAtATime>},
    {"one_at_a_time", Wide<OneAtATime>},
    {"md5", Wide<Md5Word0>},
    {"crc", Wide<Crc32_15>},
    {"crc32", Wide<Crc32_15>},
    {"crc32a", Wide<Crc32>},
    {"crc16", Wide<Crc16Twemproxy>},
    {"fnv1_64", Wide<Fnv1_64>},
    {"fnv1a_64", Wide<Fnv1a_64>},
    {"fnv1_32", Wide<Fnv1_32>},
    {"fnv1a_32", Wide<Fnv1a_32>},
    {"hsieh", Wide<Hsieh>},
    {"murmur", Wide<Murmur2>},
    {"murmur3", Wide<Murmur3>},
    {"jenkins", Wide<JenkinsLookup3>},
    {"sdbm", Wide<Sdbm>},
    {"djb2", Wide<Djb2>},
    {"wt6", Wide<Wt6>},
    {"crc32_zlib", Wide<Crc32>},
    {"crc16_xmodem", Wide<Crc16Xmodem>},
    {"xxh64", XxHash64},
};

constexpr Settings With(HashFunction key_hash, uint32_t vnodes) {
  Settings settings;
  settings.key_hash = key_hash;
  settings.vnodes = vnodes;
  return settings;
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

const std::vector<Profile>& Table() {
  using enum Order;
  using enum Search;
  using enum Ties;
  static const auto& table = *new std::vector<Profile>{
      {"ketama", "libmemcached KETAMA", 32, kAsConfigured, kFirstAtOrAfter,
       kFirst, With(Wide<OneAtATime>, 100), AppendLibmemcached},
      {"ketama_weighted", "libmemcached KETAMA_WEIGHTED", 32, kAsConfigured,
       kFirstAtOrAfter, kFirst, With(Wide<Md5Word0>, 40),
       AppendLibmemcachedWeighted},
      {"libketama", "libketama (Last.fm)", 32, kAsConfigured, kFirstAtOrAfter,
       kFirst, With(Wide<Md5Word0>, 40), AppendLibketama},
      {"twemproxy_ketama", "twemproxy distribution: ketama", 32, kShorterFirst,
       kFirstAtOrAfter, kFirst, With(Wide<Fnv1a_64>, 40),
       AppendLibmemcachedWeighted},
      {"nginx", "nginx hash … consistent", 32, kAsConfigured, kFirstAtOrAfter,
       kFirst, With(Wide<Crc32>, 160), AppendNginx},
      {"envoy_ring_hash", "Envoy ring_hash", 64, kAsConfigured, kFirstAtOrAfter,
       kFirst, EnvoySettings(8388608), AppendEnvoy},
      {"grpc_ring_hash", "gRPC ring_hash (C-core, Node)", 64, kAsConfigured,
       kFirstAtOrAfter, kFirst, EnvoySettings(4096), AppendEnvoy},
      {"grpc_go_ring_hash", "gRPC ring_hash (Go)", 64, kByText, kFirstAtOrAfter,
       kFirst, EnvoySettings(4096), AppendEnvoy},
      {"haproxy", "HAProxy hash-type consistent", 32, kAsConfigured, kNearest,
       kFirst, HaproxySettings(), AppendHaproxy},
      {"cassandra", "Cassandra and ScyllaDB, Murmur3Partitioner", 64,
       kAsConfigured, kFirstAtOrAfter, kFirst, With(TokenPosition, 0),
       AppendTokens},
      {"uhashring_ketama", "uhashring hash_fn=\"ketama\"", 32, kAsConfigured,
       kFirstAfter, kLast, With(Wide<Md5Word0>, 40), AppendUhashringKetama},
      {"uhashring", "uhashring", 64, kAsConfigured, kFirstAfter, kLast,
       With(Md5TopBits, 160), AppendUhashringDefault},
      {"npm_hashring", "npm hashring 3", 32, kAsConfigured, kFirstAtOrAfter,
       kFirst, With(Wide<Md5Word0>, 40), AppendNpmHashring},
      {"groupcache", "groupcache consistenthash", 32, kAsConfigured,
       kFirstAtOrAfter, kLast, With(Wide<Crc32>, 50), AppendGroupcache},
  };
  return table;
}

// What lies between the first of the tag's two characters and the next second
// one, if that is not nothing; else, or if `tag` is empty, the whole key.
absl::string_view Tagged(absl::string_view key, absl::string_view tag) {
  if (tag.size() != 2) return key;
  const size_t start = key.find(tag[0]);
  if (start == absl::string_view::npos) return key;
  const size_t end = key.find(tag[1], start + 1);
  if (end == absl::string_view::npos || end == start + 1) return key;
  return key.substr(start + 1, end - start - 1);
}

// Nearest, told as ends: a point's reach ends half-way to the next one; there,
// it is still its own. Of points at one position the first owns what lies
// before it and the last what lies behind.
void EndHalfWay(std::vector<Point>& points) {
  if (points.empty()) return;
  const uint64_t first = points.front().position;
  for (size_t i = 0; i < points.size(); ++i) {
    const uint64_t here = points[i].position;
    const uint64_t next =
        i + 1 < points.size() ? points[i + 1].position : first;
    const auto gap = static_cast<uint32_t>(next - here);
    points[i].position = static_cast<uint32_t>(here + gap / 2);
  }
}

}  // namespace

std::span<const Profile> Profiles() { return Table(); }

const Profile* FindProfile(absl::string_view name) {
  for (const Profile& profile : Table()) {
    if (profile.name == name) return &profile;
  }
  return nullptr;
}

HashFunction FindKeyHash(absl::string_view name) {
  for (const auto& [known, hash] : kKeyHashes) {
    if (known == name) return hash;
  }
  return nullptr;
}

std::vector<uint32_t> Ordered(Order order, std::span<const Member> members) {
  std::vector<uint32_t> indexes(members.size());
  std::iota(indexes.begin(), indexes.end(), 0);
  if (order == Order::kAsConfigured) return indexes;
  std::stable_sort(
      indexes.begin(), indexes.end(), [&](uint32_t left, uint32_t right) {
        const std::string& a = members[left].text;
        const std::string& b = members[right].text;
        if (order == Order::kShorterFirst && a.size() != b.size()) {
          return a.size() < b.size();
        }
        return a < b;
      });
  return indexes;
}

std::vector<Member> Picked(std::span<const Member> members,
                           std::span<const uint32_t> indexes) {
  std::vector<Member> picked;
  picked.reserve(indexes.size());
  for (const uint32_t index : indexes) picked.push_back(members[index]);
  return picked;
}

Slots Place(const Profile& profile, const Settings& settings,
            std::span<const Member> members) {
  const std::vector<uint32_t> order = Ordered(profile.order, members);
  std::vector<Point> points;
  profile.append_points(Picked(members, order), settings, points);
  if (profile.ties == Ties::kLast) {
    std::reverse(points.begin(), points.end());
  }
  const auto sort = [&points] {
    std::stable_sort(
        points.begin(), points.end(),
        [](const Point& a, const Point& b) { return a.position < b.position; });
  };
  sort();
  if (profile.search == Search::kNearest) {
    EndHalfWay(points);
    sort();
  }
  const int shift = 64 - profile.position_bits;
  if (profile.search == Search::kFirstAfter) {
    // The first position above a hash is the first, less one, that is not below
    // it; one less than 0 is the greatest.
    for (Point& point : points) {
      point.position = (point.position - 1) << shift >> shift;
    }
    sort();
  }
  Slots slots;
  for (const Point& point : points) {
    slots.ends.push_back(point.position << shift);
    slots.members.push_back(order[point.member]);
  }
  return slots;
}

uint64_t HashKeyBy(const Settings& settings, absl::string_view key) {
  const uint64_t hash = settings.key_hash(Tagged(key, settings.hash_tag));
  return settings.avalanche ? Avalanche(static_cast<uint32_t>(hash)) : hash;
}

uint64_t KeyPosition(const Profile& profile, const Settings& settings,
                     absl::string_view key) {
  return HashKeyBy(settings, key) << (64 - profile.position_bits);
}

}  // namespace clockwise::profile
