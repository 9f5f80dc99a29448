#include <algorithm>
#include <utility>

#include "service/ring/assign/assign.h"
#include "service/ring/assign/dice.h"
#include "service/ring/assign/exchanges.h"
#include "service/ring/assign/quota.h"
#include "service/ring/assign/seats.h"
#include "service/ring/assign/slot_table.h"

namespace clockwise {
namespace {

// Defines which nodes may be a partition's primary: its owners. A slot is a
// partition, so a table has as many slots as rows.
class PrimaryRows {
 public:
  PrimaryRows(SlotTable& primaries, const std::vector<uint32_t>& table,
              size_t owners, const RowsBefore& before)
      : primaries_(primaries),
        table_(table),
        owners_(owners),
        before_(before) {}

  std::span<const uint32_t> Owners(uint32_t slot) const {
    return std::span(table_).subspan(size_t{slot} * owners_, owners_);
  }
  bool WasPrimary(uint32_t slot, uint32_t node) const {
    return before_.width > 0 && before_.Row(slot)[0] == node;
  }

  size_t places() const { return 0; }
  const ClassLists& nodes_by_zone() const { return by_zone_; }
  size_t rows() const { return primaries_.size(); }
  ClassLists ByZone(std::span<const uint32_t> /*nodes*/) const { return {}; }
  size_t RowOf(uint32_t slot) const { return slot; }
  bool Admits(uint32_t slot, uint32_t node) const {
    const auto owners = Owners(slot);
    return node != primaries_[slot] &&
           std::find(owners.begin(), owners.end(), node) != owners.end();
  }
  int Cost(uint32_t slot) const { return CostIn(slot, primaries_[slot]); }
  int CostIn(uint32_t slot, uint32_t node) const {
    return WasPrimary(slot, node) ? 0 : 1;
  }
  // A partition that has its former primary can only change to a dearer one. So
  // only the other partitions can change hands without raising the cost.
  std::span<const uint32_t> CheapSlots(uint32_t node) {
    if (!marked_) {
      marked_ = true;
      for (uint32_t slot = 0; slot < primaries_.size(); ++slot) {
        if (!WasPrimary(slot, primaries_[slot])) primaries_.Mark(slot);
      }
    }
    return primaries_.marked_of_node(node);
  }
  void Altered(uint32_t slot) { primaries_.Mark(slot); }
  template <typename Search>
  void ReachFromEmpty(Search& search, uint32_t slot) {
    ReachFromGivenUp(search, slot, 0);
  }
  template <typename Search>
  void ReachFromGivenUp(Search& search, uint32_t slot, int cost) {
    for (const uint32_t node : Owners(slot)) {
      if (node == primaries_[slot]) continue;
      search.Reach(node, cost + CostIn(slot, node), slot);
    }
  }

 private:
  SlotTable& primaries_;
  const std::vector<uint32_t>& table_;
  const size_t owners_;
  const RowsBefore& before_;
  const ClassLists by_zone_;  // empty: zones do not matter
  bool marked_ = false;       // slots with a new primary are marked
};

// Returns the former primaries where they are still owners; kNobody elsewhere.
std::vector<uint32_t> Carry(const RowsBefore& before, size_t owners,
                            const std::vector<uint32_t>& table) {
  std::vector<uint32_t> primaries(table.size() / owners, kNobody);
  if (before.width == 0) return primaries;
  for (size_t row = 0; row < primaries.size(); ++row) {
    const uint32_t was = before.Row(row)[0];
    const auto first = table.begin() + static_cast<ptrdiff_t>(row * owners);
    const auto last = first + static_cast<ptrdiff_t>(owners);
    if (was != kGone && std::find(first, last, was) != last) {
      primaries[row] = was;
    }
  }
  return primaries;
}

class PrimaryAssigner {
 public:
  PrimaryAssigner(const NodeList& nodes, const RowsBefore& before,
                  size_t owners, uint64_t seed, WorkBudget& budget,
                  uint64_t patience, const std::vector<uint32_t>& table)
      : primaries_(Carry(before, owners, table), nodes.size()),
        rows_(primaries_, table, owners, before),
        seats_(PrimaryQuotas(nodes, primaries_.size())),
        budget_(budget),
        exchanges_(rows_, primaries_, seats_, budget, patience),
        dice_(seed) {}

