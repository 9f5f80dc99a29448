#include "service/ring/fingerprint.h"

#include <xxhash.h>

#include <bit>
#include <memory>
#include <span>
#include <vector>

#include "absl/strings/string_view.h"
#include "service/ring/layout_settings.h"
#include "service/ring/members.h"
#include "service/ring/ring.h"

namespace clockwise {
namespace {

static_assert(std::endian::native == std::endian::little,
              "integers are fed to the checksum as they lie in memory");

class Checksum {
 public:
  Checksum() : state_(XXH3_createState()) { XXH3_64bits_reset(state_.get()); }

  template <typename Integer>
  void AddAll(std::span<const Integer> values) {
    XXH3_64bits_update(state_.get(), values.data(), values.size_bytes());
  }
  template <typename Integer>
  void Add(Integer value) {
    AddAll(std::span<const Integer>(&value, 1));
  }
  void Add(absl::string_view text) {
    Add(static_cast<uint32_t>(text.size()));
    XXH3_64bits_update(state_.get(), text.data(), text.size());
  }
  uint64_t value() const { return XXH3_64bits_digest(state_.get()); }

 private:
  struct Free {
    void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
  };
  std::unique_ptr<XXH3_state_t, Free> state_;
};

}  // namespace

uint64_t Fingerprint(const Ring& ring) {
  Checksum sum;
  const v1::RingSpec& spec = ring.spec();
  sum.Add(static_cast<uint32_t>(spec.layout()));
  sum.Add(spec.virtual_nodes());
  sum.Add(spec.partition_bits());
  sum.Add(spec.replicas());
  sum.Add(static_cast<uint32_t>(ring.nodes().size()));
  for (const NodePtr& node : ring.nodes()) {
    sum.Add(absl::string_view(node->id()));
    sum.Add(absl::string_view(node->hash_key()));
    sum.Add(node->weight());
    sum.Add(absl::string_view(node->zone()));
  }
  const LayoutRule& rule = *FindLayout(spec.layout());
  if (!rule.own()) sum.Add(absl::string_view(SettingsText(spec.settings())));
  if (rule.uses_ordinals()) {
    // Not the ordinals: nodes that came and went between are nothing to it.
    const std::vector<uint32_t> order = ConfiguredOrder(rule, ring.nodes());
    sum.AddAll(std::span<const uint32_t>(order));
  }
  sum.Add(uint64_t{ring.positions().size()});
  sum.AddAll(ring.positions());
  if (spec.layout() == v1::LAYOUT_PARTITIONED || !rule.own()) {
    sum.Add(uint64_t{ring.slot_nodes().size()});
  }
  if (ring.has_arcs() || !rule.own()) sum.AddAll(ring.slot_nodes());
  return sum.value();
}

}  // namespace clockwise
