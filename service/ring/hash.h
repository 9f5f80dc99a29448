// The hashes of Clockwise's own layouts. Stateless.
#ifndef CLOCKWISE_SERVICE_RING_HASH_H_
#define CLOCKWISE_SERVICE_RING_HASH_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace clockwise {

// Returns XXH3-64 with seed 0 (github.com/Cyan4973/xxHash).
uint64_t Xxh3(absl::string_view bytes);

// Returns the output of SplitMix64 (Steele, Lea, Flood 2014) for a state to
// which the increment was added already.
uint64_t SplitMix64(uint64_t state);

// The increment of SplitMix64, 2^64 / the golden ratio.
inline constexpr uint64_t kGoldenGamma = 0x9E3779B97F4A7C15;

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_HASH_H_