  absl::StatusOr<SlotTable> Assign() {
    if (!budget_.Spend(primaries_.size())) return budget_.status();
    // Keep every former primary that is still an owner, then bring each node
    // down to its quota. Afterwards no node is above its bound. The number kept
    // is the maximum that any even choice can keep, so each empty slot costs at
    // least 1.
    for (const uint32_t node : primaries_.slots()) {
      if (node != kNobody) seats_.Inherit(node);
    }
    seats_.GrantExtras();
    for (uint32_t node = 0; node < seats_.nodes(); ++node) Shed(node);
    // Fill the empty slots: directly where an owner has room (cost 1, a
    // shortest path), else by chains, cheapest first. The choice stays at
    // minimum cost.
    std::vector<uint32_t> empty;
    for (uint32_t slot = 0; slot < primaries_.size(); ++slot) {
      if (primaries_[slot] == kNobody) empty.push_back(slot);
    }
    std::erase_if(empty, [&](uint32_t slot) { return PutNeediest(slot); });
    if (absl::Status status =
            exchanges_.Fill(1, Exchanges<PrimaryRows>::kDearest, empty);
        !status.ok()) {
      return status;
    }
    // Without capped nodes an even choice exists, and `empty` is empty now.
    // With caps the existence is not proved (README.md). This keeps the ring
    // complete: every partition gets a primary, at the price of evenness.
    for (const uint32_t slot : empty) PutAnyway(slot);
    return std::move(primaries_);
  }

 private:
  // Makes the owner with the most room primary. Returns false if none has room.
  bool PutNeediest(uint32_t slot) {
    uint32_t best = kNobody;
    for (const uint32_t node : rows_.Owners(slot)) {
      if (node == primaries_[slot] || !seats_.HasRoom(node)) continue;
      if (best == kNobody || seats_.Pressure(node) < seats_.Pressure(best)) {
        best = node;
      }
    }
    if (best == kNobody) return false;
    Put(slot, best);
    return true;
  }

  void Put(uint32_t slot, uint32_t node) {
    if (primaries_[slot] != kNobody) seats_.Leave(primaries_[slot]);
    primaries_.Put(slot, node);
    if (node != kNobody) seats_.Take(node);
  }

  // Reduces a node to its bound. Its partitions first go to other owners with
  // room: such a partition needs a new primary anyway, and costs 1 either way.
  // The rest are left empty.
  void Shed(uint32_t node) {
    if (seats_.Surplus(node) == 0) return;
    std::vector<uint32_t> slots = dice_.Mixed(primaries_.of_node(node));
    std::erase_if(slots, [&](uint32_t slot) {
      return seats_.Surplus(node) > 0 && PutNeediest(slot);
    });
    for (const uint32_t slot : slots) {
      if (seats_.Surplus(node) == 0) return;
      Put(slot, kNobody);
    }
  }

  // Makes the owner that is least above its quota primary. Needed only if the
  // owners of the table allow no even choice.
  void PutAnyway(uint32_t slot) {
    const auto owners = rows_.Owners(slot);
    Put(slot, *std::min_element(
                  owners.begin(), owners.end(), [&](uint32_t a, uint32_t b) {
                    return seats_.Pressure(a) < seats_.Pressure(b);
                  }));
  }

  SlotTable primaries_;
  PrimaryRows rows_;
  Seats seats_;
  WorkBudget& budget_;
  Exchanges<PrimaryRows> exchanges_;
  Dice dice_;
};

}  // namespace

absl::Status AssignPrimaries(const NodeList& nodes, const RowsBefore& before,
                             size_t owners, uint64_t seed, WorkBudget& budget,
                             std::vector<uint32_t>& table, uint64_t patience) {
  const absl::StatusOr<SlotTable> assigned =
      PrimaryAssigner(nodes, before, owners, seed, budget, patience, table)
          .Assign();
  if (!assigned.ok()) return assigned.status();
  const SlotTable& primaries = *assigned;
  for (uint32_t row = 0; row < primaries.size(); ++row) {
    const auto first = table.begin() + static_cast<ptrdiff_t>(row * owners);
    const auto last = first + static_cast<ptrdiff_t>(owners);
    const auto primary = std::find(first, last, primaries[row]);
    std::rotate(first, primary, primary + 1);
  }
  return absl::OkStatus();
}

}  // namespace clockwise
