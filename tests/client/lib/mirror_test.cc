// A mirror equals the server's ring, or it is an error: there is no third case.
#include "client/lib/mirror.h"

#include <functional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/membership/partitioned_fixture.h"
#include "tests/support/delete_ring.h"

namespace clockwise {
namespace {

using client::RingView;
using client::RingViewPtr;

class MirrorTest : public PartitionedTest {
 protected:
  StatePtr Newest() const { return *membership_->Find("default"); }

  v1::Snapshot Snapshot() const {
    const StatePtr state = Newest();
    return SnapshotOf(*state, state->measured, state->epoch, false);
  }

  // Every node, key and owner is the same as the server's.
  void ExpectEqual(const RingView& view) {
    const StatePtr state = Newest();
    const Ring& ring = state->ring();
    ASSERT_EQ(view.epoch(), state->epoch);
    ASSERT_EQ(view.incarnation(), state->incarnation);
    ASSERT_EQ(view.fingerprint(), ring.fingerprint());
    ASSERT_EQ(view.size(), ring.nodes().size());
    for (size_t i = 0; i < view.size(); ++i) {
      EXPECT_EQ(view.node(i).id, ring.nodes()[i]->id());
      EXPECT_EQ(view.node(i).address, ring.nodes()[i]->address());
      EXPECT_EQ(view.node(i).zone, ring.nodes()[i]->zone());
      EXPECT_EQ(view.node(i).weight, ring.nodes()[i]->weight());
    }
    for (int key = 0; key < 20; ++key) {
      const std::string text = absl::StrCat("key", key);
      for (const uint32_t replicas : {0u, 1u, 5u}) {
        std::vector<uint32_t> owners(
            ring.nodes().empty() ? 0 : ring.OwnersPerKey(replicas));
        if (!owners.empty()) {
          ring.OwnersFrom(ring.SlotOf(ring.Hash(text)), owners);
        }
        std::vector<uint32_t> found(kMaxOwners);
        found.resize(*view.Locate(text, replicas, found.data()));
        EXPECT_EQ(found, owners) << text;
      }
    }
  }

