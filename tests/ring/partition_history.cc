#include "tests/ring/partition_history.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "service/ring/next_ring.h"

namespace clockwise {

v1::RingSpec PartitionedSpec(uint32_t partition_bits, uint32_t replicas) {
  v1::RingSpec spec;
  spec.set_name("default");
  spec.set_layout(v1::LAYOUT_PARTITIONED);
  spec.set_partition_bits(partition_bits);
  spec.set_replica_count(replicas);
  return spec;
}

RingPtr EmptyRing(const v1::RingSpec& spec) {
  absl::StatusOr<RingPtr> ring = Ring::Build(spec, {});
  EXPECT_TRUE(ring.ok()) << ring.status();
  return *std::move(ring);
}

RingPtr FollowedBy(const RingPtr& before, const NodeList& nodes) {
  absl::StatusOr<RingPtr> ring = NextRing(*before, nodes);
  EXPECT_TRUE(ring.ok()) << ring.status();
  return *std::move(ring);
}

RingPtr FollowedBy(const RingPtr& before, const Nodes& nodes) {
  return FollowedBy(before, ListOf(nodes));
}

RingPtr FirstRing(uint32_t partition_bits, uint32_t replicas,
                  const Nodes& nodes) {
  return FollowedBy(EmptyRing(PartitionedSpec(partition_bits, replicas)),
                    nodes);
}

PartitionHistory::PartitionHistory(uint64_t seed) : random_(seed) {
  // Half of the rings have 16 partitions. Fewer partitions cause more
  // conflicts.
  const uint32_t bits = Draw(random_, 2) == 0 ? 4 : 5 + Draw(random_, 2);
  const uint32_t replicas = Draw(random_, 12) == 0 ? 8 : 1 + Draw(random_, 5);
  spec_ = PartitionedSpec(bits, replicas);
  steps_ = 4 + Draw(random_, 5);
  zones_ = Draw(random_, 6);
  max_weight_ = 1 + Draw(random_, 5);
  huge_weights_ = Draw(random_, 5) == 0;
  most_nodes_ = 2 + Draw(random_, 11);
  told_ = absl::StrCat("seed ", seed, ", bits ", bits, ", replicas ", replicas,
                       ":");
}

void PartitionHistory::Step() {
  const bool first = nodes_.empty();
  const uint32_t count =
      first ? 1 + Draw(random_, most_nodes_) : 1 + Draw(random_, 4);
  rezoned_ = false;
  absl::StrAppend(&told_, " |");
  NodeChanges changes;
  for (uint32_t i = 0; i < count; ++i) ChangeOne(changes);
  nodes_ = WithChanges(nodes_, changes);
}

void PartitionHistory::ChangeOne(NodeChanges& changes) {
  const size_t nodes = nodes_.size();
  const uint32_t what = Draw(random_, 4);
  if (nodes == 0 || (what == 0 && nodes < most_nodes_)) {
    // Few different numbers, so that nodes return, and sort before and after
    // others.
    Put(changes,
        NewNode(absl::StrCat("n", Draw(random_, 15)), RandomWeight(),
                RandomZone()),
        "+");
    return;
  }
  v1::Node node = *nodes_[Draw(random_, nodes)];
  if (changes.contains(node.id())) return;
  if (what <= 1) {
    absl::StrAppend(&told_, " -", node.id());
    changes[node.id()] = nullptr;
  } else if (what == 2) {
    node.set_weight(RandomWeight());
    Put(changes, node, "");
  } else {
    node.set_zone(RandomZone());
    Put(changes, node, "");
  }
}

void PartitionHistory::Put(NodeChanges& changes, const v1::Node& node,
                           const char* what) {
  absl::StrAppend(&told_, " ", what, node.id(), "×", node.weight(),
                  node.zone().empty() ? "" : "@", node.zone());
  const NodePtr before = FindNode(nodes_, node.id());
  rezoned_ |= before != nullptr && before->zone() != node.zone();
  changes[node.id()] = std::make_shared<const v1::Node>(node);
}

uint32_t PartitionHistory::RandomWeight() {
  if (huge_weights_ && Draw(random_, 4) == 0) {
    return Draw(random_, 2) == 0 ? 65'535 : 20 + Draw(random_, 1000);
  }
  return 1 + Draw(random_, max_weight_);
}

std::string PartitionHistory::RandomZone() {
  if (zones_ == 0) return "";
  // Nodes without a zone form one zone.
  const uint32_t zone = Draw(random_, zones_);
  return zone == 0 ? "" : absl::StrCat("z", zone);
}

}  // namespace clockwise
