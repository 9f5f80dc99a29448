// Seats counts the slots that each node owns against its quota.
// Thread-compatible.
//
// The bound of a node is `least` of its quota, plus 1 if the node holds one of
// its group's extras. After Take and Leave, a node holds an extra exactly if it
// owns more than `least`.
#ifndef CLOCKWISE_SERVICE_RING_ASSIGN_SEATS_H_
#define CLOCKWISE_SERVICE_RING_ASSIGN_SEATS_H_

#include <cstdint>
#include <vector>

#include "service/ring/assign/quota.h"

namespace clockwise {

class Seats {
 public:
  explicit Seats(const Quotas& quotas);

  size_t nodes() const { return used_.size(); }
  uint32_t used(uint32_t node) const { return used_[node]; }

  // Adds or removes a slot of the previous table, regardless of the bound.
  void Inherit(uint32_t node) { ++used_[node]; }
  void Disinherit(uint32_t node) { --used_[node]; }
  // Assigns extras to nodes that own more than `least`, greatest remainder
  // first. Such a node keeps one more of its slots, so the extra saves a move.
  // Call it once, after Inherit and before all other functions.
  void GrantExtras();

  // Returns how many slots the node owns above its bound.
  uint32_t Surplus(uint32_t node) const;
  // Returns how far the node is above `least`; negative if it is below. Chooses
  // the node that gives up a slot.
  int64_t Pressure(uint32_t node) const {
    return int64_t{used_[node]} - quotas_.least[node];
  }
  bool HasRoom(uint32_t node) const;
  void Take(uint32_t node);
  void Leave(uint32_t node);

  // Returns the nodes that still need slots, each as often as it needs one.
  std::vector<uint32_t> Wanted() const;

  // True if the node lacks only an extra, and its group has none left.
  bool LacksExtra(uint32_t node) const;
  uint32_t group(uint32_t node) const { return quotas_.group[node]; }
  size_t groups() const { return quotas_.extras.size(); }
  bool has_extra(uint32_t node) const { return has_extra_[node] != 0; }
  const std::vector<uint32_t>& members(uint32_t group) const {
    return members_[group];
  }

 private:
  uint32_t Bound(uint32_t node) const {
    return quotas_.least[node] + has_extra_[node];
  }

  const Quotas quotas_;
  std::vector<std::vector<uint32_t>> members_;  // by group: greatest remainder
                                                // first
  std::vector<uint32_t> used_;
  std::vector<uint8_t> has_extra_;
  std::vector<uint32_t> extras_left_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_ASSIGN_SEATS_H_
