// A layout is the rule that puts points on a ring and hashes keys onto it. Here
// are the rules as data: one row per layout. Stateless.
#ifndef CLOCKWISE_SERVICE_RING_LAYOUT_H_
#define CLOCKWISE_SERVICE_RING_LAYOUT_H_

#include <cstdint>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "clockwise/v1/placement.pb.h"
#include "service/ring/profile/profile.h"
#include "service/ring/profile/table.h"

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
  kFirstEnd,  // slots are points; the first end at or behind the position
  kModulo,    // slots are remainders; the key's number mod their number
  kTopBits,   // slots are partitions; the hash's top bits
};

struct LayoutRule {
  v1::Layout layout;
  SlotRule slot_rule;
  const profile::Rule* traits;  // name and accepted settings
  // Exactly one of these is set; it says how slots are placed.
  const profile::Profile* ring_profile;
  const profile::TableProfile* table_profile;

  // As flags and people spell it.
  const char* name() const { return traits->name; }
  // Clockwise's own, which reproduces no other system.
  bool own() const { return traits->order == profile::Order::kById; }
  // Whether placement depends on the order in which nodes joined.
  bool uses_ordinals() const {
    return traits->order == profile::Order::kAsConfigured;
  }
};

std::span<const LayoutRule> Layouts();

// The rule of `layout`; null if this build has none.
const LayoutRule* FindLayout(v1::Layout layout);

// The layout that is spelt `name` ("hashed", in any case).
// LAYOUT_UNSUPPORTED names those there are.
absl::StatusOr<v1::Layout> ParseLayout(absl::string_view name);

// A spec for people: "hashed, 160 points per unit of weight, 1 owner a key".
std::string SpecText(const v1::RingSpec& spec);

// Hashes keys as a ring of `spec` does; FindLayout must know its layout.
class KeyHasher {
 public:
  explicit KeyHasher(const v1::RingSpec& spec);
  KeyHash operator()(absl::string_view key) const {
    if (plain_ != nullptr) return {plain_(key) << shift_, 0};
    return BySettings(key);
  }

 private:
  KeyHash BySettings(absl::string_view key) const;

  // The hash, where it is of the whole key and as it is.
  profile::HashFunction plain_ = nullptr;
  int shift_ = 0;  // of plain_, to 64 bits
  const LayoutRule* rule_;
  profile::Settings settings_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_LAYOUT_H_
