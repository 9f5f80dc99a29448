#include "service/ring/hash.h"

// Compiled into this file: half of a short key's cost is the way to a shared
// library.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace clockwise {

uint64_t Xxh3(absl::string_view bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

uint64_t SplitMix64(uint64_t state) {
  state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
  state = (state ^ (state >> 27)) * 0x94D049BB133111EB;
  return state ^ (state >> 31);
}

}  // namespace clockwise
