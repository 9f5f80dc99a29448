// Who follows the primary of each slot, worked out beforehand.
#include <cstddef>
#include <cstdint>
#include <span>

#include "service/limits.h"
#include "service/ring/point_edits.h"
#include "service/ring/ring.h"

namespace clockwise {
namespace {

// Whether a node that stays has another zone.
bool ZonesChange(const NodeList& before, const NodeList& after,
                 const Renumbering& renumbering) {
  for (uint32_t i = 0; i < before.size(); ++i) {
    if (!renumbering.Stays(i)) continue;
    const NodePtr& now = after[renumbering(i)];
    if (now != before[i] && now->zone() != before[i]->zone()) return true;
  }
  return false;
}

}  // namespace

size_t Ring::NextWidth() const {
  const size_t owners = OwnersPerKey(0);
  if (owners < 2 || !primary_by_index_ || nodes_.size() > 65535 ||
      slots() * owners > limits::kMaxPrecomputedOwners) {
    return 0;
  }
  return owners - 1;
}

size_t Ring::FillNextOf(size_t slot) {
  uint32_t room[limits::kMaxReplicas];
  const std::span<uint32_t> owners(room, next_width_ + 1);
  const size_t walked = WalkFrom(slot, owners);
  for (size_t i = 0; i < next_width_; ++i) {
    next_owners_[slot * next_width_ + i] = static_cast<uint16_t>(owners[i + 1]);
  }
  return walked;
}

void Ring::FillNext() {
  next_width_ = NextWidth();
  next_owners_.resize(slots() * next_width_);
  if (next_width_ == 0) return;
  for (size_t slot = 0; slot < slots(); ++slot) FillNextOf(slot);
}

void Ring::PatchNext(const Ring& before, const PointEdits& edits) {
  next_width_ = NextWidth();
  if (next_width_ != before.next_width_ ||
      zones_.count != before.zones_.count ||
      ZonesChange(before.nodes_, nodes_, edits.renumbering())) {
    FillNext();
    return;
  }
  if (next_width_ == 0) return;
  next_owners_ = edits.Merge(
      std::span<const uint16_t>(before.next_owners_), next_width_, true,
      [](const PointEdit&) { return uint16_t{0}; }, [](auto) {});
  // An edit changes the owners of the slots whose walk reaches it: those before
  // it, back to the first whose walk ends before. Walks that begin earlier end
  // no later.
  size_t shift = 0;
  size_t filled = 0;
  for (const PointEdit& edit : edits.edits()) {
    // Where walks are long, the same slots come up again and again.
    if (filled > slots()) return FillNext();
    // The point that came, or the first behind the one that went.
    const size_t at = (edit.slot + shift) % slots();
    if (edit.added) FillNextOf(at);
    for (size_t back = 1; back <= slots(); ++back, ++filled) {
      const size_t slot = (at + slots() - back) % slots();
      if (FillNextOf(slot) <= back) break;
    }
    shift += edit.added ? 1 : ~size_t{0};
  }
}

}  // namespace clockwise
