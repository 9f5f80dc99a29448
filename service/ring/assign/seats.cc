#include "service/ring/assign/seats.h"

#include <algorithm>

namespace clockwise {

Seats::Seats(const Quotas& quotas)
    : quotas_(quotas),
      members_(quotas.extras.size()),
      used_(quotas.least.size()),
      has_extra_(quotas.least.size()),
      extras_left_(quotas.extras) {
  for (uint32_t node = 0; node < nodes(); ++node) {
    members_[group(node)].push_back(node);
  }
  for (auto& members : members_) {
    std::stable_sort(members.begin(), members.end(),
                     [&](uint32_t a, uint32_t b) {
                       return quotas_.remainder[a] > quotas_.remainder[b];
                     });
  }
}

// Assigns the extras of each group to nodes that own more than `least`,
// greatest remainder first, as far as there are extras. `members` is sorted by
// remainder, so the loop ends at the first member without one. Afterwards the
// sum of min(owned, bound) is the greatest that any assignment of extras
// allows.
void Seats::GrantExtras() {
  for (const auto& members : members_) {
    for (const uint32_t node : members) {
      uint32_t& left = extras_left_[group(node)];
      if (left == 0 || quotas_.remainder[node] == 0) break;
      if (used_[node] <= quotas_.least[node]) continue;
      has_extra_[node] = 1;
      --left;
    }
  }
}

uint32_t Seats::Surplus(uint32_t node) const {
  return used_[node] > Bound(node) ? used_[node] - Bound(node) : 0;
}

// A node at `least` has room only if it may hold an extra and its group has one
// left. Take then moves that extra to the node.
bool Seats::HasRoom(uint32_t node) const {
  if (used_[node] < Bound(node)) return true;
  return used_[node] == quotas_.least[node] && quotas_.remainder[node] != 0 &&
         extras_left_[group(node)] > 0;
}

bool Seats::LacksExtra(uint32_t node) const {
  return used_[node] == quotas_.least[node] && quotas_.remainder[node] != 0 &&
         extras_left_[group(node)] == 0;
}

void Seats::Take(uint32_t node) {
  if (++used_[node] <= Bound(node) || extras_left_[group(node)] == 0) return;
  has_extra_[node] = 1;
  --extras_left_[group(node)];
}

// A node that falls to `least` returns its extra to the group, where another
// member can take it. This keeps "has an extra" equal to "owns more than
// `least`".
void Seats::Leave(uint32_t node) {
  --used_[node];
  if (has_extra_[node] == 0 || used_[node] > quotas_.least[node]) return;
  has_extra_[node] = 0;
  ++extras_left_[group(node)];
}

// The extras left are expected at the members with the greatest remainders.
// This is only a suggestion for filling slots: HasRoom decides.
std::vector<uint32_t> Seats::Wanted() const {
  std::vector<uint32_t> wanted;
  for (const auto& members : members_) {
    if (members.empty()) continue;
    uint32_t extras = extras_left_[group(members.front())];
    for (const uint32_t node : members) {
      for (uint32_t i = used_[node]; i < quotas_.least[node]; ++i) {
        wanted.push_back(node);
      }
      if (extras == 0 || quotas_.remainder[node] == 0 || has_extra(node)) {
        continue;
      }
      wanted.push_back(node);
      --extras;
    }
  }
  return wanted;
}

}  // namespace clockwise
