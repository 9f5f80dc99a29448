#include "service/membership/ring_state.h"

#include <google/protobuf/util/message_differencer.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "service/limits.h"
#include "service/ring/compare.h"
#include "service/ring/refusal.h"

namespace clockwise {
namespace {

using google::protobuf::util::MessageDifferencer;

// What changed after `epoch`, as it was then (null: it was not there). The
// nodes share ownership of their record and are not copied.
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

}  // namespace

MeasuredRing::MeasuredRing(std::shared_ptr<const Ring> built)
    : ring(std::move(built)),
      ownership(Measure(*ring)),
      balance(BalanceOf(*ring, ownership)),
      primary_balance(PrimaryBalanceOf(*ring, ownership)) {}

RingState::RingState(std::shared_ptr<const Ring> built,
                     uint64_t its_incarnation, uint64_t its_epoch)
    : measured(std::move(built)),
      incarnation(its_incarnation),
      epoch(its_epoch) {}

RingHead RingState::head() const {
  return {ring().spec(), incarnation, epoch, ring().fingerprint()};
}

void RingState::InheritCounters(const RingState* before) {
  counters = before ? before->counters : std::make_shared<RingCounters>();
  locates.clear();
  locates.reserve(ring().nodes().size());
  size_t i = 0;
  for (const NodePtr& node : ring().nodes()) {
    std::shared_ptr<NodeCounter> counter;
    if (before != nullptr) {
      const NodeList& nodes = before->ring().nodes();
      while (i < nodes.size() && nodes[i]->id() < node->id()) ++i;
      if (i < nodes.size() && nodes[i]->id() == node->id()) {
        counter = before->locates[i];
      }
    }
    locates.push_back(counter ? counter : std::make_shared<NodeCounter>(0));
  }
}

absl::StatusOr<std::shared_ptr<RingState>> RestoreState(
    const StoredRing& stored) {
  NodeList nodes;
  nodes.reserve(stored.nodes.size());
  for (const v1::Node& node : stored.nodes) {
    nodes.push_back(std::make_shared<const v1::Node>(node));
  }
  const std::string& name = stored.head.spec.name();
  if (FindLayout(stored.head.spec.layout()) == nullptr || !IsSorted(nodes)) {
    return absl::FailedPreconditionError(
        absl::StrCat("ring ", Quoted(name),
                     " has a layout or order of nodes that this "
                     "version does not know: use the version that wrote it"));
  }
  auto ring = Ring::Build(stored.head.spec, std::move(nodes));
  if (!ring.ok()) return ring.status();
  if ((*ring)->fingerprint() != stored.head.fingerprint) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "ring %s at epoch %d has fingerprint %016x where %016x was stored: the "
        "data is damaged; restore a backup",
        Quoted(name), stored.head.epoch, (*ring)->fingerprint(),
        stored.head.fingerprint));
  }
  auto state = std::make_shared<RingState>(
      *std::move(ring), stored.head.incarnation, stored.head.epoch);
  for (const v1::ChangeRecord& record : stored.history) {
    state->history.push_back(std::make_shared<const v1::ChangeRecord>(record));
  }
  return state;
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
        absl::StrCat(field, ": ", epoch, " is not among epochs ",
                     state.epoch - state.history.size(), " to ", state.epoch,
                     ", which ring ", Quoted(state.name()), " keeps"));
  }
  auto ring = Ring::Build(state.ring().spec(), WithChanges(state.ring().nodes(),
                                                           AsOf(state, epoch)));
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
  if (include_moves) {
    auto before = RingAt(state, from_epoch, "known_epoch");
    if (!before.ok()) return before.status();
    Comparison comparison =
        Compare(*before->ring, before->ownership, state.ring(),
                state.measured.ownership, limits::kMaxMoves);
    delta.mutable_moves()->Assign(comparison.moves.begin(),
                                  comparison.moves.end());
    delta.set_moves_truncated(comparison.moves_truncated);
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
  info.set_nodes(static_cast<uint32_t>(state.ring().nodes().size()));
  return info;
}

}  // namespace clockwise
