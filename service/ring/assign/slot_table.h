// SlotTable maps each slot to its node, and each node to its slots, while the
// table is being filled. Thread-compatible.
//
// Slots can be marked. The marked slots are those of rows that a change
// altered, which are few in a large table. Each node's marked slots form a
// range of their own.
#ifndef CLOCKWISE_SERVICE_RING_ASSIGN_SLOT_TABLE_H_
#define CLOCKWISE_SERVICE_RING_ASSIGN_SLOT_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace clockwise {

inline constexpr uint32_t kNobody = ~0u;

class SlotTable {
 public:
  // `slots` holds numbers below `nodes`, or kNobody for an empty slot.
  SlotTable(std::vector<uint32_t> slots, size_t nodes);

  size_t size() const { return slots_.size(); }
  uint32_t operator[](size_t slot) const { return slots_[slot]; }
  std::span<const uint32_t> slots() const { return slots_; }
  // Returns the slots of `node` in arbitrary order. Valid until the next call
  // of Put or Mark.
  std::span<const uint32_t> of_node(uint32_t node) const {
    return of_node_[node].slots;
  }
  std::span<const uint32_t> marked_of_node(uint32_t node) const {
    return of_node(node).first(of_node_[node].marked);
  }

  // Replaces the owner of `slot` by `node`. kNobody makes the slot empty.
  void Put(uint32_t slot, uint32_t node);
  void Mark(uint32_t slot);

 private:
  // The slots of one node, marked ones first.
  struct Slots {
    std::vector<uint32_t> slots;
    size_t marked = 0;
  };

  // Exchanges two of a node's slots.
  void Swap(Slots& of_node, size_t a, size_t b);

  std::vector<uint32_t> slots_;
  std::vector<uint32_t> places_;  // by slot: its index in of_node_
  std::vector<bool> marked_;      // by slot
  std::vector<Slots> of_node_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_ASSIGN_SLOT_TABLE_H_
