#include "service/ring/next_ring.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "service/limits.h"
#include "service/ring/assign/assign.h"

namespace clockwise {
namespace {

std::vector<uint32_t> NextTable(const Ring& before, const NodeList& nodes) {
  const v1::RingSpec& spec = before.spec();
  const size_t owners = std::min<size_t>(spec.replicas(), nodes.size());
  if (owners == 0) return {};
  const size_t partitions = size_t{1} << spec.partition_bits();
  const std::vector<uint32_t> indexes = IndexesAfter(before.nodes(), nodes);
  RowsBefore rows;
  if (before.slots() > 0) {
    rows.width = before.owners_per_slot();
    rows.nodes.reserve(before.slot_nodes().size());
    for (const uint32_t node : before.slot_nodes()) {
      rows.nodes.push_back(indexes[node]);
    }
  }
  const uint64_t seed = before.fingerprint();
  std::vector<uint32_t> table =
      AssignReplicas(nodes, rows, partitions, owners, seed);
  AssignPrimaries(nodes, rows, owners, seed, table);
  return table;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Ring>> NextRing(const Ring& before,
                                                     NodeList nodes) {
  const v1::RingSpec& spec = before.spec();
  std::vector<uint32_t> table;
  // Beyond the limit, Build refuses.
  if (spec.layout() == v1::LAYOUT_PARTITIONED &&
      nodes.size() <= limits::kMaxNodes) {
    table = NextTable(before, nodes);
  }
  return Ring::Build(spec, std::move(nodes), std::move(table));
}

}  // namespace clockwise