  // Follows `changes` random changes by deltas that span one epoch or more.
  void Follow(std::mt19937_64& random, int changes) {
    RingViewPtr view = *client::FromSnapshot(Snapshot(), nullptr);
    ExpectEqual(*view);
    for (int i = 0; i < changes; ++i) {
      for (uint64_t n = random() % 3; n < 3; ++n) {
        static_cast<void>(membership_->Apply(RandomChange(random)));
      }
      if (Newest()->epoch == view->epoch()) continue;
      auto next = client::AfterDelta(
          *view, *DeltaSince(*Newest(), view->epoch(), false));
      ASSERT_TRUE(next.ok()) << next.status();
      view = *next;
      ExpectEqual(*view);
    }
  }
};

TEST_F(MirrorTest, FollowsPartitionedRingsExactly) {
  ForEachHistory(100, 24,
                 [this](std::mt19937_64& random) { Follow(random, 12); });
}

TEST_F(MirrorTest, FollowsHashedAndModuloRingsExactly) {
  for (const v1::Layout layout : {v1::LAYOUT_HASHED, v1::LAYOUT_MODULO}) {
    v1::RingSpec spec;
    spec.set_layout(layout);
    spec.set_replica_count(2);
    ASSERT_TRUE(DeleteRing(*membership_, "default").ok());
    ASSERT_TRUE(membership_->CreateRing(spec).ok());
    std::mt19937_64 random(7);
    Follow(random, 25);
  }
}

TEST_F(MirrorTest, NodesThatStayAreNotCopied) {
  Make(Add("a"));
  const RingViewPtr before = *client::FromSnapshot(Snapshot(), nullptr);
  Make(Add("b"));
  const RingViewPtr after = *client::AfterDelta(
      *before, *DeltaSince(*Newest(), before->epoch(), false));
  EXPECT_EQ(before->node_ptr(0), after->node_ptr(0));
}

// Each field that placement depends on is wrong once.
TEST_F(MirrorTest, AFalseSnapshotIsRefused) {
  MakeRing(4, 2);
  for (const char* id : {"a", "b", "c"}) Make(Add(id));
  const std::vector<std::function<void(v1::Snapshot&)>> lies = {
      [](v1::Snapshot& s) { s.set_fingerprint(s.fingerprint() + 1); },
      [](v1::Snapshot& s) { s.set_epoch(0); },
      [](v1::Snapshot& s) { s.mutable_nodes(1)->set_id("bb"); },
      [](v1::Snapshot& s) { s.mutable_nodes(1)->set_weight(2); },
      [](v1::Snapshot& s) { s.mutable_nodes(1)->set_zone("z"); },
      [](v1::Snapshot& s) { s.mutable_nodes()->SwapElements(0, 1); },
      [](v1::Snapshot& s) { s.mutable_nodes()->RemoveLast(); },
      [](v1::Snapshot& s) { *s.add_nodes() = s.nodes(0); },
      [](v1::Snapshot& s) { s.mutable_nodes(0)->set_id(""); },
      [](v1::Snapshot& s) { s.set_partition_owners(3, 99); },
      [](v1::Snapshot& s) { s.set_partition_owners(1, s.partition_owners(0)); },
      [](v1::Snapshot& s) { s.add_partition_owners(0); },
      [](v1::Snapshot& s) { s.clear_partition_owners(); },
      [](v1::Snapshot& s) { s.mutable_spec()->set_partition_bits(5); },
      [](v1::Snapshot& s) { s.mutable_spec()->set_partition_bits(40); },
      [](v1::Snapshot& s) { s.mutable_spec()->set_replica_count(1); },
      [](v1::Snapshot& s) {
        s.mutable_spec()->set_layout(static_cast<v1::Layout>(99));
      },
  };
  for (size_t i = 0; i < lies.size(); ++i) {
    v1::Snapshot snapshot = Snapshot();
    lies[i](snapshot);
    EXPECT_TRUE(
        absl::IsDataLoss(client::FromSnapshot(snapshot, nullptr).status()))
        << "lie " << i;
  }
}

TEST_F(MirrorTest, AFalseDeltaIsRefused) {
  MakeRing(4, 2);
  for (const char* id : {"a", "b", "c"}) Make(Add(id));
  const RingViewPtr view = *client::FromSnapshot(Snapshot(), nullptr);
  Make(Many({Add("d"), Remove("a")}));
  const v1::Delta truth = *DeltaSince(*Newest(), view->epoch(), false);
  ASSERT_TRUE(client::AfterDelta(*view, truth).ok());
  const std::vector<std::function<void(v1::Delta&)>> lies = {
      [](v1::Delta& d) { d.set_fingerprint(1); },
      [](v1::Delta& d) { d.set_from_epoch(d.from_epoch() - 1); },
      [](v1::Delta& d) { d.set_epoch(d.from_epoch()); },
      [](v1::Delta& d) { d.set_incarnation(5); },
      [](v1::Delta& d) { d.clear_removed_ids(); },
      [](v1::Delta& d) { d.add_removed_ids("b"); },
      [](v1::Delta& d) { d.clear_upserted(); },
      [](v1::Delta& d) { d.mutable_upserted(0)->set_weight(7); },
      [](v1::Delta& d) { d.set_owner_ids(0, "nobody"); },
      [](v1::Delta& d) { d.set_moved_owners(0, 77); },
      [](v1::Delta& d) { d.set_moved_owners(0, d.moved_owners(1)); },
      [](v1::Delta& d) { d.set_moved_partitions(0, 1u << 30); },
      [](v1::Delta& d) { d.mutable_moved_owners()->RemoveLast(); },
      [](v1::Delta& d) {
        d.clear_moved_partitions();
        d.clear_moved_owners();
      },
  };
  for (size_t i = 0; i < lies.size(); ++i) {
    v1::Delta delta = truth;
    lies[i](delta);
    EXPECT_TRUE(absl::IsDataLoss(client::AfterDelta(*view, delta).status()))
        << "lie " << i;
  }
}

TEST_F(MirrorTest, AHeartbeatOfAnotherRingIsRefused) {
  Make(Add("a"));
  const RingViewPtr view = *client::FromSnapshot(Snapshot(), nullptr);
  v1::WatchResponse message;
  v1::Heartbeat& heartbeat = *message.mutable_heartbeat();
  heartbeat.set_epoch(view->epoch());
  heartbeat.set_incarnation(view->incarnation());
  heartbeat.set_fingerprint(view->fingerprint());
  EXPECT_EQ(*client::After(view, message), view);
  heartbeat.set_fingerprint(view->fingerprint() ^ 1);
  EXPECT_TRUE(absl::IsDataLoss(client::After(view, message).status()));
  heartbeat.set_fingerprint(view->fingerprint());
  heartbeat.set_epoch(view->epoch() + 1);  // progress ahead of data
  EXPECT_TRUE(absl::IsDataLoss(client::After(view, message).status()));
  EXPECT_TRUE(absl::IsDataLoss(client::After(nullptr, message).status()));
}

TEST_F(MirrorTest, ItsOwnSnapshotGivesTheSameRing) {
  MakeRing(5, 2);
  for (const char* id : {"a", "b", "c"}) Make(Add(id));
  const RingViewPtr view = *client::FromSnapshot(Snapshot(), nullptr);
  const RingViewPtr again =
      *client::FromSnapshot(client::SnapshotOf(*view), nullptr);
  ExpectEqual(*again);
}

}  // namespace
}  // namespace clockwise
