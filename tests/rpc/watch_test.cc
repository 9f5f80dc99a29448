// Tests the seven guarantees of Watch, each in a test of the same name, and
// related behaviour.
#include <map>
#include <thread>

#include "tests/rpc/watching.h"
#include "tests/support/delete_ring.h"

namespace clockwise {
namespace {

using WatchTest = Watching;

TEST_F(WatchTest, TheFirstMessageIsASnapshotUnlessTheKnownEpochIsInHistory) {
  Add("n1");
  Add("n2");
  const auto fresh = Watch()->Next();
  ASSERT_TRUE(fresh.has_snapshot());
  EXPECT_EQ(fresh.snapshot().epoch(), 3u);
  EXPECT_EQ(fresh.snapshot().nodes_size(), 2);
  EXPECT_EQ(fresh.snapshot().fingerprint(), fingerprint());

  const auto delta = Watch(2, incarnation())->Next();
  ASSERT_TRUE(delta.has_delta());
  EXPECT_EQ(delta.delta().from_epoch(), 2u);
  EXPECT_EQ(delta.delta().epoch(), 3u);
  ASSERT_EQ(delta.delta().upserted_size(), 1);
  EXPECT_EQ(delta.delta().upserted(0).id(), "n2");

  const auto current = Watch(3, incarnation())->Next();
  ASSERT_TRUE(current.has_heartbeat());
  EXPECT_EQ(current.heartbeat().epoch(), 3u);
}

TEST_F(WatchTest, EpochsStrictlyIncreaseWithinAStream) {
  const auto stream = Watch();
  std::thread writer([this] {
    for (int i = 0; i < 40; ++i) Add("n" + std::to_string(i));
  });
  uint64_t epoch = stream->Next().snapshot().epoch();
  while (epoch < 41) {
    const v1::WatchResponse message = stream->Next();
    ASSERT_NE(message.event_case(), v1::WatchResponse::EVENT_NOT_SET);
    if (message.has_heartbeat()) {
      EXPECT_EQ(message.heartbeat().epoch(), epoch);
      continue;
    }
    const uint64_t next = EpochOf(message);
    EXPECT_GT(next, epoch);
    epoch = next;
  }
  writer.join();
}

TEST_F(WatchTest, ADeltaStartsWhereTheMessageBeforeEnded) {
  const auto stream = Watch();
  uint64_t epoch = stream->Next().snapshot().epoch();
  for (int i = 0; i < 10; ++i) {
    Add("n" + std::to_string(i));
    if (i % 3 == 2) Add("m" + std::to_string(i));
    const v1::WatchResponse message = stream->NextChange();
    ASSERT_TRUE(message.has_delta());
    EXPECT_EQ(message.delta().from_epoch(), epoch);
    EXPECT_EQ(message.delta().incarnation(), incarnation());
    epoch = message.delta().epoch();
  }
}

TEST_F(WatchTest, EpochsBetweenMayBeSkippedTheNewestNeverIs) {
  const auto stream = Watch();
  ASSERT_TRUE(stream->Next().has_snapshot());
  // The stream is not read meanwhile, and history holds 20 changes only.
  for (int i = 0; i < 50; ++i) Add("n" + std::to_string(i));
  uint64_t epoch = 0;
  uint64_t last_fingerprint = 0;
  while (epoch < 51) {
    const v1::WatchResponse message = stream->NextChange();
    ASSERT_NE(message.event_case(), v1::WatchResponse::EVENT_NOT_SET);
    epoch = EpochOf(message);
    last_fingerprint = FingerprintOf(message);
  }
  EXPECT_EQ(last_fingerprint, fingerprint());
}

TEST_F(WatchTest, AnUnknownFutureOrOtherIncarnationEpochGetsASnapshot) {
  for (int i = 0; i < 25; ++i) Add("n" + std::to_string(i));
  EXPECT_TRUE(Watch(1, incarnation())->Next().has_snapshot()) << "too old";
  EXPECT_TRUE(Watch(27, incarnation())->Next().has_snapshot()) << "future";
  EXPECT_TRUE(Watch(~0ull, incarnation())->Next().has_snapshot());
  EXPECT_TRUE(Watch(26, incarnation() + 1)->Next().has_snapshot());
  EXPECT_TRUE(Watch(26, 0)->Next().has_snapshot());
  EXPECT_TRUE(Watch(0, incarnation())->Next().has_snapshot());
  const auto resyncs = server_->Figures().resyncs;
  EXPECT_EQ(resyncs.at({"default", "history"}), 1u);
  EXPECT_EQ(resyncs.at({"default", "future"}), 2u);
  EXPECT_EQ(resyncs.at({"default", "incarnation"}), 2u);
}

TEST_F(WatchTest, AHeartbeatCarriesEpochAndFingerprintAndFlowsWhenIdle) {
  Add("n1");
  const auto stream = Watch();
  const v1::WatchResponse first = stream->Next();
  ASSERT_TRUE(first.has_snapshot());
  EXPECT_EQ(first.heartbeat_ms(), heartbeat_.count());
  for (int i = 0; i < 3; ++i) {
    const v1::WatchResponse message = stream->Next();
    ASSERT_TRUE(message.has_heartbeat());
    EXPECT_EQ(message.heartbeat().epoch(), 2u);
    EXPECT_EQ(message.heartbeat().incarnation(), incarnation());
    EXPECT_EQ(message.heartbeat().fingerprint(), fingerprint());
    EXPECT_EQ(message.heartbeat_ms(), heartbeat_.count());
  }
}

TEST_F(WatchTest, AStreamNeverEndsWithOk) {
  v1::RingSpec spec;
  spec.set_name("doomed");
  ASSERT_TRUE(membership_->CreateRing(spec).ok());
  const auto doomed = Watch(0, 0, "doomed");
  ASSERT_TRUE(doomed->Next().has_snapshot());
  ASSERT_TRUE(DeleteRing(*membership_, "doomed").ok());
  while (doomed->Next().event_case() != v1::WatchResponse::EVENT_NOT_SET) {
  }
  EXPECT_EQ(doomed->reader->Finish().error_code(), grpc::StatusCode::NOT_FOUND);

  const auto drained = Watch();
  ASSERT_TRUE(drained->Next().has_snapshot());
  server_->Drain(std::chrono::seconds(5));
  while (drained->Next().event_case() != v1::WatchResponse::EVENT_NOT_SET) {
  }
  const grpc::Status status = drained->reader->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonOf(status), "DRAINING");
}

TEST_F(WatchTest, ARingMadeAnewEndsTheStreamsOfTheOldOne) {
  v1::RingSpec spec;
  spec.set_name("again");
  ASSERT_TRUE(membership_->CreateRing(spec).ok());
  const auto stream = Watch(0, 0, "again");
  const uint64_t first = stream->Next().snapshot().incarnation();
  ASSERT_TRUE(DeleteRing(*membership_, "again").ok());
  ASSERT_TRUE(membership_->CreateRing(spec).ok());
  v1::WatchResponse message = stream->Next();
  while (message.has_heartbeat()) message = stream->Next();
  EXPECT_EQ(message.event_case(), v1::WatchResponse::EVENT_NOT_SET);
  EXPECT_EQ(stream->reader->Finish().error_code(), grpc::StatusCode::NOT_FOUND);
  const auto snapshot = Watch(1, first, "again")->Next();
  ASSERT_TRUE(snapshot.has_snapshot());
  EXPECT_NE(snapshot.snapshot().incarnation(), first);
}

TEST_F(WatchTest, AStreamProtectsItsRingAndContinuesAfterARestoration) {
  const uint64_t known = incarnation();
  const auto stream = Watch();
  ASSERT_TRUE(stream->Next().has_snapshot());
  v1::DeleteRingRequest remove;
  remove.set_ring("default");
  v1::DeleteRingResponse removed;
  const grpc::Status refused =
      Call(&v1::PlacementService::Stub::DeleteRing, remove, removed);
  EXPECT_EQ(ReasonOf(refused), "FORCE_REQUIRED");
  EXPECT_NE(refused.error_message().find("1 open Watch stream"),
            std::string::npos)
      << refused.error_message();
  remove.set_force(true);
  ASSERT_TRUE(
      Call(&v1::PlacementService::Stub::DeleteRing, remove, removed).ok());
  while (stream->Next().event_case() != v1::WatchResponse::EVENT_NOT_SET) {
  }
  EXPECT_EQ(stream->reader->Finish().error_code(), grpc::StatusCode::NOT_FOUND);
  v1::UndeleteRingRequest restore;
  restore.set_ring("default");
  v1::UndeleteRingResponse restored;
  ASSERT_TRUE(
      Call(&v1::PlacementService::Stub::UndeleteRing, restore, restored).ok());
  const v1::WatchResponse next = Watch(1, known)->Next();
  ASSERT_TRUE(next.has_delta()) << next.DebugString();
  EXPECT_EQ(next.delta().epoch(), 2u);
  EXPECT_EQ(next.delta().fingerprint(), fingerprint());
}

TEST_F(WatchTest, AMirrorOfDeltasHasTheServersNodes) {
  const auto stream = Watch();
  std::map<std::string, v1::Node> mirror;
  ASSERT_TRUE(stream->Next().has_snapshot());
  for (int i = 0; i < 60; ++i) {
    Add("n" + std::to_string(i));
    if (i % 4 == 3) {
      v1::RemoveNodeRequest request;
      request.set_node_id("n" + std::to_string(i - 2));
      v1::RemoveNodeResponse response;
      ASSERT_TRUE(
          Call(&v1::PlacementService::Stub::RemoveNode, request, response)
              .ok());
    }
  }
  uint64_t epoch = 0;
  while (epoch < 76) {
    const v1::WatchResponse message = stream->NextChange();
    ASSERT_NE(message.event_case(), v1::WatchResponse::EVENT_NOT_SET);
    if (message.has_snapshot()) {
      mirror.clear();
      for (const auto& node : message.snapshot().nodes()) {
        mirror[node.id()] = node;
      }
      epoch = message.snapshot().epoch();
      continue;
    }
    for (const auto& id : message.delta().removed_ids()) mirror.erase(id);
    for (const auto& node : message.delta().upserted()) {
      mirror[node.id()] = node;
    }
    epoch = message.delta().epoch();
  }
  const auto state = *membership_->Find("");
  ASSERT_EQ(mirror.size(), state->ring().nodes().size());
  for (const NodePtr& node : state->ring().nodes()) {
    EXPECT_TRUE(mirror.contains(node->id())) << node->id();
  }
}

// Disables heartbeats, which would also report the newest epoch.
class SilentWatchTest : public WatchTest {
 protected:
  SilentWatchTest() { heartbeat_ = std::chrono::hours(1); }
};

TEST_F(SilentWatchTest, AChangeWakesTheStreamsOfItsRing) {
  const auto stream = Watch();
  ASSERT_TRUE(stream->Next().has_snapshot());
  for (uint64_t epoch = 2; epoch < 12; ++epoch) {
    Add("n" + std::to_string(epoch));
    EXPECT_EQ(stream->Next().delta().epoch(), epoch);
  }
}

TEST_F(WatchTest, MovesComeWhenAskedFor) {
  Add("n1");
  const auto with = Watch(2, incarnation(), "", true);
  const auto without = Watch(2, incarnation());
  ASSERT_TRUE(with->Next().has_heartbeat());
  Add("n2");
  const v1::Delta delta = with->NextChange().delta();
  EXPECT_GT(delta.moves_size(), 0);
  for (const v1::Move& move : delta.moves()) {
    EXPECT_EQ(move.from_ids(0), "n1");
    EXPECT_EQ(move.to_ids(0), "n2");
  }
  EXPECT_EQ(without->NextChange().delta().moves_size(), 0);
}

TEST_F(WatchTest, AStreamThatIsGoneIsForgotten) {
  {
    const auto stream = Watch();
    ASSERT_TRUE(stream->Next().has_snapshot());
    EXPECT_EQ(server_->Figures().streams.at("default"), 1u);
    stream->context.TryCancel();
  }
  while (!server_->Figures().streams.empty()) std::this_thread::yield();
}

TEST_F(WatchTest, AReaderThatNeverReadsHoldsNobodyUp) {
  const auto stuck = Watch();
  const auto healthy = Watch();
  ASSERT_TRUE(healthy->Next().has_snapshot());
  for (int i = 0; i < 300; ++i) {
    v1::UpdateNodeRequest request;
    if (i == 0) Add("n1");
    request.mutable_node()->set_id("n1");
    // Large messages fill the window of the blocked stream.
    (*request.mutable_node()->mutable_labels())["x"] =
        std::string(4000, static_cast<char>('a' + i % 26));
    v1::UpdateNodeResponse response;
    ASSERT_TRUE(
        Call(&v1::PlacementService::Stub::UpdateNode, request, response).ok());
  }
  const uint64_t newest = (*membership_->Find(""))->epoch;
  uint64_t epoch = 0;
  while (epoch < newest) {
    const v1::WatchResponse message = healthy->NextChange();
    ASSERT_NE(message.event_case(), v1::WatchResponse::EVENT_NOT_SET);
    epoch = EpochOf(message);
  }
  stuck->context.TryCancel();
}

}  // namespace
}  // namespace clockwise
