#include <algorithm>
#include <cassert>
#include <utility>

#include "service/ring/assign/assign.h"
#include "service/ring/assign/dice.h"
#include "service/ring/assign/exchanges.h"
#include "service/ring/assign/quota.h"
#include "service/ring/assign/seats.h"
#include "service/ring/assign/slot_table.h"

namespace clockwise {
namespace {

// Number of nodes that are tried for a slot before it is left to an exchange.
constexpr size_t kTries = 64;

// A node that needs at least this fraction (1 / kHeavy) of the empty slots is
// filled in first.
constexpr size_t kHeavy = 64;

// Returns the owners of the previous table that still exist. They keep their
// places in the row, unless there are fewer places than before.
std::vector<uint32_t> Carry(const RowsBefore& before, size_t rows,
                            size_t owners) {
  std::vector<uint32_t> slots(rows * owners, kNobody);
  if (before.width == 0) return slots;
  for (size_t row = 0; row < rows; ++row) {
    size_t place = 0;
    for (const uint32_t node : before.Row(row)) {
      if (node != kGone) slots[row * owners + place] = node;
      // A smaller width means that all nodes own every partition, so the
      // remaining nodes fit. They are moved together.
      if (node != kGone || before.width <= owners) ++place;
    }
  }
  return slots;
}

class Assigner {
 public:
  Assigner(const NodeList& nodes, const RowsBefore& before, size_t rows,
           size_t owners, uint64_t seed, WorkBudget& budget, uint64_t patience)
      : zones_(NumberZones(nodes)),
        table_(Carry(before, rows, owners), nodes.size()),
        rows_(table_, owners, before, zones_),
        seats_(ReplicaQuotas(nodes, zones_, rows, owners)),
        budget_(budget),
        exchanges_(rows_, table_, seats_, budget, patience),
        dice_(seed) {}

  absl::StatusOr<std::vector<uint32_t>> Assign() {
    if (!budget_.Spend(table_.size())) return budget_.status();
    // Phase 1: start from the previous table. A row may now violate the zone
    // rule, for example after a zone was added, and must give up nodes.
    // Afterwards every row is valid, except that it may have empty slots, and
    // all owners in it cost 0.
    for (const uint32_t node : table_.slots()) {
      if (node != kNobody) seats_.Inherit(node);
    }
    const bool relieved = RelieveRows();
    // Phase 2: reduce each node to its bound. Nodes above `least` get the
    // extras first, because an extra there saves a move. Afterwards no node is
    // above its bound. If no row was relieved, each node keeps min(previous,
    // quota) slots. This is the most that any table can keep, so each empty
    // slot costs at least 1.
    seats_.GrantExtras();
    // A hand-over fills a slot at cost 1. After relieving, a path of cost 0 may
    // restore the node that left a row and remove another one instead. Such
    // paths must come first, so no slot is filled yet.
    if (!relieved) HandOver();
    Shed();
    // Phase 3: fill the empty slots. Each step adds a shortest path to a flow
    // of minimum cost, so the flow keeps minimum cost for its size. After
    // relieving, paths of cost 0 are used up first. Then a direct fill at cost
    // 1 is a shortest path. Chains follow, from cost 1 upwards.
    std::vector<uint32_t> empty;
    for (uint32_t slot = 0; slot < table_.size(); ++slot) {
      if (table_[slot] == kNobody) empty.push_back(slot);
    }
    if (relieved) {
      if (absl::Status status = exchanges_.Fill(0, 0, empty); !status.ok()) {
        return status;
      }
    }
    FillDirectly(empty);
    if (absl::Status status =
            exchanges_.Fill(1, Exchanges<ReplicaRows>::kDearest, empty);
        !status.ok()) {
      return status;
    }
    assert(empty.empty() && "such a table always exists: quota.h");
    return std::vector<uint32_t>(table_.slots().begin(), table_.slots().end());
  }

 private:
  // Removes nodes from rows that have too many nodes of one zone. The node that
  // is most above its quota leaves, because it must lose slots anyway. Such a
  // row has a zone with two nodes, so `worst` always exists.
  bool RelieveRows() {
    bool relieved = false;
    for (size_t row = 0; row < rows_.rows(); ++row) {
      for (size_t crowding = rows_.Crowding(row); crowding > 0; --crowding) {
        uint32_t worst = kNobody;
        for (size_t i = 0; i < rows_.owners(); ++i) {
          const auto slot = static_cast<uint32_t>(row * rows_.owners() + i);
          const uint32_t node = table_[slot];
          if (node == kNobody || !rows_.SharesZone(row, node)) continue;
          if (worst == kNobody ||
              seats_.Pressure(node) > seats_.Pressure(table_[worst])) {
            worst = slot;
          }
        }
        seats_.Disinherit(table_[worst]);
        table_.Put(worst, kNobody);
        relieved = true;
      }
    }
    return relieved;
  }

