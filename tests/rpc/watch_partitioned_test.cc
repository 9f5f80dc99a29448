// Tests Watch of a PARTITIONED ring: snapshots have the table, and deltas its
// changes. A mirror that applies them has the table that GetRing returns.
#include <random>
#include <string>
#include <vector>

#include "tests/rpc/watching.h"
#include "tests/support/partition_mirror.h"

namespace clockwise {
namespace {

class WatchPartitionedTest : public Watching {
 protected:
  void SetUp() override {
    Watching::SetUp();
    v1::CreateRingRequest request;
    request.mutable_spec()->set_name("table");
    request.mutable_spec()->set_layout(v1::LAYOUT_PARTITIONED);
    request.mutable_spec()->set_partition_bits(6);
    request.mutable_spec()->set_replica_count(3);
    v1::CreateRingResponse response;
    ASSERT_TRUE(
        Call(&v1::PlacementService::Stub::CreateRing, request, response).ok());
    incarnation_ = response.ring().incarnation();
  }

  std::unique_ptr<Stream> WatchFrom(uint64_t epoch) {
    return Watch(epoch, incarnation_, "table");
  }

  v1::Snapshot GetRing(uint64_t epoch = 0) {
    v1::GetRingRequest request;
    request.set_ring("table");
    request.set_epoch(epoch);
    v1::GetRingResponse response;
    const grpc::Status status =
        Call(&v1::PlacementService::Stub::GetRing, request, response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.snapshot();
  }

  void Remove(const std::string& id) {
    v1::RemoveNodeRequest request;
    request.set_ring("table");
    request.set_node_id(id);
    v1::RemoveNodeResponse response;
    ASSERT_TRUE(
        Call(&v1::PlacementService::Stub::RemoveNode, request, response).ok());
  }

  // Adds one of few nodes, or removes it if it is in the ring.
  void ChangeOne(std::mt19937_64& random) {
    const std::string id = "n" + std::to_string(random() % 8);
    const v1::Snapshot now = GetRing();
    for (const v1::Node& node : now.nodes()) {
      if (node.id() == id) return Remove(id);
    }
    Add(id, "z" + std::to_string(random() % 3), "table");
  }

  // Checks that the mirror has the server's table of its epoch.
  void ExpectMirrors(const PartitionMirror& mirror) {
    EXPECT_EQ(mirror.rows(), RowsOf(GetRing(mirror.epoch())));
  }

  uint64_t incarnation_ = 0;
};

TEST_F(WatchPartitionedTest, TheSnapshotHasTheTable) {
  for (const char* id : {"a", "b", "c", "d"}) Add(id, "", "table");
  const v1::WatchResponse first = WatchFrom(0)->Next();
  ASSERT_TRUE(first.has_snapshot());
  EXPECT_EQ(first.snapshot().partition_owners_size(), 64 * 3);
  EXPECT_EQ(RowsOf(first.snapshot()), RowsOf(GetRing()));
  EXPECT_EQ(first.snapshot().fingerprint(), GetRing().fingerprint());
}

TEST_F(WatchPartitionedTest, DeltasLeadFromEachTableToTheNext) {
  const auto stream = WatchFrom(0);
  PartitionMirror mirror(stream->Next().snapshot());
  std::mt19937_64 random(1);
  for (int i = 0; i < 60; ++i) {
    ChangeOne(random);
    const v1::WatchResponse message = stream->NextChange();
    ASSERT_TRUE(message.has_delta());
    EXPECT_GT(message.delta().moved_partitions_size(), 0);
    mirror.Apply(message.delta());
    ExpectMirrors(mirror);
    EXPECT_EQ(message.delta().fingerprint(),
              GetRing(mirror.epoch()).fingerprint());
  }
}

TEST_F(WatchPartitionedTest, AWatcherThatComesBackFollowsFromWhatItHad) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 15; ++i) {
    ChangeOne(random);
    PartitionMirror mirror(GetRing());
    for (int j = 0; j < 1 + i; ++j) ChangeOne(random);
    const v1::WatchResponse message = WatchFrom(mirror.epoch())->Next();
    ASSERT_TRUE(message.has_delta());
    mirror.Apply(message.delta());
    EXPECT_EQ(mirror.epoch(), GetRing().epoch());
    ExpectMirrors(mirror);
  }
}

TEST_F(WatchPartitionedTest, AWatcherOfADroppedEpochGetsASnapshot) {
  std::mt19937_64 random(3);
  ChangeOne(random);
  const uint64_t known = GetRing().epoch();
  for (int i = 0; i < 21; ++i) ChangeOne(random);  // history keeps 20
  const v1::WatchResponse message = WatchFrom(known)->Next();
  ASSERT_TRUE(message.has_snapshot());
  EXPECT_EQ(RowsOf(message.snapshot()), RowsOf(GetRing()));
  EXPECT_EQ(server_->Figures().resyncs.at({"table", "history"}), 1u);
}

// Limits history by bytes instead.
class WatchShortHistoryTest : public WatchPartitionedTest {
 protected:
  WatchShortHistoryTest() { history_bytes_ = 1; }
};

TEST_F(WatchShortHistoryTest, AWatcherOfADroppedEpochGetsASnapshot) {
  std::mt19937_64 random(4);
  ChangeOne(random);
  const uint64_t known = GetRing().epoch();
  ChangeOne(random);
  ASSERT_TRUE(WatchFrom(known)->Next().has_delta());
  ChangeOne(random);
  const auto stream = WatchFrom(known);
  const v1::WatchResponse message = stream->Next();
  ASSERT_TRUE(message.has_snapshot());
  EXPECT_EQ(message.snapshot().epoch(), known + 2);
  PartitionMirror mirror(message.snapshot());
  ChangeOne(random);
  const v1::WatchResponse next = stream->NextChange();
  ASSERT_TRUE(next.has_delta());
  mirror.Apply(next.delta());
  ExpectMirrors(mirror);
}

TEST_F(WatchShortHistoryTest, AStreamThatFellBehindIsNeverLeftSilent) {
  const auto stream = WatchFrom(0);
  PartitionMirror mirror(stream->Next().snapshot());
  std::mt19937_64 random(5);
  for (int i = 0; i < 40; ++i) ChangeOne(random);  // nothing is read yet
  const uint64_t newest = GetRing().epoch();
  while (mirror.epoch() < newest) {
    const v1::WatchResponse message = stream->NextChange();
    ASSERT_NE(message.event_case(), v1::WatchResponse::EVENT_NOT_SET);
    if (message.has_snapshot()) {
      mirror = PartitionMirror(message.snapshot());
    } else {
      mirror.Apply(message.delta());
    }
  }
  ExpectMirrors(mirror);
}

}  // namespace
}  // namespace clockwise
