#include "service/ring/arcs.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <numeric>
#include <optional>
#include <span>

#include "absl/numeric/int128.h"
#include "service/limits.h"
#include "service/ring/hash.h"
#include "service/ring/layout.h"

namespace clockwise {
namespace {

// Two rings on one circle, with positions from 0 to last().
class Circle {
 public:
  Circle(const Ring& before, const Ring& after)
      : before_(before),
        after_(after),
        indexes_after_(IndexesAfter(before_.nodes(), after_.nodes())),
        was_(was_buffer_.data(), before_.OwnersPerKey(0)),
        is_(is_buffer_.data(), after_.OwnersPerKey(0)) {
    assert(!was_.empty() && !is_.empty());
    if (!after_.has_arcs()) {
      last_ = std::lcm<uint64_t>(before_.slots(), after_.slots()) - 1;
    }
  }

  uint64_t last() const { return last_; }

  // Returns the end of an arc that ends with `position`, as a fraction of the
  // circle.
  double EndOf(uint64_t position) const {
    return (static_cast<double>(position) + 1) /
           (static_cast<double>(last_) + 1);
  }

  // Returns the owner and the moved fraction at `position`, as an arc to `end`.
  Arc At(uint64_t position, double end) {
    before_.OwnersFrom(SlotAt(before_, position), was_);
    after_.OwnersFrom(SlotAt(after_, position), is_);
    size_t gained = 0;
    for (const uint32_t is : is_) {
      gained += std::none_of(was_.begin(), was_.end(), [&](uint32_t was) {
        return indexes_after_[was] == is;
      });
    }
    return {end, is_[0],
            static_cast<double>(gained) / static_cast<double>(is_.size())};
  }

  // Returns the last position with the same owners as `position`, in both
  // rings.
  uint64_t EndOfSlots(uint64_t position) const {
    if (!after_.has_arcs()) return position;
    uint64_t end = last_;
    for (const Ring* ring : {&before_, &after_}) {
      const uint64_t slot_end = ring->SlotEnd(ring->SlotOf({position, 0}));
      // After the last point, the arc of the first point begins, and wraps.
      if (slot_end >= position) end = std::min(end, slot_end);
    }
    return end;
  }

 private:
  using Buffer = std::array<uint32_t, limits::kMaxReplicas>;

  static size_t SlotAt(const Ring& ring, uint64_t position) {
    return ring.has_arcs() ? ring.SlotOf({position, 0})
                           : position % ring.slots();
  }

  const Ring& before_;
  const Ring& after_;
  const std::vector<uint32_t> indexes_after_;
  Buffer was_buffer_ = {};
  Buffer is_buffer_ = {};
  const std::span<uint32_t> was_;
  const std::span<uint32_t> is_;
  uint64_t last_ = ~uint64_t{0};
};

void Append(const Arc& arc, std::vector<Arc>& arcs) {
  if (!arcs.empty() && arcs.back().owner == arc.owner &&
      arcs.back().moved == arc.moved) {
    arcs.back().end = arc.end;
  } else {
    arcs.push_back(arc);
  }
}

// Returns all arcs; nullopt if there are more than kMaxArcs.
std::optional<std::vector<Arc>> AllArcs(Circle& circle) {
  std::vector<Arc> arcs;
  uint64_t position = 0;
  for (;;) {
    const uint64_t end = circle.EndOfSlots(position);
    Append(circle.At(end, circle.EndOf(end)), arcs);
    if (arcs.size() > kMaxArcs) return std::nullopt;
    if (end == circle.last()) return arcs;
    position = end + 1;
  }
}

std::vector<Arc> SampledArcs(Circle& circle) {
  std::vector<Arc> arcs;
  for (uint64_t i = 0; i < kMaxArcs; ++i) {
    // A pseudo-random position within part i. Regular steps would alias with
    // regular tables. The sequence is fixed, so equal rings have the same
    // picture.
    const uint64_t within = SplitMix64((i + 1) * kGoldenGamma);
    const absl::uint128 circumference = absl::uint128(circle.last()) + 1;
    const absl::uint128 part = circumference / kMaxArcs;
    const absl::uint128 offset = part * (within >> 32) >> 32;
    const absl::uint128 position = circumference * i / kMaxArcs + offset;
    Append(circle.At(absl::Uint128Low64(position),
                     static_cast<double>(i + 1) / kMaxArcs),
           arcs);
  }
  return arcs;
}

}  // namespace

ArcList ArcsOf(const Ring& before, const Ring& after) {
  Circle circle(before, after);
  if (auto all = AllArcs(circle); all.has_value()) return {*std::move(all)};
  return {SampledArcs(circle), /*sampled=*/true};
}

}  // namespace clockwise
