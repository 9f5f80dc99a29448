#include "service/ring/compare_modulo.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "service/limits.h"
#include "service/ring/move_collector.h"

namespace clockwise {
namespace {

// An owner of a slot, by ID, and the slot modulo the greatest common divisor.
using RingPoint = std::pair<absl::string_view, uint64_t>;

// Returns all such pairs of a ring, sorted.
std::vector<RingPoint> RingPoints(const Ring& ring, uint64_t divisor) {
  std::vector<RingPoint> places;
  std::array<uint32_t, limits::kMaxReplicas> buffer;
  const std::span<uint32_t> owners(buffer.data(), ring.OwnersPerKey(0));
  for (size_t slot = 0; slot < ring.slots(); ++slot) {
    ring.OwnersFrom(slot, owners);
    for (const uint32_t owner : owners) {
      places.emplace_back(ring.nodes()[owner]->id(), slot % divisor);
    }
  }
  std::sort(places.begin(), places.end());
  return places;
}

// Returns the length of the run of equal pairs from `i` on.
size_t RunLength(const std::vector<RingPoint>& places, size_t i) {
  size_t end = i;
  while (end < places.size() && places[end] == places[i]) ++end;
  return end - i;
}

// Maximum number of pairs of rows that ListModuloTransfers compares.
constexpr uint64_t kMostRowPairs = 1'000'000;

// The slots of a ring that agree modulo the divisor, and whose owners are
// equal.
struct RowGroup {
  uint64_t residue = 0;
  uint64_t count = 0;
  std::span<const uint32_t> owners;
};

// The row groups of a ring, by residue. A ring without nodes counts as one slot
// without owners.
class RowGroups {
 public:
  RowGroups(const Ring& ring, uint64_t divisor)
      : width_(ring.OwnersPerKey(0)), owners_(ring.slots() * width_) {
    const auto row = [this](size_t slot) {
      return std::span<uint32_t>(&owners_[slot * width_], width_);
    };
    std::vector<uint32_t> order(ring.slots());
    std::iota(order.begin(), order.end(), 0);
    for (const uint32_t slot : order) ring.OwnersFrom(slot, row(slot));
    std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
      if (a % divisor != b % divisor) return a % divisor < b % divisor;
      return std::ranges::lexicographical_compare(row(a), row(b));
    });
    if (order.empty()) groups_.push_back({0, 1, {}});
    for (const uint32_t slot : order) {
      if (groups_.empty() || groups_.back().residue != slot % divisor ||
          !std::ranges::equal(groups_.back().owners, row(slot))) {
        groups_.push_back({slot % divisor, 0, row(slot)});
      }
      ++groups_.back().count;
    }
  }

  const std::vector<RowGroup>& groups() const { return groups_; }

 private:
  size_t width_;
  std::vector<uint32_t> owners_;  // slots × width_
  std::vector<RowGroup> groups_;
};

// Calls `pair` for each two groups with the same residue. Returns false, and
// stops, once there are more than kMostRowPairs.
template <typename Pair>
bool ForEachPair(const std::vector<RowGroup>& before,
                 const std::vector<RowGroup>& after, Pair pair) {
  uint64_t pairs = 0;
  size_t first = 0;
  for (const RowGroup& was : before) {
    while (first < after.size() && after[first].residue < was.residue) ++first;
    for (size_t j = first; j < after.size() && after[j].residue == was.residue;
         ++j) {
      if (++pairs > kMostRowPairs) return false;
      pair(was, after[j]);
    }
  }
  return true;
}

}  // namespace

double ModuloMovedRatio(const Ring& before, const Ring& after) {
  const uint64_t slots_before = before.slots();
  const uint64_t slots_after = after.slots();
  if (slots_after == 0) return 0;
  if (slots_before == 0) return 1;
  const uint64_t divisor = std::gcd(slots_before, slots_after);
  const std::vector<RingPoint> was = RingPoints(before, divisor);
  const std::vector<RingPoint> is = RingPoints(after, divisor);
  // Counts the pairs of slots in which an owner after is also an owner before.
  absl::uint128 kept = 0;
  for (size_t i = 0, j = 0; i < was.size() && j < is.size();) {
    if (was[i] < is[j]) {
      ++i;
    } else if (is[j] < was[i]) {
      ++j;
    } else {
      const size_t run_before = RunLength(was, i);
      const size_t run_after = RunLength(is, j);
      kept += absl::uint128(run_before) * run_after;
      i += run_before;
      j += run_after;
    }
  }
  const absl::uint128 all = absl::uint128(slots_before / divisor) *
                            slots_after * after.OwnersPerKey(0);
  return static_cast<double>(all - kept) / static_cast<double>(all);
}

void ListModuloTransfers(const Ring& before, const Ring& after,
                         Comparison& comparison) {
  if (after.slots() == 0) return;
  const uint64_t slots_before = std::max<uint64_t>(1, before.slots());
  const uint64_t divisor = std::gcd(slots_before, after.slots());
  const RowGroups was(before, divisor);
  const RowGroups is(after, divisor);
  MoveCollector collector(before, after, after.OwnersPerKey(0),
                          limits::kMaxMoves);
  const bool all = ForEachPair(
      was.groups(), is.groups(), [&](const RowGroup& from, const RowGroup& to) {
        collector.AddWidth(absl::uint128(from.count) * to.count, from.owners,
                           to.owners);
      });
  if (all) {
    // Each two slots that agree modulo the divisor occur once per multiple.
    collector.ListTransfers(
        absl::uint128(slots_before / divisor) * after.slots(), comparison);
  } else {
    comparison.transfers_truncated = true;
  }
}

}  // namespace clockwise
