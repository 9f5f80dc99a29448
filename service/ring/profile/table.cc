#include "service/ring/profile/table.h"

#include <xxhash.h>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string>

#include "service/ring/profile/block_hashes.h"
#include "service/ring/profile/small_hashes.h"

namespace clockwise::profile {
namespace {

constexpr uint32_t kRedisSlots = 16384;

absl::uint128 ByKeyHash(absl::string_view key, const Settings& settings) {
  return HashKeyBy(settings, key);
}

// python-memcached uses 1 instead of 0.
absl::uint128 ByCrc15Or1(absl::string_view key, const Settings&) {
  return std::max(1U, Crc32_15(key));
}

absl::uint128 ByMd5(absl::string_view key, const Settings&) {
  return Md5Number(key);
}

// Repeats each member as often as its weight, member after member.
std::vector<uint32_t> SlotsByWeight(std::span<const Member> members,
                                    const Settings&) {
  std::vector<uint32_t> slots;
  for (uint32_t i = 0; i < members.size(); ++i) {
    slots.insert(slots.end(), members[i].weight, i);
  }
  return slots;
}

// libmemcached's modula ignores weights.
std::vector<uint32_t> OneEach(std::span<const Member> members,
                              const Settings&) {
  std::vector<uint32_t> slots(members.size());
  std::iota(slots.begin(), slots.end(), 0);
  return slots;
}

// HAProxy's map-based: each slot is assigned to the first server of the highest
// rank.
std::vector<uint32_t> ByScore(std::span<const Member> members,
                              const Settings&) {
  uint32_t divisor = 0;
  for (const Member& member : members) {
    divisor = std::gcd(divisor, member.weight);
  }
  if (divisor == 0) return {};
  uint64_t total = 0;
  for (const Member& member : members) total += member.weight / divisor;
  std::vector<uint32_t> slots;
  std::vector<int64_t> scores(members.size());
  const auto whole = static_cast<int64_t>(total);
  for (uint64_t slot = 0; slot < total; ++slot) {
    size_t best = members.size();
    int64_t most = 0;
    for (size_t i = 0; i < members.size(); ++i) {
      if (members[i].weight == 0) continue;
      scores[i] += members[i].weight / divisor;
      const int64_t rank = (scores[i] + whole) / whole;
      if (best == members.size() || rank > most) {
        best = i;
        most = rank;
      }
    }
    scores[best] -= whole;
    slots.push_back(static_cast<uint32_t>(best));
  }
  return slots;
}

// Envoy's Maglev (Eisenbud et al. 2016), with Envoy's weights.
std::vector<uint32_t> ByMaglev(std::span<const Member> members,
                               const Settings& settings) {
  struct Builder {
    uint64_t offset;
    uint64_t skip;
    double weight;
    double target = 0;
    uint64_t next = 0;
  };
  const uint64_t size = settings.table_size;
  double total = 0;
  for (const Member& member : members) total += member.weight;
  if (total == 0) return {};
  std::vector<Builder> builders;
  double most = 0;
  for (const Member& member : members) {
    const std::string& text = member.text;
    builders.push_back({XxHash64(text) % size,
                        XXH64(text.data(), text.size(), 1) % (size - 1) + 1,
                        member.weight / total});
    most = std::max(most, builders.back().weight);
  }
  std::vector<uint32_t> slots(size, ~0U);
  uint64_t claimed = 0;
  for (uint32_t round = 1; claimed < size; ++round) {
    for (uint32_t i = 0; i < builders.size() && claimed < size; ++i) {
      Builder& builder = builders[i];
      if (round * builder.weight < builder.target) continue;
      builder.target += most;
      uint64_t slot;
      do {
        slot = (builder.offset + builder.skip * builder.next++) % size;
      } while (slots[slot] != ~0U);
      slots[slot] = i;
      ++claimed;
    }
  }
  return slots;
}

// Redis Cluster: the tokens of a member are its slots.
std::vector<uint32_t> Explicit(std::span<const Member> members,
                               const Settings&) {
  std::vector<uint32_t> slots(kRedisSlots, ~0U);
  size_t given = 0;
  for (uint32_t i = 0; i < members.size(); ++i) {
    for (const int64_t slot : members[i].tokens) {
      if (slot < 0 || slot >= kRedisSlots) return {};
      uint32_t& owner = slots[static_cast<size_t>(slot)];
      if (owner != ~0U) return {};
      owner = i;
      ++given;
    }
  }
  if (given < kRedisSlots) return {};
  return slots;
}

Settings With(HashFunction key_hash, const char* hash_tag = "") {
  Settings settings;
  settings.key_hash = key_hash;
  settings.hash_tag = hash_tag;
  return settings;
}

uint64_t Count(std::span<const Member> members, const Settings&) {
  return members.size();
}

uint64_t TableSize(std::span<const Member>, const Settings& settings) {
  return settings.table_size;
}

uint64_t RedisSlots(std::span<const Member>, const Settings&) {
  return kRedisSlots;
}

uint64_t TotalWeight(std::span<const Member> members, const Settings&) {
  uint64_t total = 0;
  for (const Member& member : members) total += member.weight;
  return total;
}

uint64_t EachSlotAskedOfAll(std::span<const Member> members,
                            const Settings& settings) {
  return TotalWeight(members, settings) * members.size();
}

// With very different weights, nearly every round assigns only one slot.
uint64_t EachSlotInItsRound(std::span<const Member> members,
                            const Settings& settings) {
  return uint64_t{settings.table_size} * members.size();
}

using enum Order;

const TableProfile kTableProfiles[] = {
    {{"modulo", "Clockwise's own baseline: MD5(key) mod N", kById, {}, {}},
     128,
     ByMd5,
     OneEach,
     Count,
     Count},
    {{"libmemcached_modula",
      "libmemcached MODULA",
      kAsConfigured,
      With(Wide<OneAtATime>),
      {.key_hashes = LibmemcachedHashes(),
       .max_weight = 1,
       .sort_hosts = true}},
     64,
     ByKeyHash,
     OneEach,
     Count,
     Count},
    {{"twemproxy_modula",
      "twemproxy `distribution: modula`",
      kShorterFirst,
      With(Wide<Fnv1a_64>),
      {.key_hashes = TwemproxyHashes(), .hash_tag = true}},
     64,
     ByKeyHash,
     SlotsByWeight,
     TotalWeight,
     TotalWeight},
    {{"nginx_modulo",
      "nginx `hash` without `consistent`",
      kAsConfigured,
      With(Wide<Crc32_15>),
      {}},
     64,
     ByKeyHash,
     SlotsByWeight,
     TotalWeight,
     TotalWeight},
    {{"python_memcached",
      "python-memcached, Perl Cache::Memcached",
      kAsConfigured,
      {},
      {}},
     64,
     ByCrc15Or1,
     SlotsByWeight,
     TotalWeight,
     TotalWeight},
    {{"crc32_modulo", "crc32(key) % N", kAsConfigured, With(Wide<Crc32>), {}},
     64,
     ByKeyHash,
     SlotsByWeight,
     TotalWeight,
     TotalWeight},
    {{"md5_modulo", "md5(key) % N, in the order added", kAsConfigured, {}, {}},
     128,
     ByMd5,
     SlotsByWeight,
     TotalWeight,
     TotalWeight},
    {{"haproxy_map",
      "HAProxy `hash-type map-based`",
      kAsConfigured,
      With(Wide<Sdbm>),
      {.key_hashes = HaproxyHashes(),
       .max_weight = 256,
       .zero_weight = true,
       .avalanche = true,
       .numeric_text = true}},
     64,
     ByKeyHash,
     ByScore,
     TotalWeight,
     EachSlotAskedOfAll},
    {{"envoy_maglev",
      "Envoy MAGLEV",
      kByText,
      With(XxHash64),
      {.table_size = true}},
     64,
     ByKeyHash,
     ByMaglev,
     TableSize,
     EachSlotInItsRound},
    {{"redis_cluster",
      "Redis Cluster, 16,384 slots set explicitly",
      kAsConfigured,
      With(Wide<Crc16Xmodem>, "{}"),
      {.max_weight = 1, .tokens = kRedisSlots}},
     64,
     ByKeyHash,
     Explicit,
     RedisSlots,
     RedisSlots},
};

}  // namespace

std::span<const TableProfile> TableProfiles() { return kTableProfiles; }

const TableProfile* FindTableProfile(absl::string_view name) {
  for (const TableProfile& profile : kTableProfiles) {
    if (profile.name == name) return &profile;
  }
  return nullptr;
}

std::vector<uint32_t> PlaceTable(const TableProfile& profile,
                                 const Settings& settings,
                                 std::span<const Member> members) {
  const std::vector<uint32_t> order =
      Ordered(OrderOf(profile, settings), members);
  std::vector<uint32_t> slots = profile.slots(Picked(members, order), settings);
  for (uint32_t& slot : slots) slot = order[slot];
  return slots;
}

}  // namespace clockwise::profile
