// Seats count what each node has against its quota. Thread-compatible.
//
// A node's bound is its quota's `least`, or one more if it has one of its
// group's extras. Taking and leaving keep it so that a node has an extra
// exactly when it has more than `least`.
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

  // Counts without regard to the bound: for what was there before.
  void Inherit(uint32_t node) { ++used_[node]; }
  void Disinherit(uint32_t node) { --used_[node]; }
  // Gives the extras to nodes that have more than `least`: each keeps one of
  // what it has, so that is where an extra saves a move. Greatest remainder
  // first. Once, after Inherit and before the rest.
  void GrantExtras();

  // What the node has above its bound.
  uint32_t Surplus(uint32_t node) const;
  // How far it is above `least` (negative: below), to choose who sheds.
  int64_t Pressure(uint32_t node) const {
    return int64_t{used_[node]} - quotas_.least[node];
  }
  bool HasRoom(uint32_t node) const;
  void Take(uint32_t node);
  void Leave(uint32_t node);

  // What the nodes still want, each as often as it wants one more.
  std::vector<uint32_t> Wanted() const;

  // Whether the node lacks nothing but an extra, and its group has none left.
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
