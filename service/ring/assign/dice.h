// Dice spread choices that are all the same: random numbers that are the same
// on every machine. Thread-compatible.
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

  // From 0 to `below` - 1, for 1 <= below.
  uint64_t Roll(uint64_t below) {
    state_ += kGoldenGamma;
    return absl::Uint128High64(absl::uint128(SplitMix64(state_)) * below);
  }

  // Fisher and Yates' shuffle.
  void Shuffle(std::vector<uint32_t>& cards) {
    for (size_t i = cards.size(); i > 1; --i) {
      std::swap(cards[i - 1], cards[Roll(i)]);
    }
  }

  // Slots in an order that depends on nothing but which they are: those that
  // lie side by side in a table had the same fate before, and those that a
  // change takes should have little in common.
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
