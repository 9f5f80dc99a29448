// What a change of nodes does to the points of a HASHED ring: which points come
// and which go, and how the numbers of the nodes shift. By it the next ring is
// made of copies of the one before; what it is made of is the same as if it
// were built anew. Immutable.
#ifndef CLOCKWISE_SERVICE_RING_POINT_EDITS_H_
#define CLOCKWISE_SERVICE_RING_POINT_EDITS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "service/ring/node_list.h"
#include "service/runtime/huge_pages.h"

namespace clockwise {

class Ring;

// Indexes into one node list as indexes into another, in place.
class Renumbering {
 public:
  // `after` as IndexesAfter gives it: of nodes that stay, in ascending order.
  explicit Renumbering(std::vector<uint32_t> after);

  bool Stays(uint32_t node) const { return after_[node] != kGone; }
  uint32_t operator()(uint32_t node) const { return after_[node]; }
  // Of nodes that do not stay any number is made. The greatest number of the
  // type is no node and stays.
  template <typename Number>
  void Apply(std::span<Number> numbers) const;

 private:
  // From `from` on, every index is greater by `by`, modulo 2^32.
  struct Step {
    uint32_t from;
    uint32_t by;
  };
  template <typename Number>
  static void ApplyStep(const Step& step, std::span<Number> numbers);

  std::vector<uint32_t> after_;
  // The last first: what it shifts still reaches all those before, and what
  // they shift does not reach it.
  std::vector<Step> steps_;
};

// A point that comes, before the slot `slot` of the ring before, or that slot's
// own, that goes.
struct PointEdit {
  size_t slot;
  bool added;
  uint64_t position;
  uint32_t node;  // in the node list after, if it comes
};

class PointEdits {
 public:
  // From `before` to a ring of `nodes` under the same spec. Nothing if that is
  // better built anew: in other layouts, where much of the ring changes, and
  // where it cannot be built.
  static std::optional<PointEdits> Between(const Ring& before,
                                           const NodeList& nodes);

  // In clockwise order.
  std::span<const PointEdit> edits() const { return edits_; }
  const Renumbering& renumbering() const { return renumbering_; }

  // `rows` of the slots before, `width` numbers a slot, with the edits made:
  // `added(edit)` fills the rows of points that come. Numbers of nodes are
  // renumbered, if told so. `seen(part)` is told of each part of the result, in
  // order, while it is in the cache.
  template <typename Number, typename Added, typename Seen>
  std::vector<Number> Merge(std::span<const Number> rows, size_t width,
                            bool renumber, Added added, Seen seen) const;

  // Points that come, less those that go.
  ptrdiff_t growth() const { return growth_; }

 private:
  explicit PointEdits(Renumbering renumbering)
      : renumbering_(std::move(renumbering)) {}
  void Sort(const Ring& before);

  Renumbering renumbering_;
  std::vector<PointEdit> edits_;
  ptrdiff_t growth_ = 0;
};

// --- Templates. ---

template <typename Number>
void Renumbering::ApplyStep(const Step& step, std::span<Number> numbers) {
  constexpr Number kNone = std::numeric_limits<Number>::max();
  const auto from = static_cast<Number>(step.from);
  const auto by = static_cast<Number>(step.by);
  const auto apply = [&](Number& number) {
    const bool shifts = number >= from && number != kNone;
    number = static_cast<Number>(number + (shifts ? by : Number{0}));
  };
  // In parts of a fixed size, which the compiler does eight or four at once.
  size_t i = 0;
  for (; i + 16 <= numbers.size(); i += 16) {
    Number* part = &numbers[i];
    for (size_t k = 0; k < 16; ++k) apply(part[k]);
  }
  for (; i < numbers.size(); ++i) apply(numbers[i]);
}

template <typename Number>
void Renumbering::Apply(std::span<Number> numbers) const {
  constexpr size_t kFew = 4;
  if (steps_.size() <= kFew) {
    for (const Step& step : steps_) ApplyStep(step, numbers);
    return;
  }
  for (Number& number : numbers) {
    if (number == std::numeric_limits<Number>::max()) continue;
    number = static_cast<Number>(after_[number]);
  }
}

template <typename Number, typename Added, typename Seen>
std::vector<Number> PointEdits::Merge(std::span<const Number> rows,
                                      size_t width, bool renumber, Added added,
                                      Seen seen) const {
  std::vector<Number> merged;
  merged.reserve(rows.size() + edits_.size() * width);
  WantHugePages(merged);
  size_t next = 0;  // of `rows`
  const auto copy_until = [&](size_t row) {
    const size_t at = merged.size();
    merged.insert(merged.end(),
                  rows.begin() + static_cast<ptrdiff_t>(next * width),
                  rows.begin() + static_cast<ptrdiff_t>(row * width));
    const std::span<Number> part = std::span(merged).subspan(at);
    if (renumber) renumbering_.Apply(part);
    seen(std::span<const Number>(part));
    next = row;
  };
  for (const PointEdit& edit : edits_) {
    copy_until(edit.slot);
    if (edit.added) {
      merged.resize(merged.size() + width, added(edit));
      seen(std::span<const Number>(merged).last(width));
    } else {
      ++next;
    }
  }
  copy_until(rows.size() / width);
  return merged;
}

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_POINT_EDITS_H_
