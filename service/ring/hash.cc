#include "service/ring/hash.h"

// Compiles XXH3 into this file: a call of the shared library would be half of
// the cost of hashing a short key.
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
