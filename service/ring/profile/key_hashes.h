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

// By the names that libmemcached, twemproxy and HAProxy give them: HAProxy's
// crc32 is the whole of it, twemproxy's and libmemcached's 15 bits.
std::span<const NamedHash> LibmemcachedHashes();
std::span<const NamedHash> TwemproxyHashes();
std::span<const NamedHash> HaproxyHashes();
// Envoy's, of points.
std::span<const NamedHash> EnvoyPointHashes();

// Null if there is none.
HashFunction FindHash(std::span<const NamedHash> hashes,
                      absl::string_view name);
// The first name of `hash`, which must be among them.
absl::string_view NameOf(std::span<const NamedHash> hashes, HashFunction hash);
// "crc, md5, murmur"
std::string NamesOf(std::span<const NamedHash> hashes);

// A hash of 32 bits as one of 64.
template <uint32_t (*hash)(absl::string_view)>
uint64_t Wide(absl::string_view key) {
  return hash(key);
}

}  // namespace clockwise::profile

#endif  // CLOCKWISE_SERVICE_RING_PROFILE_KEY_HASHES_H_
