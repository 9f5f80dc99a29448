// The hashes of other systems that read byte by byte, as their programs compute
// them on x86-64. libhashkit and twemproxy read the key through a signed char,
// so bytes from 0x80 are sign-extended before they are mixed in. Stateless;
// accept any bytes; 32-bit results. The names are those of libhashkit.
#ifndef CLOCKWISE_SERVICE_RING_PROFILE_SMALL_HASHES_H_
#define CLOCKWISE_SERVICE_RING_PROFILE_SMALL_HASHES_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace clockwise::profile {

// --- Bytes are sign-extended. ---
uint32_t OneAtATime(absl::string_view key);  // by Bob Jenkins
uint32_t Fnv1_32(absl::string_view key);
uint32_t Fnv1a_32(absl::string_view key);
// 64-bit state; returns the low half.
uint32_t Fnv1_64(absl::string_view key);
// 32-bit state despite its name, as in libhashkit and twemproxy.
uint32_t Fnv1a_64(absl::string_view key);
uint32_t Hsieh(absl::string_view key);

// --- Bytes are unsigned. ---
uint32_t Crc32(absl::string_view key);     // as in zlib
uint32_t Crc32_15(absl::string_view key);  // bits 16 to 30 of Crc32
// The CCITT table over a 32-bit accumulator that is never masked.
uint32_t Crc16Twemproxy(absl::string_view key);
uint32_t Crc16Xmodem(absl::string_view key);  // as in Redis
uint32_t Sdbm(absl::string_view key);
uint32_t Djb2(absl::string_view key);
uint32_t Wt6(absl::string_view key);
// HAProxy's full_hash, a bijection of 32-bit numbers.
uint32_t Avalanche(uint32_t a);

}  // namespace clockwise::profile

#endif  // CLOCKWISE_SERVICE_RING_PROFILE_SMALL_HASHES_H_
