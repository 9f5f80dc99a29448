// The search of rings of points: which of many sorted ends is the first at or
// behind a position, by one read of one cache line, whatever their number.
//
// The space is cut into equal buckets of about seven ends each. A bucket's line
// holds the next 16 bits of each of its ends and whose each is; behind the last
// stands whose the first end of a later bucket is. Where 16 bits do not tell,
// or a bucket has more ends than a line has room for, the ends themselves are
// searched: the answer is always exact. Immutable.
#ifndef CLOCKWISE_SERVICE_RING_LINE_INDEX_H_
#define CLOCKWISE_SERVICE_RING_LINE_INDEX_H_

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/numeric/int128.h"

namespace clockwise {

class PointEdits;

class LineIndex {
 public:
  LineIndex() = default;
  // Of `ends`, sorted, and the node of each, one of `node_count`; both stay
  // where they are for as long as this is asked.
  LineIndex(std::span<const uint64_t> ends, std::span<const uint32_t> nodes,
            size_t node_count);
  // The same, made from the index of the ends and nodes that `edits` changed
  // into these: its lines are copied, and those at the edits made anew.
  LineIndex(std::span<const uint64_t> ends, std::span<const uint32_t> nodes,
            size_t node_count, const LineIndex& before,
            const PointEdits& edits);
  // Moved, its lines stay where they are.
  LineIndex(LineIndex&&) = default;
  LineIndex& operator=(LineIndex&&) = default;

  // The index of the first of the ends at or behind `position`; beyond the last
  // it is 0, as the circle goes on there. There must be ends.
  size_t Slot(uint64_t position) const;
  // nodes[Slot(position)], with a read of memory less.
  uint32_t Node(uint64_t position) const;
  // Both at once.
  struct Found {
    size_t slot;
    uint32_t node;
  };
  Found Look(uint64_t position) const;
  // Node of each of up to kAtOnce positions, whose memory is fetched at once.
  // `nodes` is as long.
  static constexpr size_t kAtOnce = 32;
  void Nodes(std::span<const uint64_t> positions,
             std::span<uint32_t> nodes) const;

  // Memory that it takes, beside the ends and nodes.
  size_t bytes() const;
  // Whether both have the same lines, byte for byte.
  bool SameLines(const LineIndex& other) const;

 private:
  // A line for numbers of nodes below 65,535, and a wider one for greater.
  template <typename Number, size_t kEnds, size_t kNumbers>
  struct alignas(64) Line {
    static constexpr size_t kRoom = kEnds;
    static constexpr Number kSearch = static_cast<Number>(~Number{0});
    uint32_t start;  // the bucket's first slot
    // Those behind the last end are the greatest, which is taken for a tie.
    std::array<uint16_t, kEnds> remainders;
    // Those behind the last that is told are kSearch.
    std::array<Number, kNumbers> nodes;

    // Says that all must be searched for.
    void Clear() {
      remainders.fill(0xFFFF);
      nodes.fill(kSearch);
    }
  };
  using NarrowLine = Line<uint16_t, 14, 16>;
  using WideLine = Line<uint32_t, 9, 10>;
  static_assert(sizeof(NarrowLine) == 64 && sizeof(WideLine) == 64);

  // A position's bucket, and the 16 bits that follow.
  struct LinePosition {
    size_t bucket;
    uint16_t remainder;
  };
  LinePosition PositionOf(uint64_t position) const {
    const absl::uint128 product = absl::uint128(position) * buckets_;
    return {static_cast<size_t>(absl::Uint128High64(product)),
            static_cast<uint16_t>(absl::Uint128Low64(product) >> 48)};
  }

  template <typename AnyLine>
  void Fill(std::vector<AnyLine>& lines) const;
  template <typename AnyLine>
  void Patch(const std::vector<AnyLine>& before, const PointEdits& edits,
             std::vector<AnyLine>& lines) const;
  // Writes all of a bucket's line but its start, which is there.
  template <typename AnyLine>
  void FillLine(size_t bucket, std::vector<AnyLine>& lines) const;
  // The index in its line, or (if it must be searched for) the line's room + 1.
  template <typename AnyLine>
  static size_t Find(const AnyLine& line, uint16_t remainder);
  // Among the ends of a bucket, which are those from one slot to another.
  size_t Search(size_t first, size_t last, uint64_t position) const;
  template <typename AnyLine>
  size_t SlotIn(const std::vector<AnyLine>& lines, uint64_t position) const;

  std::span<const uint64_t> ends_;
  std::span<const uint32_t> nodes_;
  uint64_t buckets_ = 0;
  // One for each bucket, and one behind them.
  const NarrowLine* narrow_ = nullptr;  // lines_, or null: wide_lines_
  std::vector<NarrowLine> lines_;
  std::vector<WideLine> wide_lines_;  // if one of nodes is too great for lines_
};

// --- What look-ups run through. ---

namespace line_index {

#ifdef __SSE2__
// Which of eight numbers are at or above `least`: two bits each.
inline uint32_t AtOrAbove(const uint16_t* numbers, __m128i least) {
  const __m128i eight =
      _mm_loadu_si128(reinterpret_cast<const __m128i*>(numbers));
  // least - number, not below 0, is 0 where the number is at or above.
  const __m128i below = _mm_subs_epu16(least, eight);
  return static_cast<uint32_t>(
      _mm_movemask_epi8(_mm_cmpeq_epi16(below, _mm_setzero_si128())));
}
#endif

// The first of `count` sorted numbers, 16 of which can be read, that is at or
// above `least`; `count` if none is.
inline size_t FirstAtOrAbove(const uint16_t* numbers, size_t count,
                             uint16_t least) {
#ifdef __SSE2__
  const __m128i wanted = _mm_set1_epi16(static_cast<int16_t>(least));
  const uint32_t found =
      AtOrAbove(numbers, wanted) | AtOrAbove(numbers + 8, wanted) << 16;
  return std::min<size_t>(
      count,
      static_cast<size_t>(std::countr_zero(uint64_t{found} | 1ull << 32)) / 2);
#else
  size_t at = 0;
  for (size_t i = 0; i < count; ++i) at += numbers[i] < least ? 1 : 0;
  return at;
#endif
}

}  // namespace line_index

template <typename AnyLine>
inline size_t LineIndex::Find(const AnyLine& line, uint16_t remainder) {
  const size_t at = line_index::FirstAtOrAbove(line.remainders.data(),
                                               AnyLine::kRoom, remainder);
  const bool tie =
      at < line.remainders.size() && line.remainders[at] == remainder;
  return tie || line.nodes[at] == AnyLine::kSearch ? AnyLine::kRoom + 1 : at;
}

inline uint32_t LineIndex::Node(uint64_t position) const {
  const LinePosition place = PositionOf(position);
  if (narrow_ != nullptr) {
    const NarrowLine& line = narrow_[place.bucket];
    const size_t at = Find(line, place.remainder);
    if (at <= NarrowLine::kRoom) return line.nodes[at];
  }
  return nodes_[Slot(position)];
}

inline LineIndex::Found LineIndex::Look(uint64_t position) const {
  const LinePosition place = PositionOf(position);
  if (narrow_ != nullptr) {
    const NarrowLine& line = narrow_[place.bucket];
    const size_t at = Find(line, place.remainder);
    if (at <= NarrowLine::kRoom) {
      const size_t slot = line.start + at;
      return {slot == ends_.size() ? 0 : slot, line.nodes[at]};
    }
  }
  const size_t slot = Slot(position);
  return {slot, nodes_[slot]};
}

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_LINE_INDEX_H_
