#include "service/ring/compare_modulo.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "service/limits.h"

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

}  // namespace clockwise
