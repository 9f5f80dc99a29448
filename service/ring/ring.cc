#include "service/ring/ring.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "service/limits.h"
#include "service/ring/fingerprint.h"
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
    const v1::RingSpec& spec, NodeList nodes) {
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
  return std::shared_ptr<const Ring>(new Ring(spec, std::move(nodes)));
}

Ring::Ring(const v1::RingSpec& spec, NodeList nodes)
    : spec_(spec), rule_(FindLayout(spec.layout())), nodes_(std::move(nodes)) {
  if (rule_->append_points != nullptr) {
    PlacePoints();
  } else {
    for (uint32_t i = 0; i < nodes_.size(); ++i) slot_nodes_.push_back(i);
  }
  NumberZones();
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

void Ring::NumberZones() {
  absl::flat_hash_map<absl::string_view, uint32_t> numbers;
  node_zones_.reserve(nodes_.size());
  for (const NodePtr& node : nodes_) {
    const auto [at, inserted] = numbers.try_emplace(
        node->zone(), static_cast<uint32_t>(numbers.size()));
    node_zones_.push_back(at->second);
  }
  zones_ = static_cast<uint32_t>(numbers.size());
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
    case SlotRule::kFirstPointClockwise:
      break;
  }
  const auto at =
      std::lower_bound(positions_.begin(), positions_.end(), hash.position);
  return at == positions_.end() ? 0
                                : static_cast<size_t>(at - positions_.begin());
}

template <typename Wanted>
void Ring::Walk(size_t slot, std::span<uint32_t> owners, size_t& found,
                size_t until, Wanted wanted) const {
  for (size_t step = 0; found < until && step < slot_nodes_.size(); ++step) {
    const uint32_t node = slot_nodes_[slot];
    if (wanted(node)) owners[found++] = node;
    if (++slot == slot_nodes_.size()) slot = 0;
  }
}

void Ring::OwnersFrom(size_t slot, std::span<uint32_t> owners) const {
  assert(!owners.empty() && owners.size() <= nodes_.size());
  owners[0] = slot_nodes_[slot];
  size_t found = 1;
  if (owners.size() == 1) return;
  if (zones_ > 1) {
    Walk(slot, owners, found, std::min<size_t>(owners.size(), zones_),
         [&](uint32_t node) {
           return std::none_of(owners.begin(), owners.begin() + found,
                               [&](uint32_t owner) {
                                 return node_zones_[owner] == node_zones_[node];
                               });
         });
  }
  Walk(slot, owners, found, owners.size(), [&](uint32_t node) {
    return std::find(owners.begin(), owners.begin() + found, node) ==
           owners.begin() + found;
  });
  assert(found == owners.size() && "every node has at least one slot");
}

absl::uint128 Ring::SlotWidth(size_t slot) const {
  if (positions_.empty()) return 1;
  if (slot > 0) return positions_[slot] - positions_[slot - 1];
  // The first slot's arc wraps. When all points coincide it is the whole
  // circle, which the 64-bit difference shows as 0.
  const uint64_t arc = positions_.front() - positions_.back();
  return arc == 0 ? whole() : absl::uint128(arc);
}

absl::uint128 Ring::whole() const {
  return positions_.empty() ? absl::uint128(slot_nodes_.size())
                            : absl::MakeUint128(1, 0);
}

}  // namespace clockwise
