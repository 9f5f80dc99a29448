#include "service/ring/profile/key_hashes.h"

#include "absl/strings/str_cat.h"
#include "service/ring/profile/block_hashes.h"
#include "service/ring/profile/small_hashes.h"

namespace clockwise::profile {
namespace {

constexpr NamedHash kTwemproxy[] = {
    {"one_at_a_time", Wide<OneAtATime>},
    {"md5", Wide<Md5Word0>},
    {"crc16", Wide<Crc16Twemproxy>},
    {"crc32", Wide<Crc32_15>},
    {"crc32a", Wide<Crc32>},
    {"fnv1_64", Wide<Fnv1_64>},
    {"fnv1a_64", Wide<Fnv1a_64>},
    {"fnv1_32", Wide<Fnv1_32>},
    {"fnv1a_32", Wide<Fnv1a_32>},
    {"hsieh", Wide<Hsieh>},
    {"murmur", Wide<Murmur2>},
    {"jenkins", Wide<JenkinsLookup3>},
};

constexpr NamedHash kLibmemcached[] = {
    {"default", Wide<OneAtATime>},     {"md5", Wide<Md5Word0>},
    {"crc", Wide<Crc32_15>},           {"fnv1_64", Wide<Fnv1_64>},
    {"fnv1a_64", Wide<Fnv1a_64>},      {"fnv1_32", Wide<Fnv1_32>},
    {"fnv1a_32", Wide<Fnv1a_32>},      {"hsieh", Wide<Hsieh>},
    {"murmur", Wide<Murmur2>},         {"murmur3", Wide<Murmur3>},
    {"jenkins", Wide<JenkinsLookup3>},
};

constexpr NamedHash kHaproxy[] = {
    {"sdbm", Wide<Sdbm>},
    {"djb2", Wide<Djb2>},
    {"wt6", Wide<Wt6>},
    {"crc32", Wide<Crc32>},
};

constexpr NamedHash kEnvoyPoints[] = {
    {"xx_hash", XxHash64},
    {"murmur_hash_2", Murmur64A},
};

}  // namespace

std::span<const NamedHash> LibmemcachedHashes() { return kLibmemcached; }
std::span<const NamedHash> TwemproxyHashes() { return kTwemproxy; }
std::span<const NamedHash> HaproxyHashes() { return kHaproxy; }
std::span<const NamedHash> EnvoyPointHashes() { return kEnvoyPoints; }

HashFunction FindHash(std::span<const NamedHash> hashes,
                      absl::string_view name) {
  for (const NamedHash& known : hashes) {
    if (known.name == name) return known.hash;
  }
  return nullptr;
}

absl::string_view NameOf(std::span<const NamedHash> hashes, HashFunction hash) {
  for (const NamedHash& known : hashes) {
    if (known.hash == hash) return known.name;
  }
  return "";
}

std::string NamesOf(std::span<const NamedHash> hashes) {
  std::string names;
  for (const NamedHash& known : hashes) {
    absl::StrAppend(&names, names.empty() ? "" : ", ", known.name);
  }
  return names;
}

}  // namespace clockwise::profile
