#include "service/ring/line_index.h"

#include <algorithm>
#include <type_traits>

namespace clockwise {
namespace {

// Ends a line on average: with 7 of 14, one line in 170 is too full.
constexpr size_t kPerNarrowLine = 7;
constexpr size_t kPerWideLine = 4;

}  // namespace

LineIndex::LineIndex(std::span<const uint64_t> ends,
                     std::span<const uint32_t> nodes)
    : ends_(ends), nodes_(nodes) {
  if (ends.empty()) return;
  const uint32_t greatest = *std::max_element(nodes.begin(), nodes.end());
  const bool narrow = greatest < NarrowLine::kSearch;
  buckets_ = ends.size() / (narrow ? kPerNarrowLine : kPerWideLine) + 1;
  narrow ? Fill(lines_) : Fill(wide_lines_);
  if (narrow) narrow_ = lines_.data();
}

template <typename AnyLine>
void LineIndex::Fill(std::vector<AnyLine>& lines) {
  using Number = std::remove_reference_t<decltype(lines[0].nodes[0])>;
  lines.resize(buckets_ + 1);
  size_t slot = 0;
  for (size_t bucket = 0; bucket < buckets_; ++bucket) {
    AnyLine& line = lines[bucket];
    line.remainders.fill(0xFFFF);
    line.nodes.fill(AnyLine::kSearch);
    line.start = static_cast<uint32_t>(slot);
    size_t count = 0;
    for (; slot < ends_.size(); ++slot, ++count) {
      const Place place = PlaceOf(ends_[slot]);
      if (place.bucket != bucket) break;
      if (count >= AnyLine::kRoom) continue;
      line.remainders[count] = place.remainder;
      line.nodes[count] = static_cast<Number>(nodes_[slot]);
    }
    if (count <= AnyLine::kRoom) {
      const size_t next = slot == ends_.size() ? 0 : slot;
      line.nodes[count] = static_cast<Number>(nodes_[next]);
    } else {
      line.remainders.fill(0xFFFF);
      line.nodes.fill(AnyLine::kSearch);
    }
  }
  lines[buckets_].start = static_cast<uint32_t>(ends_.size());
}

size_t LineIndex::Search(size_t first, size_t last, uint64_t position) const {
  const auto begin = ends_.begin();
  return static_cast<size_t>(
      std::lower_bound(begin + static_cast<ptrdiff_t>(first),
                       begin + static_cast<ptrdiff_t>(last), position) -
      begin);
}

template <typename AnyLine>
size_t LineIndex::SlotIn(const std::vector<AnyLine>& lines,
                         uint64_t position) const {
  const Place place = PlaceOf(position);
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

size_t LineIndex::bytes() const {
  return lines_.size() * sizeof(NarrowLine) +
         wide_lines_.size() * sizeof(WideLine);
}

}  // namespace clockwise
