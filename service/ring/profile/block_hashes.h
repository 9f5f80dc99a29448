// The hashes of other systems that read whole words, with the seeds and quirks
// of those programs. Stateless; accept any bytes. Require a little-endian
// machine (service/ring/fingerprint.cc asserts it).
#ifndef CLOCKWISE_SERVICE_RING_PROFILE_BLOCK_HASHES_H_
#define CLOCKWISE_SERVICE_RING_PROFILE_BLOCK_HASHES_H_

#include <array>
#include <cstdint>

#include "absl/numeric/int128.h"
#include "absl/strings/string_view.h"

namespace clockwise::profile {

// Returns the MD5 as four little-endian words, as ketama reads it.
std::array<uint32_t, 4> Md5Words(absl::string_view key);
uint32_t Md5Word0(absl::string_view key);
// Return the MD5 as one big-endian number, and its first eight bytes.
absl::uint128 Md5Number(absl::string_view key);
uint64_t Md5TopBits(absl::string_view key);

// MurmurHash2 with libhashkit's seed, 0xdeadbeef × length.
uint32_t Murmur2(absl::string_view key);
// MurmurHash3_x86_32 with the same seed.
uint32_t Murmur3(absl::string_view key);
// lookup3's hashlittle with initval 13.
uint32_t JenkinsLookup3(absl::string_view key);

uint64_t XxHash64(absl::string_view key);  // seed 0
// MurmurHash64A with seed 0xc70f6907: Envoy's MURMUR_HASH_2.
uint64_t Murmur64A(absl::string_view key);
// Returns the signed token of a serialized partition key, as Cassandra's
// Murmur3Partitioner computes it. Tail bytes are sign-extended, -2^63 becomes
// 2^63 - 1, and the empty key is -2^63.
int64_t CassandraToken(absl::string_view key);

}  // namespace clockwise::profile

#endif  // CLOCKWISE_SERVICE_RING_PROFILE_BLOCK_HASHES_H_
