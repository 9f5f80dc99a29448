#include "service/ring/line_index.h"

#include <algorithm>
#include <type_traits>

#include "service/ring/point_edits.h"
#include "service/runtime/huge_pages.h"

namespace clockwise {
namespace {

// Average ends per line. With 7 of 14, one line in 170 is too full.
constexpr size_t kPerNarrowLine = 7;
constexpr size_t kPerWideLine = 4;

// Returns the number of buckets. It grows in steps of 1/32 to 1/64, so that
// most changes of a ring leave every bucket where it is.
uint64_t BucketsOf(size_t ends, size_t per_line) {
  const uint64_t wanted = ends / per_line + 1;
  const int low_bits =
      std::max(0, static_cast<int>(std::bit_width(wanted)) - 6);
  return wanted >> low_bits << low_bits;
}

}  // namespace

LineIndex::LineIndex(std::span<const uint64_t> ends,
                     std::span<const uint32_t> nodes, size_t node_count)
    : ends_(ends), nodes_(nodes) {
  if (ends.empty()) return;
  const bool narrow = node_count <= NarrowLine::kSearch;
  buckets_ = BucketsOf(ends.size(), narrow ? kPerNarrowLine : kPerWideLine);
  narrow ? Fill(lines_) : Fill(wide_lines_);
  if (narrow) narrow_ = lines_.data();
}

LineIndex::LineIndex(std::span<const uint64_t> ends,
                     std::span<const uint32_t> nodes, size_t node_count,
                     const LineIndex& before, const PointEdits& edits)
    : ends_(ends), nodes_(nodes) {
  const bool narrow = node_count <= NarrowLine::kSearch;
  buckets_ = BucketsOf(ends.size(), narrow ? kPerNarrowLine : kPerWideLine);
  // Lines can be reused only if every position keeps its bucket and the lines
  // keep their form.
  if (narrow != (before.narrow_ != nullptr) || buckets_ != before.buckets_) {
    *this = LineIndex(ends, nodes, node_count);
    return;
  }
  narrow ? Patch(before.lines_, edits, lines_)
         : Patch(before.wide_lines_, edits, wide_lines_);
  if (narrow) narrow_ = lines_.data();
}

// Fills one line from the ends and nodes. The bucket's ends are contiguous,
// because PositionOf is monotonic. A bucket with too many ends keeps the
// cleared line: every look-up there searches the ends. Otherwise the entry
// after the last end names the next end's node, which wraps to slot 0. A
// look-up after all ends of the bucket then needs no second line.
template <typename AnyLine>
void LineIndex::FillLine(size_t bucket, std::vector<AnyLine>& lines) const {
  using Number = std::remove_reference_t<decltype(lines[0].nodes[0])>;
  AnyLine& line = lines[bucket];
  line.Clear();
  const size_t first = line.start;
  const size_t last = lines[bucket + 1].start;
  if (last - first > AnyLine::kRoom) return;
  for (size_t slot = first; slot < last; ++slot) {
    line.remainders[slot - first] = PositionOf(ends_[slot]).remainder;
    line.nodes[slot - first] = static_cast<Number>(nodes_[slot]);
  }
  const size_t next = last == ends_.size() ? 0 : last;
  line.nodes[last - first] = static_cast<Number>(nodes_[next]);
}

// Builds all lines in one pass. Before FillLine(bucket), the `start` of this
// and of the next line are set, so the range of the bucket's slots is known.
// The line after the last is never looked up: it only ends the last range.
template <typename AnyLine>
void LineIndex::Fill(std::vector<AnyLine>& lines) const {
  lines.reserve(buckets_ + 1);
  WantHugePages(lines);
  lines.resize(buckets_ + 1);
  size_t slot = 0;
  for (size_t bucket = 0; bucket < buckets_; ++bucket) {
    lines[bucket].start = static_cast<uint32_t>(slot);
    while (slot < ends_.size() && PositionOf(ends_[slot]).bucket == bucket)
      ++slot;
    lines[bucket + 1].start = static_cast<uint32_t>(slot);
    FillLine(bucket, lines);
  }
  lines[buckets_].Clear();
}

template <typename AnyLine>
void LineIndex::Patch(const std::vector<AnyLine>& before,
                      const PointEdits& edits,
                      std::vector<AnyLine>& lines) const {
  using Number = std::remove_reference_t<decltype(lines[0].nodes[0])>;
  lines.reserve(before.size());
  WantHugePages(lines);
  // Phase 1: copy the lines and renumber their nodes. An edit moves the slots
  // of all later buckets by one, but not the start of its own bucket.
  // Afterwards every `start` is right. A line is wrong only if it holds an
  // edited point, or if its next end is or was one.
  uint32_t shift = 0;
  const auto copy_until = [&](size_t bucket) {
    for (size_t i = lines.size(); i < bucket; ++i) {
      AnyLine& line = lines.emplace_back(before[i]);
      line.start += shift;
      edits.renumbering().Apply(std::span<Number>(line.nodes));
    }
  };
  for (const PointEdit& edit : edits.edits()) {
    copy_until(PositionOf(edit.position).bucket + 1);
    shift += edit.added ? 1 : ~uint32_t{0};
  }
  copy_until(before.size());
  // Phase 2: rebuild exactly these lines. Walk back over empty buckets, up to
  // and including the first one with ends: all of them name the same next end.
  // The walk may wrap. It ends, because the ring has ends.
  for (const PointEdit& edit : edits.edits()) {
    size_t bucket = PositionOf(edit.position).bucket;
    FillLine(bucket, lines);
    do {
      bucket = bucket == 0 ? buckets_ - 1 : bucket - 1;
      FillLine(bucket, lines);
    } while (lines[bucket].start == lines[bucket + 1].start);
  }
}

size_t LineIndex::Search(size_t first, size_t last, uint64_t position) const {
  const auto begin = ends_.begin();
  return static_cast<size_t>(
      std::lower_bound(begin + static_cast<ptrdiff_t>(first),
                       begin + static_cast<ptrdiff_t>(last), position) -
      begin);
}

template <typename AnyLine>
// Finds the slot by the line if possible. Otherwise the search is limited to
// the ends of the bucket. `last` of the bucket is the right result if all its
// ends are before the position.
size_t LineIndex::SlotIn(const std::vector<AnyLine>& lines,
                         uint64_t position) const {
  const LinePosition place = PositionOf(position);
  const AnyLine& line = lines[place.bucket];
  const size_t at = Find(line, place.remainder);
  const size_t slot =
      at <= AnyLine::kRoom
          ? line.start + at
          : Search(line.start, lines[place.bucket + 1].start, position);
  return slot == ends_.size() ? 0 : slot;
}

size_t LineIndex::Slot(uint64_t position) const {
  return narrow_ != nullptr ? SlotIn(lines_, position)
                            : SlotIn(wide_lines_, position);
}

void LineIndex::Nodes(std::span<const uint64_t> positions,
                      std::span<uint32_t> nodes) const {
  if (narrow_ == nullptr) {
    for (size_t i = 0; i < positions.size(); ++i) nodes[i] = Node(positions[i]);
    return;
  }
  std::array<const NarrowLine*, kAtOnce> lines;
  std::array<uint16_t, kAtOnce> remainders;
  for (size_t i = 0; i < positions.size(); ++i) {
    const LinePosition place = PositionOf(positions[i]);
    lines[i] = narrow_ + place.bucket;
    remainders[i] = place.remainder;
    __builtin_prefetch(lines[i]);
  }
  for (size_t i = 0; i < positions.size(); ++i) {
    const size_t at = Find(*lines[i], remainders[i]);
    nodes[i] = at <= NarrowLine::kRoom ? lines[i]->nodes[at]
                                       : nodes_[Slot(positions[i])];
  }
}

size_t LineIndex::bytes() const {
  return lines_.size() * sizeof(NarrowLine) +
         wide_lines_.size() * sizeof(WideLine);
}

bool LineIndex::SameLines(const LineIndex& other) const {
  const auto same = [](const auto& a, const auto& b) {
    return a.size() == b.size() &&
           std::equal(
               a.begin(), a.end(), b.begin(), [](const auto& x, const auto& y) {
                 return x.start == y.start && x.remainders == y.remainders &&
                        x.nodes == y.nodes;
               });
  };
  return buckets_ == other.buckets_ && same(lines_, other.lines_) &&
         same(wide_lines_, other.wide_lines_);
}

}  // namespace clockwise
