#include "service/ring/compare.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <optional>
#include <span>
#include <utility>

#include "service/limits.h"
#include "service/ring/compare_modulo.h"
#include "service/ring/move_collector.h"
#include "service/ring/next_ring.h"

namespace clockwise {
namespace {

// Iterates clockwise over the arcs of one ring and their owners.
class ArcCursor {
 public:
  ArcCursor(const Ring& ring, size_t owners)
      : ring_(ring), owners_(buffer_.data(), owners) {
    if (!owners_.empty()) ring_.OwnersFrom(0, owners_);
  }
  bool done() const { return slot_ == ring_.slots(); }
  uint64_t position() const { return ring_.SlotEnd(slot_); }
  // Returns the owners of the arc that contains the positions after the last
  // boundary.
  std::span<const uint32_t> owners() const { return owners_; }

  // Skips all points at `boundary`.
  void Pass(uint64_t boundary) {
    const size_t from = slot_;
    while (!done() && position() == boundary) ++slot_;
    if (slot_ == from || owners_.empty()) return;
    ring_.OwnersFrom(done() ? 0 : slot_, owners_);
  }

 private:
  const Ring& ring_;
  std::array<uint32_t, limits::kMaxReplicas> buffer_ = {};
  std::span<uint32_t> owners_;
  size_t slot_ = 0;
};

// Iterates clockwise over the arcs between all points of both rings.
void CollectMoves(const Ring& before, size_t owners_before, const Ring& after,
                  size_t owners_after, MoveCollector& collector) {
  ArcCursor was(before, owners_before);
  ArcCursor is(after, owners_after);
  uint64_t start = 0;  // the last boundary: the first arc wraps
  for (const Ring* ring : {&before, &after}) {
    if (ring->slots() == 0) continue;
    start = std::max(start, ring->SlotEnd(ring->slots() - 1));
  }
  while (!was.done() || !is.done()) {
    uint64_t end = was.done() ? is.position() : was.position();
    if (!is.done()) end = std::min(end, is.position());
    collector.Add(start, end, was.owners(), is.owners());
    was.Pass(end);
    is.Pass(end);
    start = end;
  }
}

// Returns the sum of what nodes own more after than before, divided by the
// owners after. Both measures are scaled to a common unit. They have it already
// if the rings' wholes are equal. Otherwise (MODULO, whose wholes are small) it
// is the product of the wholes.
double MinimumMoved(const Ring& before, const Ownership& owned_before,
                    const Ring& after, const Ownership& owned_after) {
  if (owned_after.owners == 0) return 0;
  absl::uint128 before_scale = 1;
  absl::uint128 after_scale = 1;
  if (owned_before.whole != owned_after.whole && owned_before.whole != 0) {
    before_scale = owned_after.whole;
    after_scale = owned_before.whole;
  }
  absl::uint128 gained = 0;
  size_t i = 0;
  for (size_t j = 0; j < after.nodes().size(); ++j) {
    const std::string& id = after.nodes()[j]->id();
    while (i < before.nodes().size() && before.nodes()[i]->id() < id) ++i;
    absl::uint128 had = 0;
    if (i < before.nodes().size() && before.nodes()[i]->id() == id) {
      had = owned_before.owned[i] * before_scale;
    }
    const absl::uint128 has = owned_after.owned[j] * after_scale;
    if (has > had) gained += has - had;
  }
  return static_cast<double>(gained) /
         static_cast<double>(owned_after.whole * after_scale *
                             owned_after.owners);
}

// Returns the ratio that moves when the table is made from that of `before` in
// one step. This is the minimum of all tables that are as even and as distinct
// (assign/assign.h). Returns nothing if the budget has ended.
std::optional<double> LeastMoved(const Ring& before, size_t owners_before,
                                 const Ring& after, WorkBudget* budget) {
  const auto next = NextRing(before, after.nodes(), nullptr, budget);
  if (!next.ok()) return std::nullopt;
  Comparison comparison;
  MoveCollector collector(before, **next, (*next)->OwnersPerKey(0), 0);
  CollectMoves(before, owners_before, **next, (*next)->OwnersPerKey(0),
               collector);
  collector.Finish(comparison);
  return comparison.moved_ratio;
}

}  // namespace

Comparison Compare(const Ring& before, const Ownership& before_ownership,
                   const Ring& after, const Ownership& after_ownership,
                   size_t max_moves, Relation relation, WorkBudget* budget) {
  const bool one_layout = before.spec().layout() == after.spec().layout();
  assert(one_layout || HashAlike(before, after));
  Comparison comparison;
  comparison.minimum_moved_ratio =
      MinimumMoved(before, before_ownership, after, after_ownership);
  if (!after.has_arcs()) {
    comparison.moved_ratio = ModuloMovedRatio(before, after);
    comparison.moves_truncated = comparison.moved_ratio > 0;
    if (max_moves > 0) ListModuloTransfers(before, after, comparison);
    return comparison;
  }
  MoveCollector collector(before, after, after_ownership.owners, max_moves);
  CollectMoves(before, before_ownership.owners, after, after_ownership.owners,
               collector);
  collector.Finish(comparison);
  if (relation != Relation::kAnyFast && one_layout &&
      after.spec().layout() == v1::LAYOUT_PARTITIONED &&
      comparison.minimum_moved_ratio < comparison.moved_ratio) {
    std::optional<double> least = comparison.moved_ratio;
    if (relation != Relation::kNext) {
      least = LeastMoved(before, before_ownership.owners, after, budget);
    }
    if (least.has_value()) {
      comparison.minimum_moved_ratio = std::min(comparison.moved_ratio, *least);
    }
  }
  return comparison;
}

std::vector<v1::ShareChange> ShareChanges(const Ring& before,
                                          const Ownership& before_ownership,
                                          const Ring& after,
                                          const Ownership& after_ownership) {
  const std::vector<double> was = Shares(before_ownership);
  const std::vector<double> is = Shares(after_ownership);
  double weights = 0;
  for (const NodePtr& node : after.nodes()) weights += node->weight();
  std::vector<v1::ShareChange> changes;
  size_t i = 0;
  size_t j = 0;
  while (i < before.nodes().size() || j < after.nodes().size()) {
    const NodePtr* old =
        i < before.nodes().size() ? &before.nodes()[i] : nullptr;
    const NodePtr* now = j < after.nodes().size() ? &after.nodes()[j] : nullptr;
    if (old != nullptr && now != nullptr && (*old)->id() != (*now)->id()) {
      ((*old)->id() < (*now)->id() ? now : old) = nullptr;
    }
    v1::ShareChange change;
    change.set_node_id((now != nullptr ? *now : *old)->id());
    if (old != nullptr) change.set_before(was[i++]);
    if (now != nullptr) {
      change.set_after(is[j++]);
      change.set_due((*now)->weight() / weights);
    }
    if (old == nullptr || now == nullptr || change.before() != change.after()) {
      changes.push_back(std::move(change));
    }
  }
  return changes;
}

}  // namespace clockwise
