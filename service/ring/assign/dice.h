// Dice generates pseudo-random numbers that are the same on every machine. It
// decides between equally good choices. Thread-compatible.
#ifndef CLOCKWISE_SERVICE_RING_ASSIGN_DICE_H_
#define CLOCKWISE_SERVICE_RING_ASSIGN_DICE_H_

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "absl/numeric/int128.h"
#include "service/ring/hash.h"

namespace clockwise {

class Dice {
 public:
  explicit Dice(uint64_t seed) : state_(seed) {}

  // Returns a number from 0 to `below` - 1. Requires 1 <= below.
  uint64_t Roll(uint64_t below) {
    state_ += kGoldenGamma;
    return absl::Uint128High64(absl::uint128(SplitMix64(state_)) * below);
  }

  // Shuffles `cards` (Fisher and Yates).
  void Shuffle(std::vector<uint32_t>& cards) {
    for (size_t i = cards.size(); i > 1; --i) {
      std::swap(cards[i - 1], cards[Roll(i)]);
    }
  }

  // Returns `slots` in a random order that depends only on the set of slots,
  // not on their order. Adjacent partitions often changed hands together
  // before. A shuffled order keeps a change from moving them together again.
  std::vector<uint32_t> Mixed(std::span<const uint32_t> slots) {
    std::vector<uint32_t> mixed(slots.begin(), slots.end());
    std::sort(mixed.begin(), mixed.end());
    Shuffle(mixed);
    return mixed;
  }

 private:
  uint64_t state_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_ASSIGN_DICE_H_
