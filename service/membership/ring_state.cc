#include "service/membership/ring_state.h"

#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "service/api/refusal.h"
#include "service/limits.h"
#include "service/membership/restore.h"
#include "service/ring/compare.h"
#include "service/ring/node_list.h"
#include "service/ring/partition_moves.h"
#include "service/ring/spread.h"

namespace clockwise {
namespace {

using google::protobuf::util::MessageDifferencer;

// Returns the nodes that changed after `epoch`, as they were at `epoch` (null:
// not in the ring). A node shares ownership of its record, so it is not copied.
NodeChanges AsOf(const RingState& state, uint64_t epoch) {
  NodeChanges then;
  for (auto record = state.history.rbegin(); record != state.history.rend();
       ++record) {
    const v1::Change& change = (*record)->change();
    if (change.epoch() == epoch) break;
    for (const v1::Node& node : change.upserted()) then[node.id()] = nullptr;
    for (const v1::Node& node : (*record)->before()) {
      then[node.id()] = NodePtr(*record, &node);
    }
  }
  return then;
}

// Returns the partition table at `epoch`, which the history must keep. It is
// empty for layouts other than PARTITIONED.
OrdinalTable TableAsOf(const RingState& state, uint64_t epoch) {
  const size_t partitions = PartitionsOf(state.ring().spec());
  if (partitions == 0) return {};
  OrdinalTable table = OrdinalsOf(state.ring());
  for (auto record = state.history.rbegin(); record != state.history.rend();
       ++record) {
    if ((*record)->change().epoch() == epoch) break;
    // Records that do not fit were rejected when the ring was loaded. If one
    // does not fit, the caller reports the empty table.
    if (!Move((*record)->partitions(), Direction::kBackward, partitions, table)
             .ok()) {
      return {};
    }
  }
  return table;
}

// Adds the partitions that moved and their new owners. It names owners by ID:
// between distant epochs, an ordinal may have passed from one node to another.
void AddMovedPartitions(const Ring& before, const Ring& after,
                        v1::Delta& delta) {
  const std::vector<uint32_t> indexes =
      IndexesAfter(before.nodes(), after.nodes());
  const size_t partitions = PartitionsOf(after.spec());
  const size_t width_before = before.slot_nodes().size() / partitions;
  const size_t width_after = after.slot_nodes().size() / partitions;
  absl::flat_hash_map<uint32_t, uint32_t> numbers;  // by index after
  for (size_t row = 0; row < partitions; ++row) {
    const auto from =
        before.slot_nodes().subspan(row * width_before, width_before);
    const auto to = after.slot_nodes().subspan(row * width_after, width_after);
    if (std::equal(
            from.begin(), from.end(), to.begin(), to.end(),
            [&](uint32_t was, uint32_t is) { return indexes[was] == is; })) {
      continue;
    }
    delta.add_moved_partitions(static_cast<uint32_t>(row));
    for (const uint32_t owner : to) {
      const auto [at, inserted] =
          numbers.try_emplace(owner, static_cast<uint32_t>(numbers.size()));
      if (inserted) delta.add_owner_ids(after.nodes()[owner]->id());
      delta.add_moved_owners(at->second);
    }
  }
}

}  // namespace

MeasuredRing::MeasuredRing(std::shared_ptr<const Ring> built)
    : ring(std::move(built)),
      ownership(Measure(*ring)),
      balance(BalanceOf(*ring, ownership)),
      expected_peak(ExpectedPeak(*ring, balance.peak_to_mean())),
      primary_balance(PrimaryBalanceOf(*ring, ownership)),
      zone_shortfall(ZoneShortfall(*ring)) {}

RingState::RingState(std::shared_ptr<const Ring> built,
                     uint64_t its_incarnation, uint64_t its_epoch)
    : measured(std::move(built)),
      incarnation(its_incarnation),
      epoch(its_epoch),
      owner_bytes(measured.ring->nodes()) {}

RingHead RingState::head() const {
  return {ring().spec(), incarnation, epoch, ring().fingerprint()};
}

void RingState::InheritCounters(const RingState* before) {
  counters = before ? before->counters : std::make_shared<RingCounters>();
  locates = before ? NodeCounts(ring().nodes(), before->locates,
                                before->ring().nodes())
                   : NodeCounts(ring().nodes(), {}, {});
}

void RingState::Remember(
    std::shared_ptr<const stored::v1::ChangeRecord> record) {
  history_bytes += record->ByteSizeLong();
  history.push_back(std::move(record));
}

void RingState::TrimHistory(size_t most_changes, size_t most_bytes) {
  size_t drop = 0;
  while (history.size() - drop > std::max<size_t>(1, most_changes) ||
         (history.size() - drop > 1 && history_bytes > most_bytes)) {
    history_bytes -= history[drop++]->ByteSizeLong();
  }
  history.erase(history.begin(),
                history.begin() + static_cast<ptrdiff_t>(drop));
}

bool KeepsEpoch(const RingState& state, uint64_t epoch) {
  return epoch <= state.epoch && epoch + state.history.size() >= state.epoch &&
         epoch >= 1;
}

absl::StatusOr<MeasuredRing> RingAt(const RingState& state, uint64_t epoch,
                                    absl::string_view field) {
  if (epoch == 0 || epoch == state.epoch) return state.measured;
  if (!KeepsEpoch(state, epoch)) {
    return Refusal(
        v1::ERROR_REASON_EPOCH_OUT_OF_HISTORY,
        absl::StrCat(field, ": ", epoch, " is not in the history of ring ",
                     Quoted(state.name()), "; use an epoch from ",
                     state.epoch - state.history.size(), " to ", state.epoch),
        field);
  }
  const v1::RingSpec& spec = state.ring().spec();
  NodeList nodes = WithChanges(state.ring().nodes(), AsOf(state, epoch));
  auto table = TableOf(spec, TableAsOf(state, epoch), nodes);
  if (!table.ok()) return table.status();
  auto ring = Ring::Build(spec, std::move(nodes), *std::move(table));
  if (!ring.ok()) return ring.status();
  return MeasuredRing(*std::move(ring));
}

absl::StatusOr<v1::Delta> DeltaSince(const RingState& state,
                                     uint64_t from_epoch, bool include_moves) {
  v1::Delta delta;
  delta.set_from_epoch(from_epoch);
  delta.set_epoch(state.epoch);
  delta.set_incarnation(state.incarnation);
  delta.set_fingerprint(state.ring().fingerprint());
  for (const auto& [id, then] : AsOf(state, from_epoch)) {
    const NodePtr now = FindNode(state.ring().nodes(), id);
    if (now == nullptr) {
      if (then != nullptr) delta.add_removed_ids(id);
    } else if (then == nullptr || !MessageDifferencer::Equals(*now, *then)) {
      *delta.add_upserted() = *now;
    }
  }
  const bool partitioned = PartitionsOf(state.ring().spec()) > 0;
  if (include_moves || partitioned) {
    auto before = RingAt(state, from_epoch, "known_epoch");
    if (!before.ok()) return before.status();
    if (partitioned) AddMovedPartitions(*before->ring, state.ring(), delta);
    if (!include_moves) return delta;
    Comparison comparison = Compare(*before->ring, before->ownership,
                                    state.ring(), state.measured.ownership,
                                    limits::kMaxMoves, Relation::kAnyFast);
    FillLists(comparison, delta);
    delta.set_moved_ratio(comparison.moved_ratio);
  }
  return delta;
}

v1::Snapshot SnapshotOf(const RingState& state, const MeasuredRing& measured,
                        uint64_t epoch, bool include_points) {
  const Ring& ring = *measured.ring;
  v1::Snapshot snapshot;
  snapshot.set_epoch(epoch);
  snapshot.set_incarnation(state.incarnation);
  snapshot.set_fingerprint(ring.fingerprint());
  *snapshot.mutable_spec() = ring.spec();
  for (const NodePtr& node : ring.nodes()) *snapshot.add_nodes() = *node;
  const std::vector<double> shares = Shares(measured.ownership);
  snapshot.mutable_shares()->Assign(shares.begin(), shares.end());
  *snapshot.mutable_balance() = measured.balance;
  *snapshot.mutable_primary_balance() = measured.primary_balance;
  snapshot.set_zone_shortfall(measured.zone_shortfall);
  for (std::string& id : CappedIds(ring, measured.ownership)) {
    snapshot.add_capped_ids(std::move(id));
  }
  if (PartitionsOf(ring.spec()) > 0) {
    snapshot.mutable_partition_owners()->Assign(ring.slot_nodes().begin(),
                                                ring.slot_nodes().end());
  }
  if (include_points && !ring.positions().empty()) {
    snapshot.mutable_point_positions()->Assign(ring.positions().begin(),
                                               ring.positions().end());
    snapshot.mutable_point_nodes()->Assign(ring.slot_nodes().begin(),
                                           ring.slot_nodes().end());
  }
  return snapshot;
}

v1::RingInfo InfoOf(const RingState& state) {
  v1::RingInfo info;
  *info.mutable_spec() = state.ring().spec();
  info.set_epoch(state.epoch);
  info.set_incarnation(state.incarnation);
  info.set_fingerprint(state.ring().fingerprint());
  info.set_node_count(static_cast<uint32_t>(state.ring().nodes().size()));
  return info;
}

}  // namespace clockwise
