// A ring made from the one before.
#include <utility>

#include "service/ring/fingerprint.h"
#include "service/ring/point_edits.h"
#include "service/ring/ring.h"

namespace clockwise {

absl::StatusOr<std::shared_ptr<const Ring>> Ring::After(const Ring& before,
                                                        NodeList nodes) {
  const auto edits = PointEdits::Between(before, nodes);
  if (!edits.has_value()) return Build(before.spec(), std::move(nodes));
  auto ring = std::shared_ptr<Ring>(new Ring(before.spec(), std::move(nodes)));
  const auto grown = static_cast<ptrdiff_t>(before.slots()) + edits->growth();
  FingerprintSum sum(ring->spec_, ring->nodes_, static_cast<size_t>(grown));
  const auto add = [&sum](auto part) { sum.AddAll(part); };
  ring->positions_ = edits->Merge(
      before.positions(), 1, false,
      [](const PointEdit& edit) { return edit.position; }, add);
  ring->slot_nodes_ = edits->Merge(
      before.slot_nodes(), 1, true,
      [](const PointEdit& edit) { return edit.node; }, add);
  ring->fingerprint_ = sum.value();
  ring->index_ = LineIndex(ring->positions_, ring->slot_nodes_,
                           ring->nodes_.size(), before.index_, *edits);
  ring->primary_by_index_ = true;
  ring->PatchNext(before, *edits);
  return ring;
}

}  // namespace clockwise
