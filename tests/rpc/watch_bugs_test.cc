// Tests bugs of watches that etcd published (CHANGELOG-3.4 to 3.6, issues
// 17529, 15220, 18667 and others).
#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "client/lib/mirror.h"
#include "tests/rpc/watching.h"

namespace clockwise {
namespace {

using client::RingViewPtr;

class WatchBugsTest : public Watching {
 protected:
  WatchBugsTest() { heartbeat_ = std::chrono::milliseconds(2); }

  // Reads the next message of `stream` and replaces `mirror` by the ring after
  // it. A message that does not fit fails the test.
  static void Follow(Stream& stream, RingViewPtr& mirror) {
    const v1::WatchResponse message = stream.Next();
    ASSERT_NE(message.event_case(), v1::WatchResponse::EVENT_NOT_SET);
    auto next = client::After(mirror, message);
    ASSERT_TRUE(next.ok()) << next.status();
    ASSERT_NE(*next, nullptr) << message.ShortDebugString();
    mirror = *std::move(next);
  }

  uint64_t Newest() { return (*membership_->Find(""))->epoch; }

  // Makes one change after the other, with pauses, until it is destroyed.
  class Writer {
   public:
    explicit Writer(WatchBugsTest& test, std::chrono::milliseconds pause = {})
        : thread_([this, &test, pause] {
            for (int i = 0; !stop_; ++i) {
              test.Touch(i);
              std::this_thread::sleep_for(pause);
            }
          }) {}
    ~Writer() {
      stop_ = true;
      thread_.join();
    }

   private:
    std::atomic<bool> stop_ = false;
    std::thread thread_;
  };

  // Replaces 80 nodes of 4 KB each.
  void TouchMany(int i) {
    v1::ApplyChangesRequest request;
    for (int n = 0; n < 80; ++n) {
      v1::Node node;
      node.set_id("big" + std::to_string(n));
      (*node.mutable_labels())["x"] =
          std::string(4000, static_cast<char>('a' + i % 26));
      v1::NodeChange& change = *request.add_changes();
      (i == 0 ? *change.mutable_add()
              : *change.mutable_update()->mutable_node()) = node;
    }
    v1::ApplyChangesResponse response;
    const grpc::Status status =
        Call(&v1::PlacementService::Stub::ApplyChanges, request, response);
    EXPECT_TRUE(status.ok()) << status.error_message();
  }

