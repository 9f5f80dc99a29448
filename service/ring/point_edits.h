// PointEdits describes how a change of nodes changes the points of a HASHED
// ring: points added, points removed, and the new numbers of nodes. The next
// ring is built from copies of the previous one, and equals the ring built from
// scratch. Immutable.
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

// Replaces indexes into one node list by indexes into another, in place.
class Renumbering {
 public:
  // `after` is the result of IndexesAfter: indexes of nodes that stay ascend.
  explicit Renumbering(std::vector<uint32_t> after);

  bool Stays(uint32_t node) const { return after_[node] != kGone; }
  uint32_t operator()(uint32_t node) const { return after_[node]; }
  // A number of a removed node becomes an arbitrary number. The greatest value
  // of the type means "no node" and stays.
  template <typename Number>
  void Apply(std::span<Number> numbers) const;

 private:
  // Adds `by`, modulo 2^32, to every index from `from` on.
  struct Step {
    uint32_t from;
    uint32_t by;
  };
  template <typename Number>
  static void ApplyStep(const Step& step, std::span<Number> numbers);

  std::vector<uint32_t> after_;
  // Greatest `from` first. A step leaves its numbers at or above the `from` of
  // every later step, so each step compares as if with original numbers.
  std::vector<Step> steps_;
};

// A point that is added before `slot` of the previous ring, or the point of
// `slot` that is removed.
struct PointEdit {
  size_t slot;
  bool added;
  uint64_t position;
  uint32_t node;  // if added: in the new node list
};

class PointEdits {
 public:
  // Returns the edits from `before` to a ring of `nodes` under the same spec.
  // Returns nullopt if the ring must be built from scratch: for other layouts,
  // for changes of a large part of the ring, and if the ring cannot be built.
  static std::optional<PointEdits> Between(const Ring& before,
                                           const NodeList& nodes);

  // The edits in clockwise order.
  std::span<const PointEdit> edits() const { return edits_; }
  const Renumbering& renumbering() const { return renumbering_; }

  // Returns a copy of `rows`, `width` numbers per slot of the previous ring,
  // with the edits applied. `added(edit)` returns the value for added rows.
  // Renumbers nodes if `renumber`. Calls `seen(part)` for each part of the
  // result in order, while it is in the CPU cache.
  template <typename Number, typename Added, typename Seen>
  std::vector<Number> Merge(std::span<const Number> rows, size_t width,
                            bool renumber, Added added, Seen seen) const;

  // Returns the number of points added minus points removed.
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
  // Parts of a fixed size, which the compiler vectorizes.
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
  size_t next = 0;  // next row of `rows` to copy
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
