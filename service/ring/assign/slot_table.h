// A SlotTable is a table of slots being filled: which node is in which slot,
// and which slots each node is in. Thread-compatible.
//
// Slots can be marked (those of rows that a change altered: few, where the
// table is large), and a node's marked slots be had apart.
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
  // `slots` holds nodes below `nodes`, or kNobody.
  SlotTable(std::vector<uint32_t> slots, size_t nodes);

  size_t size() const { return slots_.size(); }
  uint32_t operator[](size_t slot) const { return slots_[slot]; }
  std::span<const uint32_t> slots() const { return slots_; }
  // The slots that a node is in, in no particular order. Valid until the next
  // Put or Mark.
  std::span<const uint32_t> of_node(uint32_t node) const {
    return of_node_[node].slots;
  }
  std::span<const uint32_t> marked_of_node(uint32_t node) const {
    return of_node(node).first(of_node_[node].marked);
  }

  // Puts `node` (kNobody: nobody) in place of who is there.
  void Put(uint32_t slot, uint32_t node);
  void Mark(uint32_t slot);

 private:
  // A node's slots, the marked ones first.
  struct Slots {
    std::vector<uint32_t> slots;
    size_t marked = 0;
  };

  // Swaps two of a node's slots.
  void Swap(Slots& of_node, size_t a, size_t b);

  std::vector<uint32_t> slots_;
  std::vector<uint32_t> places_;  // by slot: where of_node_ lists it
  std::vector<bool> marked_;      // by slot
  std::vector<Slots> of_node_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_ASSIGN_SLOT_TABLE_H_
