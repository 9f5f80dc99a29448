// The byte-at-a-time hashes of other systems, as their programs compute them on
// x86-64: libhashkit's and twemproxy's read the key through a signed char, so
// bytes from 0x80 are sign-extended before they are mixed in. Stateless, any
// bytes, 32-bit results. libhashkit's names.
#ifndef CLOCKWISE_SERVICE_RING_PROFILE_SMALL_HASHES_H_
#define CLOCKWISE_SERVICE_RING_PROFILE_SMALL_HASHES_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace clockwise::profile {

// --- Bytes are sign-extended. ---
uint32_t OneAtATime(absl::string_view key);  // Bob Jenkins's
uint32_t Fnv1_32(absl::string_view key);
uint32_t Fnv1a_32(absl::string_view key);
// 64-bit state, of which the low half is returned.
uint32_t Fnv1_64(absl::string_view key);
// Despite its name with 32-bit state, as libhashkit and twemproxy have it.
uint32_t Fnv1a_64(absl::string_view key);
uint32_t Hsieh(absl::string_view key);

// --- Bytes are unsigned. ---
uint32_t Crc32(absl::string_view key);     // zlib's
uint32_t Crc32_15(absl::string_view key);  // bits 16 to 30 of it
// CCITT's table over a 32-bit accumulator that is never masked.
uint32_t Crc16Twemproxy(absl::string_view key);
uint32_t Crc16Xmodem(absl::string_view key);  // Redis's
uint32_t Sdbm(absl::string_view key);
uint32_t Djb2(absl::string_view key);
uint32_t Wt6(absl::string_view key);
// HAProxy's full_hash: a bijection of 32 bits.
uint32_t Avalanche(uint32_t a);

}  // namespace clockwise::profile

#endif  // CLOCKWISE_SERVICE_RING_PROFILE_SMALL_HASHES_H_
