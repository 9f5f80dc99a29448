// A layout is the rule that puts points on a ring and hashes keys onto it. Here
// are the rules as data: one row per layout. Stateless.
#ifndef CLOCKWISE_SERVICE_RING_LAYOUT_H_
#define CLOCKWISE_SERVICE_RING_LAYOUT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "clockwise/v1/placement.pb.h"

namespace clockwise {

// Where a key lies. `position` is its place in the layout's 64-bit space (what
// LocateResponse.hash tells); `low` holds the next 64 bits where a layout uses
// a wider hash, else 0.
struct KeyHash {
  uint64_t position = 0;
  uint64_t low = 0;
};

// How a layout finds the slot that owns a key.
enum class SlotRule {
  kFirstPointClockwise,  // slots are points; the first position >= the hash
  kModuloNodes,          // one slot a node; the 128-bit hash mod their number
  kTopBits,              // slots are partitions; the hash's top bits
};

struct LayoutRule {
  v1::Layout layout;
  const char* name;  // as flags and people spell it
  SlotRule slot_rule;
  KeyHash (*hash_key)(absl::string_view key);
  // Appends a node's positions, unsorted; null where slots are no points.
  void (*append_points)(const v1::RingSpec& spec, const v1::Node& node,
                        std::vector<uint64_t>& positions);
};

// The rule of `layout`; null if this build has none.
const LayoutRule* FindLayout(v1::Layout layout);

// The layout that is spelt `name` ("hashed", in any case).
// LAYOUT_UNSUPPORTED names those there are.
absl::StatusOr<v1::Layout> ParseLayout(absl::string_view name);

// A spec for people: "hashed, 160 points per unit of weight, 1 owner a key".
std::string SpecText(const v1::RingSpec& spec);

// Where `key` lies in `layout`, which FindLayout must know.
KeyHash HashKey(v1::Layout layout, absl::string_view key);

// XXH3-64 with seed 0 (github.com/Cyan4973/xxHash).
uint64_t Xxh3(absl::string_view bytes);

// The output of SplitMix64 (Steele, Lea, Flood 2014) for a state, after its
// increment was added.
uint64_t SplitMix64(uint64_t state);

// SplitMix64's increment, 2^64 / the golden ratio.
inline constexpr uint64_t kGoldenGamma = 0x9E3779B97F4A7C15;

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_LAYOUT_H_
