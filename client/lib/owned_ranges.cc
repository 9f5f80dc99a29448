#include "client/lib/owned_ranges.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

namespace clockwise::client {
namespace {

// Span is a range that does not wrap: the positions from `first` to `last`,
// both included. One Span can be the whole space, and none is empty.
struct Span {
  uint64_t first;
  uint64_t last;
};
constexpr uint64_t kLast = std::numeric_limits<uint64_t>::max();

// Sorts the spans and merges adjacent ones.
std::vector<Span> Merged(std::vector<Span> spans) {
  std::sort(spans.begin(), spans.end(),
            [](const Span& a, const Span& b) { return a.first < b.first; });
  std::vector<Span> merged;
  for (const Span& span : spans) {
    if (!merged.empty() && merged.back().last + 1 == span.first &&
        merged.back().last != kLast) {
      merged.back().last = span.last;
    } else {
      merged.push_back(span);
    }
  }
  return merged;
}

std::vector<Span> ToSpans(const std::vector<HashRange>& ranges) {
  std::vector<Span> spans;
  for (const HashRange& range : ranges) {
    if (range.start < range.end) {
      spans.push_back({range.start + 1, range.end});
      continue;
    }
    spans.push_back({0, range.end});
    if (range.start != kLast) spans.push_back({range.start + 1, kLast});
  }
  return Merged(std::move(spans));
}

// Converts to ranges. A span that ends at the top and a span that begins at 0
// become one range.
std::vector<HashRange> ToRanges(std::vector<Span> spans) {
  std::vector<HashRange> ranges;
  if (spans.empty()) return ranges;
  if (spans.size() == 1 && spans[0].first == 0 && spans[0].last == kLast) {
    return {{kLast, kLast}};
  }
  if (spans.front().first == 0 && spans.back().last == kLast) {
    spans.back().last = spans.front().last;
    spans.erase(spans.begin());
  }
  for (const Span& span : spans) {
    ranges.push_back({span.first - 1, span.last});
  }
  std::sort(
      ranges.begin(), ranges.end(),
      [](const HashRange& a, const HashRange& b) { return a.start < b.start; });
  return ranges;
}

}  // namespace

std::vector<HashRange> OwnedRanges(const Ring& ring,
                                   const std::string& node_id) {
  const size_t index = LowerBound(ring.nodes(), node_id);
  if (index == ring.nodes().size() || ring.nodes()[index]->id() != node_id) {
    return {};
  }
  std::vector<uint32_t> owners(ring.OwnersPerKey(0));
  std::vector<HashRange> owned;
  uint64_t start = ring.SlotEnd(ring.slots() - 1);
  for (size_t slot = 0; slot < ring.slots(); ++slot) {
    const uint64_t end = ring.SlotEnd(slot);
    // If several points have one position, only the first owns keys.
    const bool empty = slot > 0 && start == end;
    if (!empty) {
      ring.OwnersFrom(slot, owners);
      if (std::find(owners.begin(), owners.end(), index) != owners.end()) {
        owned.push_back({start, end});
      }
    }
    start = end;
  }
  return ToRanges(ToSpans(owned));
}

std::vector<HashRange> Without(const std::vector<HashRange>& ranges,
                               const std::vector<HashRange>& others) {
  std::vector<Span> left;
  const std::vector<Span> taken = ToSpans(others);
  auto at = taken.begin();
  for (const Span& span : ToSpans(ranges)) {
    uint64_t first = span.first;
    bool done = false;
    while (at != taken.end() && at->last < first) ++at;
    for (auto cut = at; cut != taken.end() && cut->first <= span.last; ++cut) {
      if (cut->first > first) left.push_back({first, cut->first - 1});
      done = cut->last >= span.last;
      if (done) break;
      first = cut->last + 1;
    }
    if (!done) left.push_back({first, span.last});
  }
  return ToRanges(Merged(std::move(left)));
}

RingEvent EventFor(const std::string& node_id,
                   const std::shared_ptr<const RingView>& before,
                   const std::shared_ptr<const RingView>& after) {
  RingEvent event;
  event.from_epoch = before == nullptr ? 0 : before->epoch();
  event.epoch = after->epoch();
  event.incarnation = after->incarnation();
  event.before = before;
  event.after = after;
  event.ranges_unknown = !after->ring().has_arcs() ||
                         (before != nullptr && !before->ring().has_arcs());
  if (event.ranges_unknown) return event;
  const std::vector<HashRange> now = OwnedRanges(after->ring(), node_id);
  std::vector<HashRange> then;
  if (before != nullptr) then = OwnedRanges(before->ring(), node_id);
  event.gained = Without(now, then);
  event.lost = Without(then, now);
  return event;
}

}  // namespace clockwise::client
