#include "service/ring/fingerprint.h"

#include <xxhash.h>
#if defined(__x86_64__) && __has_include(<xxh_x86dispatch.h>)
// Computes the same checksums with the widest registers of the processor, in a
// third of the time. The checksum is most of the cost of a small change of a
// large ring.
#include <xxh_x86dispatch.h>
#endif

#include <bit>
#include <span>
#include <vector>

#include "absl/strings/string_view.h"
#include "service/ring/layout_settings.h"
#include "service/ring/members.h"
#include "service/ring/ring.h"

namespace clockwise {

static_assert(std::endian::native == std::endian::little,
              "the checksum reads integers in little-endian order");

void FingerprintSum::Free::operator()(XXH3_state_s* state) const {
  XXH3_freeState(state);
}

FingerprintSum::FingerprintSum(const v1::RingSpec& spec, const NodeList& nodes,
                               size_t points)
    : state_(XXH3_createState()) {
  XXH3_64bits_reset(state_.get());
  Add(static_cast<uint32_t>(spec.layout()));
  Add(spec.virtual_node_count());
  Add(spec.partition_bits());
  Add(spec.replica_count());
  Add(static_cast<uint32_t>(nodes.size()));
  for (const NodePtr& node : nodes) {
    Add(absl::string_view(node->id()));
    Add(absl::string_view(node->hash_key()));
    Add(node->weight());
    Add(absl::string_view(node->zone()));
  }
  const LayoutRule& rule = *FindLayout(spec.layout());
  if (!rule.own()) Add(absl::string_view(SettingsText(spec.settings())));
  if (rule.uses_ordinals(spec.settings())) {
    // Adds the order, not the ordinals: nodes that joined and left in between
    // must not change the fingerprint.
    const std::vector<uint32_t> order = ConfiguredOrder(rule, nodes);
    AddAll(std::span<const uint32_t>(order));
  }
  Add(uint64_t{points});
}

void FingerprintSum::AddBytes(const void* bytes, size_t count) {
  XXH3_64bits_update(state_.get(), bytes, count);
}

void FingerprintSum::Add(absl::string_view text) {
  Add(static_cast<uint32_t>(text.size()));
  AddBytes(text.data(), text.size());
}

uint64_t FingerprintSum::value() const {
  return XXH3_64bits_digest(state_.get());
}

uint64_t Fingerprint(const Ring& ring) {
  const v1::RingSpec& spec = ring.spec();
  FingerprintSum sum(spec, ring.nodes(), ring.positions().size());
  sum.AddAll(ring.positions());
  const bool own = ring.rule().own();
  if (spec.layout() == v1::LAYOUT_PARTITIONED || !own) {
    sum.Add(uint64_t{ring.slot_nodes().size()});
  }
  if (ring.has_arcs() || !own) sum.AddAll(ring.slot_nodes());
  return sum.value();
}

}  // namespace clockwise
