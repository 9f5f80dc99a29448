#include "service/ring/compare.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <span>
#include <utility>

#include "service/limits.h"
#include "service/ring/compare_modulo.h"

namespace clockwise {
namespace {

constexpr uint32_t kGone = ~0u;  // the index after of a node that was removed

// For each node of `before`, its index in `after`.
std::vector<uint32_t> IndexesAfter(const NodeList& before,
                                   const NodeList& after) {
  std::vector<uint32_t> indexes;
  indexes.reserve(before.size());
  size_t j = 0;
  for (const NodePtr& node : before) {
    while (j < after.size() && after[j]->id() < node->id()) ++j;
    const bool found = j < after.size() && after[j]->id() == node->id();
    indexes.push_back(found ? static_cast<uint32_t>(j) : kGone);
  }
  return indexes;
}

// The owners of the arcs of one ring, as one passes over them clockwise.
class ArcCursor {
 public:
  ArcCursor(const Ring& ring, size_t owners)
      : ring_(ring), owners_(buffer_.data(), owners) {
    if (!owners_.empty()) ring_.OwnersFrom(0, owners_);
  }
  bool done() const { return slot_ == ring_.positions().size(); }
  uint64_t position() const { return ring_.positions()[slot_]; }
  // Owners of the arc that ends at, or next behind, the boundary reached.
  std::span<const uint32_t> owners() const { return owners_; }

  // Goes on behind all points at `boundary`.
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

// Collects arcs whose owners differ into moves, and counts what they move.
class MoveCollector {
 public:
  MoveCollector(const Ring& before, const Ring& after, size_t owners_after,
                size_t max_moves)
      : before_(before),
        after_(after),
        indexes_after_(IndexesAfter(before.nodes(), after.nodes())),
        owners_after_(owners_after),
        max_moves_(max_moves) {}

  // The arc (start, end]; start = end is the whole circle.
  void Add(uint64_t start, uint64_t end, std::span<const uint32_t> from,
           std::span<const uint32_t> to) {
    if (Same(from, to)) return;
    const uint64_t arc = end - start;
    const absl::uint128 width = arc == 0 ? after_whole() : absl::uint128(arc);
    const absl::uint128 units = width * Gained(from, to);
    moved_ += units;
    if (Extends(start, from, to)) {
      run_end_ = end;
      run_units_ += units;
      return;
    }
    Flush();
    open_ = true;
    run_start_ = start;
    run_end_ = end;
    run_units_ = units;
    run_from_.assign(from.begin(), from.end());
    run_to_.assign(to.begin(), to.end());
  }

  void Finish(Comparison& comparison) {
    Flush();
    JoinAtTheWrap();
    if (moves_.size() > max_moves_) {
      moves_.resize(max_moves_);
      truncated_ = true;
    }
    comparison.moves = std::move(moves_);
    comparison.moves_truncated = truncated_;
    comparison.moved_ratio = RatioOf(moved_);
  }

 private:
  static absl::uint128 after_whole() { return absl::MakeUint128(1, 0); }

  bool Same(std::span<const uint32_t> from,
            std::span<const uint32_t> to) const {
    return std::equal(
        from.begin(), from.end(), to.begin(), to.end(),
        [&](uint32_t was, uint32_t is) { return indexes_after_[was] == is; });
  }

  // How many of `to` did not own the arc before.
  uint32_t Gained(std::span<const uint32_t> from,
                  std::span<const uint32_t> to) const {
    uint32_t gained = 0;
    for (const uint32_t is : to) {
      gained += std::none_of(from.begin(), from.end(), [&](uint32_t was) {
        return indexes_after_[was] == is;
      });
    }
    return gained;
  }

  bool Extends(uint64_t start, std::span<const uint32_t> from,
               std::span<const uint32_t> to) const {
    return open_ && run_end_ == start &&
           std::equal(from.begin(), from.end(), run_from_.begin(),
                      run_from_.end()) &&
           std::equal(to.begin(), to.end(), run_to_.begin(), run_to_.end());
  }

  double RatioOf(absl::uint128 units) const {
    if (owners_after_ == 0) return 0;
    return static_cast<double>(units) /
           static_cast<double>(after_whole() * owners_after_);
  }

  void Flush() {
    if (!std::exchange(open_, false)) return;
    // One more than asked for: it may be joined to the first in the end.
    if (moves_.size() > max_moves_) {
      truncated_ = true;
      return;
    }
    v1::Move& move = moves_.emplace_back();
    move.set_start(run_start_);
    move.set_end(run_end_);
    move.set_ratio(RatioOf(run_units_));
    for (const uint32_t was : run_from_) {
      move.add_from(before_.nodes()[was]->id());
    }
    for (const uint32_t is : run_to_) move.add_to(after_.nodes()[is]->id());
  }

  // The arc that wraps was met first; what ends where it starts was met last.
  void JoinAtTheWrap() {
    if (truncated_ || moves_.size() < 2) return;
    v1::Move& first = moves_.front();
    const v1::Move& last = moves_.back();
    if (last.end() != first.start() ||
        !std::equal(last.from().begin(), last.from().end(),
                    first.from().begin(), first.from().end()) ||
        !std::equal(last.to().begin(), last.to().end(), first.to().begin(),
                    first.to().end())) {
      return;
    }
    first.set_start(last.start());
    first.set_ratio(first.ratio() + last.ratio());
    moves_.pop_back();
  }

  const Ring& before_;
  const Ring& after_;
  const std::vector<uint32_t> indexes_after_;
  const size_t owners_after_;
  const size_t max_moves_;
  absl::uint128 moved_ = 0;  // arc lengths × owners gained
  bool open_ = false;        // whether the run below is not yet flushed
  uint64_t run_start_ = 0;
  uint64_t run_end_ = 0;
  absl::uint128 run_units_ = 0;
  std::vector<uint32_t> run_from_;
  std::vector<uint32_t> run_to_;
  std::vector<v1::Move> moves_;
  bool truncated_ = false;
};

// Passes over the arcs between all points of both rings, clockwise.
void CollectMoves(const Ring& before, size_t owners_before, const Ring& after,
                  size_t owners_after, MoveCollector& collector) {
  ArcCursor was(before, owners_before);
  ArcCursor is(after, owners_after);
  uint64_t start = 0;  // the last boundary: the first arc wraps
  if (!before.positions().empty()) start = before.positions().back();
  if (!after.positions().empty()) {
    start = std::max(start, after.positions().back());
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

// What nodes own more after than before, over the owners after. In units that
// both rings' measures are multiples of: the same where the rings' wholes are,
// and else (MODULO, whose wholes are small) the product of the wholes.
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

}  // namespace

Comparison Compare(const Ring& before, const Ownership& before_ownership,
                   const Ring& after, const Ownership& after_ownership,
                   size_t max_moves) {
  assert(before.spec().layout() == after.spec().layout() &&
         "a ring's layout is fixed for its life");
  Comparison comparison;
  comparison.minimum_moved_ratio =
      MinimumMoved(before, before_ownership, after, after_ownership);
  if (after.spec().layout() == v1::LAYOUT_MODULO) {
    comparison.moved_ratio = ModuloMovedRatio(before, after);
    comparison.moves_truncated = comparison.moved_ratio > 0;
    return comparison;
  }
  MoveCollector collector(before, after, after_ownership.owners, max_moves);
  CollectMoves(before, before_ownership.owners, after, after_ownership.owners,
               collector);
  collector.Finish(comparison);
  return comparison;
}

}  // namespace clockwise
