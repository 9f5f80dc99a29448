#include "service/ring/ring.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/limits.h"
#include "service/ring/fingerprint.h"
#include "service/ring/layout_settings.h"
#include "service/ring/members.h"
#include "service/ring/point_edits.h"

namespace clockwise {
namespace {

absl::Status TooMuch(absl::string_view what, uint64_t count, uint64_t most) {
  return Refusal(v1::ERROR_REASON_LIMIT_REACHED,
                 absl::StrCat(what, ": ", count, " is above ", most,
                              ", the maximum per ring"));
}

absl::Status CheckSlots(const LayoutRule& rule,
                        const profile::Settings& settings,
                        std::span<const profile::Member> members) {
  if (rule.ring_profile != nullptr) {
    const uint64_t points = rule.ring_profile->most_points(members, settings);
    if (points <= limits::kMaxPoints) return absl::OkStatus();
    return TooMuch("points (virtual_nodes × weights)", points,
                   limits::kMaxPoints);
  }
  const uint64_t slots = rule.table_profile->most_slots(members, settings);
  if (slots > limits::kMaxPoints) {
    return TooMuch("slots (the sum of weights)", slots, limits::kMaxPoints);
  }
  const uint64_t work = rule.table_profile->work(members, settings);
  if (work <= limits::kMaxTableWork) return absl::OkStatus();
  return TooMuch("slots × nodes", work, limits::kMaxTableWork);
}

std::optional<profile::NetworkTopologyStrategy> TopologyOf(
    const v1::RingSpec& spec, const NodeList& nodes) {
  const auto& replicas = spec.settings().data_centre_replicas();
  if (replicas.empty()) return std::nullopt;
  std::vector<profile::Location> locations;
  locations.reserve(nodes.size());
  for (const NodePtr& node : nodes) {
    locations.push_back(profile::ParseLocation(node->zone()));
  }
  return profile::NetworkTopologyStrategy(
      locations,
      std::map<std::string, uint32_t>(replicas.begin(), replicas.end()));
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Ring>> Ring::Build(
    const v1::RingSpec& spec, NodeList nodes, std::vector<uint32_t> table) {
  assert(IsSorted(nodes) && "membership keeps nodes sorted by id");
  assert(FindLayout(spec.layout()) != nullptr &&
         "a ring's spec was validated when it was created");
  if (nodes.size() > limits::kMaxNodes) {
    return TooMuch("nodes", nodes.size(), limits::kMaxNodes);
  }
  auto ring = std::shared_ptr<Ring>(new Ring(spec, std::move(nodes)));
  if (absl::Status status = ring->PlaceNodes(); !status.ok()) return status;
  if (ring->rule_->slot_rule == SlotRule::kTopBits) {
    assert(table.size() == ring->OwnersPerKey(0) << spec.partition_bits());
    ring->owners_per_slot_ = std::max<size_t>(1, ring->OwnersPerKey(0));
    ring->partition_shift_ = 64 - static_cast<int>(spec.partition_bits());
    ring->slot_nodes_ = std::move(table);
  }
  std::vector<bool> placed(ring->nodes_.size());
  for (const uint32_t node : ring->slot_nodes_) placed[node] = true;
  ring->CountPlaced(placed);
  ring->FillNext();
  ring->fingerprint_ = clockwise::Fingerprint(*ring);
  return ring;
}

Ring::Ring(const v1::RingSpec& spec, NodeList nodes)
    : spec_(spec),
      rule_(FindLayout(spec.layout())),
      hasher_(spec),
      nodes_(std::move(nodes)) {
  if (spec.layout() == v1::LAYOUT_CASSANDRA) {
    topology_ = TopologyOf(spec, nodes_);
  } else {
    zones_ = NumberZones(nodes_);
  }
}

void Ring::CountPlaced(const std::vector<bool>& placed) {
  std::vector<bool> zones(zones_.count);
  placed_nodes_ = 0;
  for (size_t i = 0; i < placed.size(); ++i) {
    if (!placed[i]) continue;
    ++placed_nodes_;
    if (!zones.empty()) zones[zones_.of_node[i]] = true;
  }
  placed_zones_ =
      static_cast<size_t>(std::count(zones.begin(), zones.end(), true));
}

std::shared_ptr<const Ring> Ring::AfterMigration() const {
  v1::RingSpec spec = spec_;
  spec.clear_migrating_from();
  std::vector<uint32_t> table;
  if (rule_->slot_rule == SlotRule::kTopBits) table = slot_nodes_;
  // A ring that was built once can be built again.
  return *Build(spec, nodes_, std::move(table));
}

absl::Status Ring::PlaceNodes() {
  const std::vector<uint32_t> order = ConfiguredOrder(*rule_, nodes_);
  auto members = MembersOf(spec_, *rule_, nodes_, order);
  if (!members.ok()) return members.status();
  if (rule_->slot_rule == SlotRule::kTopBits) return absl::OkStatus();
  const profile::Settings settings = SettingsOf(*rule_->traits, spec_);
  if (absl::Status status = CheckSlots(*rule_, settings, *members);
      !status.ok()) {
    return status;
  }
  if (nodes_.empty()) return absl::OkStatus();
  if (rule_->ring_profile != nullptr) {
    profile::Slots slots =
        profile::PlacePoints(*rule_->ring_profile, settings, *members);
    positions_ = std::move(slots.ends);
    slot_nodes_ = std::move(slots.members);
  } else {
    slot_nodes_ =
        profile::PlaceTable(*rule_->table_profile, settings, *members);
  }
  for (uint32_t& node : slot_nodes_) node = order[node];
  if (rule_->ring_profile != nullptr) {
    index_ = LineIndex(positions_, slot_nodes_, nodes_.size());
    primary_by_index_ = !topology_.has_value();
  }
  if (!slot_nodes_.empty()) return absl::OkStatus();
  return Refusal(v1::ERROR_REASON_NODES_UNPLACEABLE,
                 absl::StrCat("none of the ", nodes_.size(),
                              " nodes has a place on the ring"),
                 "nodes.weight");
}

size_t Ring::OwnersPerKey(uint32_t replicas) const {
  if (replicas == 0 && topology_.has_value()) return topology_->replicas();
  const uint32_t asked = replicas == 0 ? spec_.replica_count() : replicas;
  return std::min<size_t>(asked, nodes_.size());
}

size_t Ring::SlotOf(KeyHash hash) const {
  assert(!nodes_.empty() && "callers reject an empty ring first");
  switch (rule_->slot_rule) {
    case SlotRule::kModulo: {
      if (rule_->table_profile->number_bits == 64)
        return hash.position % slots();
      const absl::uint128 number = absl::MakeUint128(hash.position, hash.low);
      return static_cast<size_t>(number % slots());
    }
    case SlotRule::kTopBits:
      return hash.position >> partition_shift_;
    case SlotRule::kFirstEnd:
      break;
  }
  return index_.Slot(hash.position);
}

uint32_t Ring::PrimaryFrom(size_t slot) const {
  if (topology_.has_value()) return topology_->Replicas(slot_nodes_, slot)[0];
  return slot_nodes_[slot * owners_per_slot_];
}

void Ring::PrimariesOf(std::span<const absl::string_view> keys,
                       std::span<uint32_t> primaries) const {
  if (!primary_by_index_) {
    for (size_t i = 0; i < keys.size(); ++i) {
      primaries[i] = PrimaryOf(Hash(keys[i]));
    }
    return;
  }
  assert(keys.size() <= kAtOnce);
  std::array<uint64_t, kAtOnce> positions;
  for (size_t i = 0; i < keys.size(); ++i) {
    positions[i] = Hash(keys[i]).position;
  }
  index_.Nodes(std::span(positions).first(keys.size()), primaries);
}

template <typename Wanted>
size_t Ring::Walk(size_t at, std::span<uint32_t> owners, size_t& found,
                  size_t until, Wanted wanted) const {
  size_t step = 0;
  for (; found < until && step < slot_nodes_.size(); ++step) {
    const uint32_t node = slot_nodes_[at];
    if (wanted(node)) owners[found++] = node;
    if (++at == slot_nodes_.size()) at = 0;
  }
  return step;
}

size_t Ring::OwnersFrom(size_t slot, std::span<uint32_t> owners) const {
  assert(!owners.empty() && owners.size() <= nodes_.size());
  // The first n owners do not depend on how many are requested.
  if (next_width_ > 0 && owners.size() <= next_width_ + 1) {
    owners[0] = slot_nodes_[slot];
    CopyNext(slot, owners);
    return 1;
  }
  return WalkFrom(slot, owners);
}

size_t Ring::WalkFrom(size_t slot, std::span<uint32_t> owners) const {
  const size_t first = slot * owners_per_slot_;
  size_t found = 0;
  if (topology_.has_value()) {
    for (const uint32_t node : topology_->Replicas(slot_nodes_, slot)) {
      if (found < owners.size()) owners[found++] = node;
    }
  } else {
    found = std::min(owners.size(), owners_per_slot_);
    std::copy_n(slot_nodes_.begin() + static_cast<ptrdiff_t>(first), found,
                owners.begin());
  }
  size_t walked = 1;
  if (found == owners.size()) return walked;
  const auto is_new = [&](uint32_t node) {
    return std::find(owners.begin(), owners.begin() + found, node) ==
           owners.begin() + found;
  };
  if (placed_zones_ > 1 && rule_->slot_rule != SlotRule::kTopBits) {
    walked = Walk(
        first, owners, found, std::min<size_t>(owners.size(), placed_zones_),
        [&](uint32_t node) {
          return std::none_of(
              owners.begin(), owners.begin() + found, [&](uint32_t owner) {
                return zones_.of_node[owner] == zones_.of_node[node];
              });
        });
  }
  walked =
      std::max(walked, Walk(first, owners, found,
                            std::min(owners.size(), placed_nodes_), is_new));
  // Nodes of weight 0 own no slot. With fewer slots than nodes, others do not
  // either.
  for (uint32_t node = 0; found < owners.size(); ++node) {
    if (is_new(node)) owners[found++] = node;
  }
  return walked;
}

uint64_t Ring::SlotEnd(size_t slot) const {
  assert(has_arcs());
  if (rule_->slot_rule == SlotRule::kFirstEnd) {
    return positions_[slot];
  }
  return ((uint64_t{slot} + 1) << partition_shift_) - 1;
}

absl::uint128 Ring::SlotWidth(size_t slot) const {
  if (!has_arcs()) return 1;
  if (slot > 0) return SlotEnd(slot) - SlotEnd(slot - 1);
  // The first slot's arc wraps. If all points coincide, it is the whole circle,
  // which the 64-bit difference shows as 0.
  const uint64_t arc = SlotEnd(0) - SlotEnd(slots() - 1);
  return arc == 0 ? whole() : absl::uint128(arc);
}

size_t Ring::bytes() const {
  return positions_.size() * sizeof(positions_[0]) +
         slot_nodes_.size() * sizeof(slot_nodes_[0]) +
         next_owners_.size() * sizeof(next_owners_[0]) + index_.bytes();
}

bool Ring::SameArrays(const Ring& other) const {
  return positions_ == other.positions_ && slot_nodes_ == other.slot_nodes_ &&
         next_owners_ == other.next_owners_ &&
         next_width_ == other.next_width_ && index_.SameLines(other.index_);
}

absl::uint128 Ring::whole() const {
  return has_arcs() ? absl::MakeUint128(1, 0)
                    : absl::uint128(slot_nodes_.size());
}

// --- The precomputed owners of each slot ---

namespace {

// Checks whether a node that stays has another zone.
bool ZonesChange(const NodeList& before, const NodeList& after,
                 const Renumbering& renumbering) {
  for (uint32_t i = 0; i < before.size(); ++i) {
    if (!renumbering.Stays(i)) continue;
    const NodePtr& now = after[renumbering(i)];
    if (now != before[i] && now->zone() != before[i]->zone()) return true;
  }
  return false;
}

}  // namespace

size_t Ring::NextWidth() const {
  const size_t owners = OwnersPerKey(0);
  if (owners < 2 || !primary_by_index_ || nodes_.size() > 65535 ||
      slots() * owners > limits::kMaxPrecomputedOwners) {
    return 0;
  }
  return owners - 1;
}

size_t Ring::FillNextOf(size_t slot) {
  uint32_t room[limits::kMaxReplicas];
  const std::span<uint32_t> owners(room, next_width_ + 1);
  const size_t walked = WalkFrom(slot, owners);
  for (size_t i = 0; i < next_width_; ++i) {
    next_owners_[slot * next_width_ + i] = static_cast<uint16_t>(owners[i + 1]);
  }
  return walked;
}

void Ring::FillNext() {
  next_width_ = NextWidth();
  next_owners_.resize(slots() * next_width_);
  if (next_width_ == 0) return;
  for (size_t slot = 0; slot < slots(); ++slot) FillNextOf(slot);
}

// The owners of a slot depend on the points from it on, up to the point where
// its walk ends. If the zones change, every walk may change, so all slots are
// computed again. Otherwise the owners are copied and renumbered first. Only
// slots whose walk reaches an edit can then be wrong.
void Ring::PatchNext(const Ring& before, const PointEdits& edits) {
  next_width_ = NextWidth();
  if (next_width_ != before.next_width_ ||
      placed_zones_ != before.placed_zones_ ||
      // Some owners are then not found by walking, but are the first nodes of
      // the list that own no slot.
      OwnersPerKey(0) > std::min(placed_nodes_, before.placed_nodes_) ||
      ZonesChange(before.nodes_, nodes_, edits.renumbering())) {
    FillNext();
    return;
  }
  if (next_width_ == 0) return;
  next_owners_ = edits.Merge(
      std::span<const uint16_t>(before.next_owners_), next_width_, true,
      [](const PointEdit&) { return uint16_t{0}; }, [](auto) {});
  // An edit changes the owners of the slots whose walk reaches it. These are
  // the slots before it, back to the first whose walk ends earlier. A walk that
  // begins before that one ends no later, so the loop can stop there.
  size_t shift = 0;
  size_t filled = 0;
  for (const PointEdit& edit : edits.edits()) {
    // If walks are long, the same slots are computed repeatedly. Computing all
    // of them is cheaper then.
    if (filled > slots()) return FillNext();
    // The added point, or the first point after the removed one.
    const size_t at = (edit.slot + shift) % slots();
    if (edit.added) FillNextOf(at);
    for (size_t back = 1; back <= slots(); ++back, ++filled) {
      const size_t slot = (at + slots() - back) % slots();
      if (FillNextOf(slot) <= back) break;
    }
    shift += edit.added ? 1 : ~size_t{0};
  }
}

// --- The ring after a change ---

absl::StatusOr<std::shared_ptr<const Ring>> Ring::After(const Ring& before,
                                                        NodeList nodes) {
  const auto edits = PointEdits::Between(before, nodes);
  if (!edits.has_value()) return Build(before.spec(), std::move(nodes));
  auto ring = std::shared_ptr<Ring>(new Ring(before.spec(), std::move(nodes)));
  const auto grown = static_cast<ptrdiff_t>(before.slots()) + edits->growth();
  FingerprintSum sum(ring->spec_, ring->nodes_, static_cast<size_t>(grown));
  const auto add = [&sum](auto part) { sum.AddAll(part); };
  ring->positions_ = edits->Merge(
      before.positions(), 1, false,
      [](const PointEdit& edit) { return edit.position; }, add);
  ring->slot_nodes_ = edits->Merge(
      before.slot_nodes(), 1, true,
      [](const PointEdit& edit) { return edit.node; }, add);
  ring->fingerprint_ = sum.value();
  ring->index_ = LineIndex(ring->positions_, ring->slot_nodes_,
                           ring->nodes_.size(), before.index_, *edits);
  ring->primary_by_index_ = true;
  std::vector<bool> placed;
  placed.reserve(ring->nodes_.size());
  for (const NodePtr& node : ring->nodes_) placed.push_back(node->weight() > 0);
  ring->CountPlaced(placed);
  ring->PatchNext(before, *edits);
  return ring;
}

}  // namespace clockwise
