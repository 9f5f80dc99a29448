#include "service/ring/ring.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/limits.h"
#include "service/ring/fingerprint.h"
#include "service/ring/first_end.h"
#include "service/ring/refusal.h"

namespace clockwise {
namespace {

// Points that `spec` gives to `nodes`; slots where they are no points.
uint64_t CountSlots(const v1::RingSpec& spec, const LayoutRule& rule,
                    const NodeList& nodes) {
  if (rule.append_points == nullptr) return nodes.size();
  uint64_t count = 0;
  for (const NodePtr& node : nodes) {
    count += uint64_t{spec.virtual_nodes()} * node->weight();
  }
  return count;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Ring>> Ring::Build(
    const v1::RingSpec& spec, NodeList nodes, std::vector<uint32_t> table) {
  assert(IsSorted(nodes) && "membership keeps nodes sorted by id");
  const LayoutRule* rule = FindLayout(spec.layout());
  assert(rule != nullptr && "a ring's spec was validated when it was made");
  if (nodes.size() > limits::kMaxNodes) {
    return Refusal(v1::ERROR_REASON_LIMIT_REACHED,
                   absl::StrCat("nodes: ", nodes.size(), " is above ",
                                limits::kMaxNodes, " a ring"));
  }
  const uint64_t slots = CountSlots(spec, *rule, nodes);
  if (slots > limits::kMaxPoints) {
    return Refusal(
        v1::ERROR_REASON_LIMIT_REACHED,
        absl::StrCat("points: ", slots, " (virtual_nodes × weights) is above ",
                     limits::kMaxPoints, " a ring"));
  }
  return std::shared_ptr<const Ring>(
      new Ring(spec, std::move(nodes), std::move(table)));
}

Ring::Ring(const v1::RingSpec& spec, NodeList nodes,
           std::vector<uint32_t> table)
    : spec_(spec),
      rule_(FindLayout(spec.layout())),
      nodes_(std::move(nodes)),
      zones_(NumberZones(nodes_)) {
  switch (rule_->slot_rule) {
    case SlotRule::kFirstPointClockwise:
      PlacePoints();
      break;
    case SlotRule::kModuloNodes:
      for (uint32_t i = 0; i < nodes_.size(); ++i) slot_nodes_.push_back(i);
      break;
    case SlotRule::kTopBits:
      owners_per_slot_ = std::max<size_t>(1, OwnersPerKey(0));
      assert(table.size() == OwnersPerKey(0) << spec_.partition_bits());
      slot_nodes_ = std::move(table);
      break;
  }
  fingerprint_ = clockwise::Fingerprint(*this);
}

void Ring::PlacePoints() {
  struct Point {
    uint64_t position;
    uint32_t node;  // nodes_ is sorted by id, so this orders ties by id
  };
  std::vector<Point> points;
  points.reserve(CountSlots(spec_, *rule_, nodes_));
  std::vector<uint64_t> of_node;
  for (uint32_t i = 0; i < nodes_.size(); ++i) {
    of_node.clear();
    rule_->append_points(spec_, *nodes_[i], of_node);
    for (const uint64_t position : of_node) points.push_back({position, i});
  }
  std::sort(points.begin(), points.end(), [](const Point& a, const Point& b) {
    return a.position != b.position ? a.position < b.position : a.node < b.node;
  });
  positions_.reserve(points.size());
  slot_nodes_.reserve(points.size());
  for (const Point& point : points) {
    positions_.push_back(point.position);
    slot_nodes_.push_back(point.node);
  }
}

size_t Ring::OwnersPerKey(uint32_t replicas) const {
  const uint32_t asked = replicas == 0 ? spec_.replicas() : replicas;
  return std::min<size_t>(asked, nodes_.size());
}

size_t Ring::SlotOf(KeyHash hash) const {
  assert(!nodes_.empty() && "callers refuse an empty ring first");
  switch (rule_->slot_rule) {
    case SlotRule::kModuloNodes: {
      const absl::uint128 whole = absl::MakeUint128(hash.position, hash.low);
      return static_cast<size_t>(whole % nodes_.size());
    }
    case SlotRule::kTopBits:
      return hash.position >> (64 - spec_.partition_bits());
    case SlotRule::kFirstPointClockwise:
      break;
  }
  return FirstEnd(positions_, hash.position);
}

template <typename Wanted>
void Ring::Walk(size_t at, std::span<uint32_t> owners, size_t& found,
                size_t until, Wanted wanted) const {
  for (size_t step = 0; found < until && step < slot_nodes_.size(); ++step) {
    const uint32_t node = slot_nodes_[at];
    if (wanted(node)) owners[found++] = node;
    if (++at == slot_nodes_.size()) at = 0;
  }
}

void Ring::OwnersFrom(size_t slot, std::span<uint32_t> owners) const {
  assert(!owners.empty() && owners.size() <= nodes_.size());
  const size_t first = slot * owners_per_slot_;
  size_t found = std::min(owners.size(), owners_per_slot_);
  std::copy_n(slot_nodes_.begin() + static_cast<ptrdiff_t>(first), found,
              owners.begin());
  if (found == owners.size()) return;
  const auto is_new = [&](uint32_t node) {
    return std::find(owners.begin(), owners.begin() + found, node) ==
           owners.begin() + found;
  };
  if (zones_.count > 1 && rule_->slot_rule != SlotRule::kTopBits) {
    Walk(first, owners, found, std::min<size_t>(owners.size(), zones_.count),
         [&](uint32_t node) {
           return std::none_of(
               owners.begin(), owners.begin() + found, [&](uint32_t owner) {
                 return zones_.of_node[owner] == zones_.of_node[node];
               });
         });
  }
  Walk(first, owners, found, owners.size(), is_new);
  // A node may own no partition at all: there are fewer of them than nodes.
  for (uint32_t node = 0; found < owners.size(); ++node) {
    if (is_new(node)) owners[found++] = node;
  }
}

uint64_t Ring::SlotEnd(size_t slot) const {
  assert(has_arcs());
  if (rule_->slot_rule == SlotRule::kFirstPointClockwise) {
    return positions_[slot];
  }
  const int shift = 64 - static_cast<int>(spec_.partition_bits());
  return ((uint64_t{slot} + 1) << shift) - 1;
}

absl::uint128 Ring::SlotWidth(size_t slot) const {
  if (!has_arcs()) return 1;
  if (slot > 0) return SlotEnd(slot) - SlotEnd(slot - 1);
  // The first slot's arc wraps. When all points coincide it is the whole
  // circle, which the 64-bit difference shows as 0.
  const uint64_t arc = SlotEnd(0) - SlotEnd(slots() - 1);
  return arc == 0 ? whole() : absl::uint128(arc);
}

absl::uint128 Ring::whole() const {
  return has_arcs() ? absl::MakeUint128(1, 0)
                    : absl::uint128(slot_nodes_.size());
}

}  // namespace clockwise
