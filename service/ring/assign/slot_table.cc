#include "service/ring/assign/slot_table.h"

#include <utility>

namespace clockwise {

// Builds both directions of the map. Invariant: for each filled slot,
// of_node_[slots_[slot]].slots[places_[slot]] == slot. It makes Put and Mark
// O(1).
SlotTable::SlotTable(std::vector<uint32_t> slots, size_t nodes)
    : slots_(std::move(slots)),
      places_(slots_.size()),
      marked_(slots_.size()),
      of_node_(nodes) {
  std::vector<uint32_t> counts(nodes);
  for (const uint32_t node : slots_) {
    if (node != kNobody) ++counts[node];
  }
  for (size_t node = 0; node < nodes; ++node) {
    of_node_[node].slots.reserve(counts[node] + 1);
    of_node_[node].slots.resize(counts[node]);
    counts[node] = 0;
  }
  for (uint32_t slot = 0; slot < slots_.size(); ++slot) {
    if (slots_[slot] == kNobody) continue;
    places_[slot] = counts[slots_[slot]]++;
    of_node_[slots_[slot]].slots[places_[slot]] = slot;
  }
}

// Exchanges two entries of a node's list and keeps `places_` consistent.
void SlotTable::Swap(Slots& of_node, size_t a, size_t b) {
  std::vector<uint32_t>& slots = of_node.slots;
  std::swap(slots[a], slots[b]);
  places_[slots[a]] = static_cast<uint32_t>(a);
  places_[slots[b]] = static_cast<uint32_t>(b);
}

// Removes the slot from the list of its owner, then adds it to that of `node`.
// The marked slots are always the first ones of a list. So a marked slot first
// leaves the marked range by swapping with its last entry, and then the list. A
// slot keeps its mark under the new owner.
void SlotTable::Put(uint32_t slot, uint32_t node) {
  if (slots_[slot] != kNobody) {
    Slots& left = of_node_[slots_[slot]];
    if (marked_[slot]) Swap(left, places_[slot], --left.marked);
    Swap(left, places_[slot], left.slots.size() - 1);
    left.slots.pop_back();
  }
  slots_[slot] = node;
  if (node == kNobody) return;
  Slots& taken = of_node_[node];
  places_[slot] = static_cast<uint32_t>(taken.slots.size());
  taken.slots.push_back(slot);
  if (marked_[slot]) Swap(taken, places_[slot], taken.marked++);
}

void SlotTable::Mark(uint32_t slot) {
  if (marked_[slot]) return;
  marked_[slot] = true;
  if (slots_[slot] == kNobody) return;
  Slots& of_node = of_node_[slots_[slot]];
  Swap(of_node, places_[slot], of_node.marked++);
}

}  // namespace clockwise
