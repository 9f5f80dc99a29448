// The hashes that other systems' configurations name. Stateless.
#ifndef CLOCKWISE_SERVICE_RING_PROFILE_KEY_HASHES_H_
#define CLOCKWISE_SERVICE_RING_PROFILE_KEY_HASHES_H_

#include <cstdint>
#include <span>
#include <string>

#include "absl/strings/string_view.h"

namespace clockwise::profile {

using HashFunction = uint64_t (*)(absl::string_view key);

struct NamedHash {
  absl::string_view name;
  HashFunction hash;
};

// The names are those of libmemcached, twemproxy and HAProxy. "crc32" has 32
// bits in HAProxy, but 15 in twemproxy; so has "crc" in libmemcached.
std::span<const NamedHash> LibmemcachedHashes();
std::span<const NamedHash> TwemproxyHashes();
std::span<const NamedHash> HaproxyHashes();
// The hashes of points in Envoy.
std::span<const NamedHash> EnvoyPointHashes();

// Returns the hash `name`; null if there is none.
HashFunction FindHash(std::span<const NamedHash> hashes,
                      absl::string_view name);
// Returns the first name of `hash`, which must be in `hashes`.
absl::string_view NameOf(std::span<const NamedHash> hashes, HashFunction hash);
// Returns a list like "crc, md5, murmur".
std::string NamesOf(std::span<const NamedHash> hashes);

// Converts a 32-bit hash function to a 64-bit one.
template <uint32_t (*hash)(absl::string_view)>
uint64_t Wide(absl::string_view key) {
  return hash(key);
}

}  // namespace clockwise::profile

#endif  // CLOCKWISE_SERVICE_RING_PROFILE_KEY_HASHES_H_
