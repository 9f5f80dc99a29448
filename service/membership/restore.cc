#include "service/membership/restore.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "service/api/refusal.h"
#include "service/ring/layout_settings.h"
#include "service/store/store_rules.h"

namespace clockwise {

absl::StatusOr<std::vector<uint32_t>> TableOf(const v1::RingSpec& spec,
                                              const OrdinalTable& table,
                                              const NodeList& nodes) {
  const size_t partitions = PartitionsOf(spec);
  if (partitions == 0) return std::vector<uint32_t>();
  const size_t owners = std::min<size_t>(spec.replica_count(), nodes.size());
  if (table.size() != partitions * owners) {
    return Refusal(
        v1::ERROR_REASON_STORE_UNAVAILABLE,
        absl::StrCat("its partition table has ", table.size(),
                     " entries, but its nodes require ", partitions * owners));
  }
  auto indexes = IndexesOf(table, nodes, partitions);
  if (indexes.ok()) return indexes;
  return Refusal(v1::ERROR_REASON_STORE_UNAVAILABLE,
                 indexes.status().message());
}

absl::StatusOr<std::shared_ptr<RingState>> RestoreState(
    const StoredRing& stored) {
  NodeList nodes;
  nodes.reserve(stored.nodes.size());
  for (const v1::Node& node : stored.nodes) {
    nodes.push_back(std::make_shared<const v1::Node>(node));
  }
  const std::string& name = stored.head.spec.name();
  const auto spec = NormalizeSpec(stored.head.spec);
  if (!spec.ok() || !IsSorted(nodes)) {
    return absl::FailedPreconditionError(
        absl::StrCat("ring ", Quoted(name),
                     ": this version of Clockwise does not support its layout, "
                     "settings or node order; use the version that wrote it"));
  }
  auto table = TableOf(*spec, stored.table, nodes);
  if (!table.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("ring ", Quoted(name), " at epoch ", stored.head.epoch,
                     ": the data is damaged (", table.status().message(),
                     "); restore a backup"));
  }
  auto ring = Ring::Build(*spec, std::move(nodes), *std::move(table));
  if (!ring.ok()) return ring.status();
  if ((*ring)->fingerprint() != stored.head.fingerprint) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "ring %s at epoch %d: the data is damaged (its nodes have fingerprint "
        "%016x, but %016x was stored); restore a backup",
        Quoted(name), stored.head.epoch, (*ring)->fingerprint(),
        stored.head.fingerprint));
  }
  auto state = std::make_shared<RingState>(
      *std::move(ring), stored.head.incarnation, stored.head.epoch);
  for (const stored::v1::ChangeRecord& record : stored.history) {
    state->Remember(std::make_shared<const stored::v1::ChangeRecord>(record));
  }
  return state;
}

StoredRing StoredOf(const RingState& state) {
  StoredRing stored;
  stored.head = state.head();
  const NodeList& nodes = state.ring().nodes();
  stored.nodes.reserve(nodes.size());
  for (const NodePtr& node : nodes) stored.nodes.push_back(*node);
  stored.history.reserve(state.history.size());
  for (const auto& record : state.history) stored.history.push_back(*record);
  if (PartitionsOf(state.ring().spec()) > 0) {
    stored.table = OrdinalsOf(state.ring());
  }
  return stored;
}

absl::StatusOr<std::shared_ptr<RingState>> Advance(
    const RingState& state,
    const std::vector<stored::v1::ChangeRecord>& records) {
  if (records.empty()) {
    return absl::FailedPreconditionError("there are no change records");
  }
  v1::RingSpec spec = state.ring().spec();
  const size_t partitions = PartitionsOf(spec);
  OrdinalTable table;
  if (partitions > 0) table = OrdinalsOf(state.ring());
  NodeChanges changes;
  uint64_t epoch = state.epoch;
  uint64_t fingerprint = state.ring().fingerprint();
  std::vector<std::shared_ptr<const stored::v1::ChangeRecord>> history =
      state.history;
  for (const stored::v1::ChangeRecord& made : records) {
    // A node shares ownership of its record, so it is not copied.
    auto record = std::make_shared<const stored::v1::ChangeRecord>(made);
    const v1::Change& change = record->change();
    if (change.epoch() - 1 != epoch) {
      return absl::FailedPreconditionError("the change records have a gap");
    }
    epoch = change.epoch();
    fingerprint = change.fingerprint();
    for (const v1::Node& node : change.upserted()) {
      changes[node.id()] = NodePtr(record, &node);
    }
    for (const std::string& id : change.removed_ids()) changes[id] = nullptr;
    ApplyToSpec(change, spec);
    if (partitions > 0) {
      absl::Status status =
          Move(record->partitions(), Direction::kForward, partitions, table);
      if (!status.ok()) return absl::FailedPreconditionError(status.message());
    }
    history.push_back(std::move(record));
  }
  NodeList nodes = WithChanges(state.ring().nodes(), changes);
  auto indexes = TableOf(spec, table, nodes);
  if (!indexes.ok()) {
    return absl::FailedPreconditionError(indexes.status().message());
  }
  auto ring = Ring::Build(spec, std::move(nodes), *std::move(indexes));
  if (!ring.ok()) return ring.status();
  if ((*ring)->fingerprint() != fingerprint) {
    return absl::FailedPreconditionError(
        "the change records do not result in the stored fingerprint");
  }
  auto next =
      std::make_shared<RingState>(*std::move(ring), state.incarnation, epoch);
  for (auto& record : history) next->Remember(std::move(record));
  return next;
}

}  // namespace clockwise
