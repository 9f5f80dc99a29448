#include "client/lib/mirror.h"

#include <algorithm>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/api/validate.h"
#include "service/ring/layout_settings.h"
#include "service/ring/partition_moves.h"
#include "service/ring/ring.h"

namespace clockwise::client {
namespace {

absl::Status Mismatch(absl::string_view what) {
  return absl::DataLossError(what);
}

// Compares the ring with the epoch and fingerprint in the message.
absl::StatusOr<RingViewPtr> Checked(
    absl::StatusOr<std::shared_ptr<const Ring>> ring, uint64_t epoch,
    uint64_t incarnation, uint64_t fingerprint, const RingView* before) {
  if (epoch == 0) return Mismatch("the message has epoch 0");
  if (!ring.ok()) return Mismatch(ring.status().message());
  if ((*ring)->fingerprint() != fingerprint) {
    return Mismatch(absl::StrCat("epoch ", epoch, ": the ring has fingerprint ",
                                 absl::Hex((*ring)->fingerprint()),
                                 ", but the message has ",
                                 absl::Hex(fingerprint)));
  }
  return std::make_shared<const RingView>(*std::move(ring), epoch, incarnation,
                                          before);
}

absl::StatusOr<NodePtr> Normal(const v1::Node& node) {
  auto normal = NormalizeNode(node);
  if (!normal.ok()) return Mismatch(normal.status().message());
  normal->set_ordinal(node.ordinal());
  return std::make_shared<const v1::Node>(*std::move(normal));
}

// Checks that `table` has `rows` rows of distinct indexes below `nodes`.
absl::Status CheckTable(std::span<const uint32_t> table, size_t rows,
                        size_t width, size_t nodes) {
  if (table.size() != rows * width) {
    return Mismatch(absl::StrCat(table.size(), " owners for ", rows,
                                 " partitions with ", width, " owners each"));
  }
  for (size_t at = 0; at < table.size(); ++at) {
    if (table[at] >= nodes) {
      return Mismatch("the owner of a partition is not a node of the ring");
    }
    const size_t row = at - at % width;
    for (size_t other = row; other < at; ++other) {
      if (table[other] == table[at]) {
        return Mismatch("a partition has the same owner twice");
      }
    }
  }
  return absl::OkStatus();
}

// Returns the table of `ring` with indexes into `after`, `width` owners per
// row. Owners that have left, and owners that are not known yet, are kGone.
std::vector<uint32_t> Carried(const Ring& ring, const NodeList& after,
                              size_t rows, size_t width) {
  std::vector<uint32_t> table(rows * width, kGone);
  if (ring.slots() == 0) return table;
  const std::vector<uint32_t> now = IndexesAfter(ring.nodes(), after);
  const size_t old_width = ring.owners_per_slot();
  const size_t kept = std::min(width, old_width);
  for (size_t row = 0; row < rows; ++row) {
    for (size_t i = 0; i < kept; ++i) {
      table[row * width + i] = now[ring.slot_nodes()[row * old_width + i]];
    }
  }
  return table;
}

absl::StatusOr<std::vector<uint32_t>> TableAfter(const Ring& ring,
                                                 const v1::Delta& delta,
                                                 const NodeList& nodes) {
  const size_t rows = PartitionsOf(ring.spec());
  if (nodes.empty()) return std::vector<uint32_t>();
  const size_t width =
      std::min<size_t>(ring.spec().replica_count(), nodes.size());
  if (static_cast<size_t>(delta.moved_owners_size()) !=
      static_cast<size_t>(delta.moved_partitions_size()) * width) {
    return Mismatch(
        "the number of moved owners does not match the moved partitions");
  }
  std::vector<uint32_t> table = Carried(ring, nodes, rows, width);
  std::vector<uint32_t> named;
  for (const std::string& id : delta.owner_ids()) {
    const size_t at = LowerBound(nodes, id);
    if (at == nodes.size() || nodes[at]->id() != id) {
      return Mismatch("an owner is not a node of the ring");
    }
    named.push_back(static_cast<uint32_t>(at));
  }
  int next = 0;
  for (const uint32_t partition : delta.moved_partitions()) {
    if (partition >= rows) {
      return Mismatch(
          absl::StrCat("moved_partitions: there is no partition ", partition));
    }
    for (size_t i = 0; i < width; ++i) {
      const uint32_t owner = delta.moved_owners(next++);
      if (owner >= named.size()) {
        return Mismatch("a moved owner is not in owner_ids");
      }
      table[partition * width + i] = named[owner];
    }
  }
  if (absl::Status status = CheckTable(table, rows, width, nodes.size());
      !status.ok()) {
    return status;
  }
  return table;
}

absl::StatusOr<std::shared_ptr<const Ring>> RingAfter(const Ring& ring,
                                                      const v1::Delta& delta,
                                                      NodeList nodes) {
  if (PartitionsOf(ring.spec()) == 0) {
    return Ring::After(ring, std::move(nodes));
  }
  auto table = TableAfter(ring, delta, nodes);
  if (!table.ok()) return table.status();
  return Ring::Build(ring.spec(), std::move(nodes), *std::move(table));
}

}  // namespace

absl::StatusOr<RingViewPtr> FromSnapshot(const v1::Snapshot& snapshot,
                                         const RingView* before) {
  auto spec = NormalizeSpec(snapshot.spec());
  if (!spec.ok()) return Mismatch(spec.status().message());
  NodeList nodes;
  nodes.reserve(static_cast<size_t>(snapshot.nodes_size()));
  for (const v1::Node& node : snapshot.nodes()) {
    auto checked = Normal(node);
    if (!checked.ok()) return checked.status();
    nodes.push_back(*std::move(checked));
  }
  if (!IsSorted(nodes)) return Mismatch("the nodes are not sorted");
  std::vector<uint32_t> table(snapshot.partition_owners().begin(),
                              snapshot.partition_owners().end());
  if (const size_t rows = PartitionsOf(*spec); rows > 0 && !nodes.empty()) {
    const size_t width = std::min<size_t>(spec->replica_count(), nodes.size());
    if (absl::Status status = CheckTable(table, rows, width, nodes.size());
        !status.ok()) {
      return status;
    }
  } else {
    table.clear();
  }
  return Checked(Ring::Build(*spec, std::move(nodes), std::move(table)),
                 snapshot.epoch(), snapshot.incarnation(),
                 snapshot.fingerprint(), before);
}

absl::StatusOr<RingViewPtr> AfterDelta(const RingView& view,
                                       const v1::Delta& delta) {
  if (delta.incarnation() != view.incarnation() ||
      delta.from_epoch() != view.epoch() || delta.epoch() <= view.epoch()) {
    return Mismatch(absl::StrCat(
        "a delta from epoch ", delta.from_epoch(), " to ", delta.epoch(),
        " does not continue the ring at epoch ", view.epoch()));
  }
  NodeChanges changes;
  for (const std::string& id : delta.removed_ids()) changes[id] = nullptr;
  for (const v1::Node& node : delta.upserted()) {
    auto checked = Normal(node);
    if (!checked.ok()) return checked.status();
    changes[node.id()] = *std::move(checked);
  }
  NodeList nodes = WithChanges(view.ring().nodes(), changes);
  auto ring = RingAfter(view.ring(), delta, std::move(nodes));
  return Checked(std::move(ring), delta.epoch(), delta.incarnation(),
                 delta.fingerprint(), &view);
}

absl::StatusOr<RingViewPtr> After(const RingViewPtr& view,
                                  const v1::WatchResponse& message) {
  switch (message.event_case()) {
    case v1::WatchResponse::kSnapshot:
      return FromSnapshot(message.snapshot(), view.get());
    case v1::WatchResponse::kDelta:
      if (view == nullptr) {
        return Mismatch("a delta arrived before the first snapshot");
      }
      return AfterDelta(*view, message.delta());
    case v1::WatchResponse::kHeartbeat:
      if (view == nullptr ||
          message.heartbeat().incarnation() != view->incarnation() ||
          message.heartbeat().epoch() != view->epoch() ||
          message.heartbeat().fingerprint() != view->fingerprint()) {
        return Mismatch("the heartbeat does not match the local ring");
      }
      return view;
    default:
      // An event of a later version. That version did not send it as a change
      // of the ring, so the ring stays.
      return view;
  }
}

v1::Snapshot SnapshotOf(const RingView& view) {
  v1::Snapshot snapshot;
  const Ring& ring = view.ring();
  snapshot.set_epoch(view.epoch());
  snapshot.set_incarnation(view.incarnation());
  snapshot.set_fingerprint(view.fingerprint());
  *snapshot.mutable_spec() = ring.spec();
  for (const NodePtr& node : ring.nodes()) *snapshot.add_nodes() = *node;
  if (PartitionsOf(ring.spec()) > 0) {
    snapshot.mutable_partition_owners()->Add(ring.slot_nodes().begin(),
                                             ring.slot_nodes().end());
  }
  return snapshot;
}

}  // namespace clockwise::client
