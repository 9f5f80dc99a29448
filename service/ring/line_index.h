// LineIndex searches a ring of points: it returns the first of many sorted ends
// that is at or after a position. It reads one cache line, whatever the number
// of ends. Immutable.
//
// The space is divided into equal buckets of about seven ends each. The line of
// a bucket holds the next 16 bits of each of its ends and the owner of each.
// After the last owner, it holds the owner of the first end of the next bucket
// that has one. The ends themselves are searched if 16 bits do not decide, or
// if a bucket has more ends than fit into a line. So the result is always
// exact.
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
  // Builds the index of `ends`, sorted, and of the node of each end, a number
  // below `node_count`. Both must stay at their addresses while this is in use.
  LineIndex(std::span<const uint64_t> ends, std::span<const uint32_t> nodes,
            size_t node_count);
  // Builds the same index from `before`, whose ends and nodes `edits` changed
  // into these. Copies its lines and rebuilds those at the edits.
  LineIndex(std::span<const uint64_t> ends, std::span<const uint32_t> nodes,
            size_t node_count, const LineIndex& before,
            const PointEdits& edits);
  // A move keeps the lines at their addresses.
  LineIndex(LineIndex&&) = default;
  LineIndex& operator=(LineIndex&&) = default;

  // Returns the index of the first end at or after `position`. After the last
  // end it returns 0, because the circle wraps. Requires at least one end.
  size_t Slot(uint64_t position) const;
  // Returns nodes[Slot(position)] with one memory read fewer.
  uint32_t Node(uint64_t position) const;
  // Returns both.
  struct Found {
    size_t slot;
    uint32_t node;
  };
  Found Look(uint64_t position) const;
  // Writes the Node of each of up to kAtOnce positions to `nodes`, which has
  // the same length. Prefetches all lines, so their cache misses overlap.
  static constexpr size_t kAtOnce = 32;
  void Nodes(std::span<const uint64_t> positions,
             std::span<uint32_t> nodes) const;

  // Returns the bytes in use, without the ends and nodes.
  size_t bytes() const;
  // Checks whether both have the same lines, byte for byte.
  bool SameLines(const LineIndex& other) const;

 private:
  // The narrow form holds node numbers below 65,535; the wide form holds all.
  template <typename Number, size_t kEnds, size_t kNumbers>
  struct alignas(64) Line {
    static constexpr size_t kRoom = kEnds;
    static constexpr Number kSearch = static_cast<Number>(~Number{0});
    uint32_t start;  // the bucket's first slot
    // 0xFFFF after the last end. A look-up treats it as a tie.
    std::array<uint16_t, kEnds> remainders;
    // kSearch after the last number that is known.
    std::array<Number, kNumbers> nodes;

    // Makes all look-ups of this line search the ends.
    void Clear() {
      remainders.fill(0xFFFF);
      nodes.fill(kSearch);
    }
  };
  using NarrowLine = Line<uint16_t, 14, 16>;
  using WideLine = Line<uint32_t, 9, 10>;
  static_assert(sizeof(NarrowLine) == 64 && sizeof(WideLine) == 64);

  // The bucket of a position, and the 16 bits that follow.
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
  // Writes the line of a bucket, except `start`, which must be set. So must the
  // `start` of the next line.
  template <typename AnyLine>
  void FillLine(size_t bucket, std::vector<AnyLine>& lines) const;
  // Returns the index within the line, or kRoom + 1 if the ends must be
  // searched.
  template <typename AnyLine>
  static size_t Find(const AnyLine& line, uint16_t remainder);
  // Returns the first end of slots `first` to `last` - 1 at or after
  // `position`, else `last`.
  size_t Search(size_t first, size_t last, uint64_t position) const;
  template <typename AnyLine>
  size_t SlotIn(const std::vector<AnyLine>& lines, uint64_t position) const;

  std::span<const uint64_t> ends_;
  std::span<const uint32_t> nodes_;
  uint64_t buckets_ = 0;
  // One line per bucket, and one after the last.
  const NarrowLine* narrow_ = nullptr;  // lines_, or null: wide_lines_
  std::vector<NarrowLine> lines_;
  std::vector<WideLine> wide_lines_;  // for numbers too great for lines_
};

// --- Used by look-ups. ---

namespace line_index {

#ifdef __SSE2__
// Returns two set bits for each of eight numbers that is at or above `least`.
inline uint32_t AtOrAbove(const uint16_t* numbers, __m128i least) {
  const __m128i eight =
      _mm_loadu_si128(reinterpret_cast<const __m128i*>(numbers));
  // The saturated difference least - number is 0 if the number is at or above.
  const __m128i below = _mm_subs_epu16(least, eight);
  return static_cast<uint32_t>(
      _mm_movemask_epi8(_mm_cmpeq_epi16(below, _mm_setzero_si128())));
}
#endif

// Returns the index of the first of `count` sorted numbers that is at or above
// `least`; `count` if none is. 16 numbers must be readable.
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
