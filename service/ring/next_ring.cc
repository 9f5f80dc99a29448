#include "service/ring/next_ring.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/limits.h"
#include "service/ring/assign/assign.h"

namespace clockwise {
namespace {

// Returns the table of `before` as indexes into other nodes.
RowsBefore RowsOf(const Ring& before, const std::vector<uint32_t>& indexes) {
  RowsBefore rows;
  if (before.slots() == 0) return rows;
  rows.width = before.owners_per_slot();
  rows.nodes.resize(before.slot_nodes().size());
  std::transform(before.slot_nodes().begin(), before.slot_nodes().end(),
                 rows.nodes.begin(),
                 [&](uint32_t node) { return indexes[node]; });
  return rows;
}

// Returns the slot of `ring` that owns most of the positions `first` to `last`.
size_t MainSlot(const Ring& ring, uint64_t first, uint64_t last) {
  size_t slot = ring.SlotOf({first, 0});
  size_t main = slot;
  uint64_t most = 0;
  for (uint64_t start = first;;) {
    const uint64_t end = ring.SlotEnd(slot);
    // After the last end, the circle continues with the first slot.
    const uint64_t until = end < start ? last : std::min(end, last);
    if (until - start >= most) {
      most = until - start;
      main = slot;
    }
    if (until == last) return main;
    start = until + 1;
    slot = ring.SlotOf({start, 0});
  }
}

// Returns a table of `partitions` that is as close to `ring` as whole
// partitions can be. `ring` may have any points.
RowsBefore RowsNear(const Ring& ring, const std::vector<uint32_t>& indexes,
                    size_t partitions, size_t owners) {
  RowsBefore rows;
  rows.width = std::min(owners, ring.nodes().size());
  if (rows.width == 0) return rows;
  rows.nodes.resize(partitions * rows.width);
  const uint64_t width = ~uint64_t{0} / partitions;  // minus 1
  for (size_t row = 0; row < partitions; ++row) {
    const uint64_t first = row * (width + 1);
    const std::span<uint32_t> of_row(&rows.nodes[row * rows.width], rows.width);
    ring.OwnersFrom(MainSlot(ring, first, first + width), of_row);
    for (uint32_t& node : of_row) node = indexes[node];
  }
  return rows;
}

// Returns the number of points that a ring of `nodes` has at least. It is exact
// for HASHED and PARTITIONED, so that a ring above a limit is not built.
uint64_t LeastPoints(const v1::RingSpec& spec, const NodeList& nodes) {
  if (spec.layout() == v1::LAYOUT_PARTITIONED) {
    return std::min<uint64_t>(spec.replica_count(), nodes.size())
           << spec.partition_bits();
  }
  if (spec.layout() != v1::LAYOUT_HASHED) return 0;
  uint64_t weights = 0;
  for (const NodePtr& node : nodes) weights += node->weight();
  return weights * spec.virtual_node_count();
}

// Assigns the partitions to `nodes`, which all have a weight above 0.
absl::StatusOr<std::vector<uint32_t>> AssignTable(const Ring& before,
                                                  const NodeList& nodes,
                                                  size_t owners,
                                                  const Ring* migrating_from,
                                                  WorkBudget& budget) {
  const v1::RingSpec& spec = before.spec();
  const size_t partitions = size_t{1} << spec.partition_bits();
  const bool from_another = before.nodes().empty() &&
                            migrating_from != nullptr &&
                            HashAlike(before, *migrating_from);
  const Ring& old = from_another ? *migrating_from : before;
  const std::vector<uint32_t> indexes = IndexesAfter(old.nodes(), nodes);
  const RowsBefore rows = from_another
                              ? RowsNear(old, indexes, partitions, owners)
                              : RowsOf(old, indexes);
  const uint64_t seed = before.fingerprint();
  absl::StatusOr<std::vector<uint32_t>> table =
      AssignReplicas(nodes, rows, partitions, owners, seed, budget);
  if (!table.ok()) return table.status();
  if (absl::Status status =
          AssignPrimaries(nodes, rows, owners, seed, budget, *table);
      !status.ok()) {
    return status;
  }
  return table;
}

absl::StatusOr<std::vector<uint32_t>> NextTable(const Ring& before,
                                                const NodeList& nodes,
                                                const Ring* migrating_from,
                                                WorkBudget& budget) {
  const size_t owners =
      std::min<size_t>(before.spec().replica_count(), nodes.size());
  if (owners == 0) return std::vector<uint32_t>();
  const bool all_weighted =
      std::all_of(nodes.begin(), nodes.end(),
                  [](const NodePtr& node) { return node->weight() > 0; });
  if (all_weighted) {
    return AssignTable(before, nodes, owners, migrating_from, budget);
  }
  NodeList weighted;
  std::vector<uint32_t> indexes;  // in `nodes`, by index in `weighted`
  for (uint32_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i]->weight() == 0) continue;
    weighted.push_back(nodes[i]);
    indexes.push_back(i);
  }
  if (weighted.size() < owners) {
    return Refusal(
        v1::ERROR_REASON_NODES_UNPLACEABLE,
        absl::StrCat("weight: ", weighted.size(), " of ", nodes.size(),
                     " nodes have a weight above 0, and a partition needs ",
                     owners, " owners; raise a weight, or remove nodes"));
  }
  auto table = AssignTable(before, weighted, owners, migrating_from, budget);
  if (!table.ok()) return table;
  for (uint32_t& node : *table) node = indexes[node];
  return table;
}

}  // namespace

absl::Status CheckPointsLeft(uint64_t points, uint64_t most) {
  if (points <= most) return absl::OkStatus();
  return Refusal(
      v1::ERROR_REASON_LIMIT_REACHED,
      absl::StrCat("points: the ring would have ", points, " points, and ",
                   most,
                   " are left for it (--max-points); use fewer virtual "
                   "nodes or less weight, or delete a ring"));
}

bool HashAlike(const Ring& a, const Ring& b) {
  return a.rule().own() && b.rule().own() && a.has_arcs() && b.has_arcs();
}

absl::StatusOr<std::shared_ptr<const Ring>> NextRing(const Ring& before,
                                                     NodeList nodes,
                                                     const Ring* migrating_from,
                                                     WorkBudget* budget) {
  WorkBudget unlimited;
  if (budget == nullptr) budget = &unlimited;
  if (!budget->Spend(1)) return budget->status();
  const v1::RingSpec& spec = before.spec();
  absl::Status few =
      CheckPointsLeft(LeastPoints(spec, nodes), budget->points());
  if (!few.ok()) return few;
  if (spec.layout() != v1::LAYOUT_PARTITIONED) {
    auto next = Ring::After(before, std::move(nodes));
    if (!next.ok()) return next.status();
    few = CheckPointsLeft((*next)->slot_nodes().size(), budget->points());
    if (!few.ok()) return few;
    return next;
  }
  std::vector<uint32_t> table;
  // Above the limit, Build returns the error.
  if (nodes.size() <= limits::kMaxNodes) {
    auto next = NextTable(before, nodes, migrating_from, *budget);
    if (!next.ok()) return next.status();
    table = *std::move(next);
  }
  return Ring::Build(spec, std::move(nodes), std::move(table));
}

absl::StatusOr<std::shared_ptr<const Ring>> FirstRing(
    const v1::RingSpec& spec, NodeList nodes, const Ring* migrating_from,
    WorkBudget* budget) {
  const auto empty = Ring::Build(spec, {});
  if (!empty.ok()) return empty.status();
  return NextRing(**empty, std::move(nodes), migrating_from, budget);
}

}  // namespace clockwise