  // Puts one of the last `kTries` nodes of `wanted` into the slot and removes
  // the present owner. Returns false if none of them fits, or if the budget has
  // ended.
  bool PutWanted(uint32_t slot, std::vector<uint32_t>& wanted) {
    const size_t tries = std::min(kTries, wanted.size());
    if (!budget_.Spend(1)) return false;
    for (size_t i = 1; i <= tries; ++i) {
      const uint32_t node = wanted[wanted.size() - i];
      if (!seats_.HasRoom(node) || !rows_.Admits(slot, node)) continue;
      if (table_[slot] != kNobody) seats_.Leave(table_[slot]);
      table_.Put(slot, node);
      seats_.Take(node);
      wanted[wanted.size() - i] = wanted.back();
      wanted.pop_back();
      return true;
    }
    return false;
  }

  // Moves slots from nodes above their bound directly to nodes below theirs. A
  // surplus slot is lost at any rate and costs 1 to fill, so this is optimal.
  // It leaves fewer empty slots for the slower phases.
  void HandOver() {
    std::vector<uint32_t> wanted = seats_.Wanted();
    dice_.Shuffle(wanted);
    for (uint32_t node = 0; node < seats_.nodes(); ++node) {
      if (seats_.Surplus(node) == 0) continue;
      for (const uint32_t slot : dice_.Mixed(table_.of_node(node))) {
        if (seats_.Surplus(node) == 0 || wanted.empty()) break;
        PutWanted(slot, wanted);
      }
    }
  }

  // Empties the slots that nodes still own above their bounds.
  void Shed() {
    for (uint32_t node = 0; node < seats_.nodes(); ++node) {
      if (seats_.Surplus(node) == 0) continue;
      for (const uint32_t slot : dice_.Mixed(table_.of_node(node))) {
        if (seats_.Surplus(node) == 0) break;
        seats_.Leave(node);
        table_.Put(slot, kNobody);
      }
    }
  }

  // Fills slots with nodes that have room, without moving any other owner. Each
  // fill costs 1. A slot remains if its row admits none of the nodes tried.
  void FillDirectly(std::vector<uint32_t>& empty) {
    FillHeavy(empty);
    std::vector<uint32_t> wanted = seats_.Wanted();
    dice_.Shuffle(wanted);
    std::erase_if(empty, [&](uint32_t slot) {
      return table_[slot] != kNobody || PutWanted(slot, wanted);
    });
  }

  // Fills the nodes that need a large part of all rows first, largest need
  // first. Each node gets the rows with the most empty slots. This order finds
  // a solution whenever all rows admit the same nodes (Gale 1957, Ryser 1957).
  // In an arbitrary order, such a node would meet rows that it owns already,
  // and many slots would be left to exchanges.
  void FillHeavy(const std::vector<uint32_t>& empty) {
    std::vector<uint32_t> wants(seats_.nodes());
    for (const uint32_t node : seats_.Wanted()) ++wants[node];
    std::vector<uint32_t> heavy;
    for (uint32_t node = 0; node < wants.size(); ++node) {
      if (wants[node] > 0 && wants[node] >= empty.size() / kHeavy) {
        heavy.push_back(node);
      }
    }
    std::stable_sort(heavy.begin(), heavy.end(), [&](uint32_t a, uint32_t b) {
      return wants[a] > wants[b];
    });
    std::vector<uint32_t> slots = empty;
    dice_.Shuffle(slots);
    for (const uint32_t node : heavy) {
      if (!budget_.Spend(slots.size())) return;
      SortByEmptySlots(slots);
      uint32_t left = wants[node];
      for (const uint32_t slot : slots) {
        if (left == 0) break;
        if (table_[slot] != kNobody || !rows_.Admits(slot, node)) continue;
        table_.Put(slot, node);
        seats_.Take(node);
        --left;
      }
    }
  }

  // Removes the filled slots. Slots of rows with more empty slots come first.
  void SortByEmptySlots(std::vector<uint32_t>& slots) {
    std::vector<std::vector<uint32_t>> by_count(rows_.owners() + 1);
    for (const uint32_t slot : slots) {
      if (table_[slot] != kNobody) continue;
      const auto row = rows_.Row(slot / rows_.owners());
      by_count[static_cast<size_t>(std::count(row.begin(), row.end(), kNobody))]
          .push_back(slot);
    }
    slots.clear();
    for (auto same = by_count.rbegin(); same != by_count.rend(); ++same) {
      slots.insert(slots.end(), same->begin(), same->end());
    }
  }

  const Zones zones_;
  SlotTable table_;
  ReplicaRows rows_;
  Seats seats_;
  WorkBudget& budget_;
  Exchanges<ReplicaRows> exchanges_;
  Dice dice_;
};

}  // namespace

absl::StatusOr<std::vector<uint32_t>> AssignReplicas(
    const NodeList& nodes, const RowsBefore& before, size_t rows, size_t owners,
    uint64_t seed, WorkBudget& budget, uint64_t patience) {
  assert(owners >= 1 && owners <= nodes.size());
  return Assigner(nodes, before, rows, owners, seed, budget, patience).Assign();
}

}  // namespace clockwise
