// Defines the layouts as data, one row each. A layout is the rule that places
// points on a ring and hashes keys onto it. Stateless.
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

// The hash of a key. `position` is the position in the layout's 64-bit space
// (LocateResponse.hash). `low` holds the next 64 bits if the layout uses a
// wider hash, else 0.
struct KeyHash {
  uint64_t position = 0;
  uint64_t low = 0;
};

// The rule by which a layout finds the slot that owns a key.
enum class SlotRule {
  kFirstEnd,  // slots are points: the first end at or after the position
  kModulo,    // slots are remainders: the key's number mod their count
  kTopBits,   // slots are partitions: the top bits of the hash
};

struct LayoutRule {
  v1::Layout layout;
  SlotRule slot_rule;
  const profile::Rule* traits;  // name and accepted settings
  // At most one of these is set; it places the slots. PARTITIONED has neither.
  const profile::Profile* ring_profile;
  const profile::TableProfile* table_profile;

  // The spelling in flags and texts.
  const char* name() const { return traits->name; }
  // True for Clockwise's own layouts, which reproduce no other system.
  bool own() const { return traits->order == profile::Order::kById; }
  // True if the placement of a ring with this layout and these settings depends
  // on the order in which nodes joined.
  bool uses_ordinals(const v1::LayoutSettings& settings) const {
    return traits->order == profile::Order::kAsConfigured &&
           !settings.sort_hosts();
  }
};

std::span<const LayoutRule> Layouts();

// Returns the rule of `layout`; null if this build has none.
const LayoutRule* FindLayout(v1::Layout layout);

// Returns the layout of `name` ("hashed"), ignoring case. LAYOUT_UNSUPPORTED:
// the name is unknown; the message lists all names.
absl::StatusOr<v1::Layout> ParseLayout(absl::string_view name);

// Returns a readable spec: "hashed, 160 points per unit of weight, 1 owner
// per key".
std::string SpecText(const v1::RingSpec& spec);

// Hashes keys like a ring of `spec`. FindLayout must know its layout.
class KeyHasher {
 public:
  explicit KeyHasher(const v1::RingSpec& spec);
  KeyHash operator()(absl::string_view key) const {
    if (plain_ != nullptr) return {plain_(key) << shift_, 0};
    return BySettings(key);
  }

 private:
  KeyHash BySettings(absl::string_view key) const;

  // The hash function, if it is applied to the whole key without further steps.
  profile::HashFunction plain_ = nullptr;
  int shift_ = 0;  // shifts the result of plain_ to 64 bits
  const LayoutRule* rule_;
  profile::Settings settings_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_LAYOUT_H_