  // Adds a node of 4 KB, and removes the tenth last.
  void Touch(int i) {
    v1::ApplyChangesRequest request;
    v1::Node& node = *request.add_changes()->mutable_add();
    node.set_id("m" + std::to_string(i));
    (*node.mutable_labels())["x"] = std::string(4000, 'x');
    if (i >= 10) {
      request.add_changes()->set_remove("m" + std::to_string(i - 10));
    }
    v1::ApplyChangesResponse response;
    const grpc::Status status =
        Call(&v1::PlacementService::Stub::ApplyChanges, request, response);
    EXPECT_TRUE(status.ok()) << status.error_message();
  }
};

// Disables heartbeats, which would hide lost events.
class SilentWatchBugsTest : public WatchBugsTest {
 protected:
  SilentWatchBugsTest() { heartbeat_ = std::chrono::hours(1); }
};

// 17529: a watcher that could not keep up lost events permanently.
TEST_F(SilentWatchBugsTest, AStreamThatStarvesLosesNoEvent) {
  const auto stream = Watch();
  RingViewPtr mirror;
  Follow(*stream, mirror);
  // More than gRPC buffers for a stream without a reader, and more than history
  // holds.
  for (int i = 0; i < 60; ++i) {
    TouchMany(i);
    std::this_thread::sleep_for(std::chrono::milliseconds(12));
  }
  int messages = 0;
  while (mirror->epoch() < Newest()) {
    ASSERT_NO_FATAL_FAILURE(Follow(*stream, mirror));
    ++messages;
  }
  EXPECT_EQ(mirror->fingerprint(), fingerprint());
  EXPECT_LT(messages, 55) << "the stream was not starved";
}

// 3.4.24: the same event sent twice, after another watcher was added.
TEST_F(WatchBugsTest, NoEventComesTwice) {
  const Writer writer(*this);
  std::vector<std::unique_ptr<Stream>> streams;
  std::vector<uint64_t> epochs;
  for (int round = 0; round < 150; ++round) {
    if (round % 10 == 0) {
      streams.push_back(Watch());
      epochs.push_back(0);
    }
    for (size_t i = 0; i < streams.size(); ++i) {
      const v1::WatchResponse message = streams[i]->Next();
      if (message.has_heartbeat()) continue;
      const uint64_t epoch = EpochOf(message);
      ASSERT_GT(epoch, epochs[i]);
      epochs[i] = epoch;
    }
  }
}

// 3.4.25, 15220: after a reconnect, events older than those already received.
TEST_F(WatchBugsTest, AReconnectNeverGoesBackInTime) {
  const Writer writer(*this);
  std::mt19937_64 random(1);
  RingViewPtr mirror;
  for (int round = 0; round < 100; ++round) {
    const auto stream = mirror == nullptr
                            ? Watch()
                            : Watch(mirror->epoch(), mirror->incarnation());
    for (uint64_t reads = 1 + random() % 3; reads > 0; --reads) {
      const uint64_t before = mirror == nullptr ? 0 : mirror->epoch();
      ASSERT_NO_FATAL_FAILURE(Follow(*stream, mirror));
      ASSERT_GE(mirror->epoch(), before);
    }
    stream->context.TryCancel();
  }
}

// 15220: a progress notification for a revision whose events were still to be
// sent.
TEST_F(WatchBugsTest, ProgressIsNeverAheadOfData) {
  const Writer writer(*this, std::chrono::milliseconds(7));
  const auto stream = Watch();
  RingViewPtr mirror;
  int heartbeats = 0;
  while (heartbeats < 50 || mirror->epoch() < 20) {
    const v1::WatchResponse message = stream->Next();
    if (message.has_heartbeat()) {
      ++heartbeats;
      ASSERT_EQ(message.heartbeat().epoch(), mirror->epoch());
      ASSERT_EQ(message.heartbeat().fingerprint(), mirror->fingerprint());
      continue;
    }
    auto next = client::After(mirror, message);
    ASSERT_TRUE(next.ok()) << next.status();
    mirror = *next;
  }
}

// A watch from a future revision sent nothing, or missed events when the
// revision was reached (etcd's watch restore; 3.4 after a restore from a
// backup).
TEST_F(WatchBugsTest,
       AWatchOpenedOnAFutureEpochIsToldAtOnceAndOfAllThatFollows) {
  Add("a");
  const auto stream = Watch(1'000, incarnation());
  RingViewPtr mirror;
  ASSERT_NO_FATAL_FAILURE(Follow(*stream, mirror));
  EXPECT_EQ(mirror->epoch(), 2u);
  for (int i = 0; i < 30; ++i) {
    const uint64_t epoch = Add("n" + std::to_string(i));
    while (mirror->epoch() < epoch) {
      ASSERT_NO_FATAL_FAILURE(Follow(*stream, mirror));
    }
  }
  EXPECT_EQ(mirror->fingerprint(), fingerprint());
}

// 18667: a watch from exactly the compacted revision missed the event there.
TEST_F(SilentWatchBugsTest, NoEventIsMissedAtTheEdgeOfHistory) {
  std::vector<RingViewPtr> at_epoch(1);  // mirror of a watcher at each epoch
  RingViewPtr mirror;
  const auto all = Watch();
  for (int i = 0; i < 45; ++i) {
    while (mirror == nullptr || mirror->epoch() < Newest()) {
      ASSERT_NO_FATAL_FAILURE(Follow(*all, mirror));
    }
    ASSERT_EQ(mirror->epoch(), at_epoch.size());
    at_epoch.push_back(mirror);
    Touch(i);
  }
  int by_delta = 0;
  for (uint64_t known = 1; known < at_epoch.size(); ++known) {
    RingViewPtr resumed = at_epoch[known];
    const auto stream = Watch(known, incarnation());
    const v1::WatchResponse first = stream->Next();
    auto next = client::After(resumed, first);
    ASSERT_TRUE(next.ok()) << "from " << known << ": " << next.status();
    EXPECT_EQ((*next)->epoch(), Newest());
    EXPECT_EQ((*next)->fingerprint(), fingerprint()) << "from " << known;
    by_delta += first.has_delta() ? 1 : 0;
    stream->context.TryCancel();
  }
  EXPECT_EQ(by_delta, 20) << "history holds 20 changes";
}

}  // namespace
}  // namespace clockwise
