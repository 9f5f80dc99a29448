// NextRing for PARTITIONED with another patience, for tests and benchmarks.
// Stateless.
#ifndef CLOCKWISE_TESTS_RING_PATIENCE_H_
#define CLOCKWISE_TESTS_RING_PATIENCE_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "service/ring/assign/assign.h"
#include "service/ring/ring.h"

namespace clockwise {

// Exchanges are sought in rounds from the first step on, or never.
inline constexpr uint64_t kAlwaysRounds = 0;
inline constexpr uint64_t kNeverRounds = 1 << 30;

// Returns the ring of `nodes` that follows `before`. Requires at least one
// node.
inline absl::StatusOr<std::shared_ptr<const Ring>> NextRingWithPatience(
    const Ring& before, const NodeList& nodes, uint64_t patience) {
  const v1::RingSpec& spec = before.spec();
  const size_t owners = std::min<size_t>(spec.replica_count(), nodes.size());
  const std::vector<uint32_t> indexes = IndexesAfter(before.nodes(), nodes);
  RowsBefore rows;
  if (!before.nodes().empty()) rows.width = before.owners_per_slot();
  for (const uint32_t node : before.slot_nodes()) {
    rows.nodes.push_back(indexes[node]);
  }
  WorkBudget unlimited;
  const uint64_t seed = before.fingerprint();
  auto table = AssignReplicas(nodes, rows, size_t{1} << spec.partition_bits(),
                              owners, seed, unlimited, patience);
  if (!table.ok()) return table.status();
  const absl::Status status =
      AssignPrimaries(nodes, rows, owners, seed, unlimited, *table, patience);
  if (!status.ok()) return status;
  return Ring::Build(spec, nodes, *std::move(table));
}

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_RING_PATIENCE_H_
