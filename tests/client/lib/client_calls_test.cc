// Tests the requests that the client sends to servers, and its reaction to
// servers that reply wrongly.
#include <atomic>
#include <future>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "client/lib/watch_call.h"
#include "clockwise/v1/errors.pb.h"
#include "service/api/refusal.h"
#include "service/channel/status_mapping.h"
#include "tests/client/lib/client_fixture.h"
#include "tests/support/delete_ring.h"

namespace clockwise {
namespace {

using Writer = grpc::ServerWriter<v1::WatchResponse>;

// Refuses the first look-up and asks for a pause before the next.
class BusyServer final : public v1::PlacementService::Service {
 public:
  explicit BusyServer(milliseconds pause) : pause_(pause) {}
  const std::string& address() const { return server_.address(); }
  int calls() const { return calls_; }

 private:
  grpc::Status Locate(grpc::ServerContext*, const v1::LocateRequest*,
                      v1::LocateResponse* response) override {
    if (++calls_ == 1) {
      return ToGrpc(
          WithRetryDelay(Refusal(v1::ERROR_REASON_OVERLOADED, "busy"), pause_));
    }
    response->set_epoch(7);
    return grpc::Status::OK;
  }

  const milliseconds pause_;
  std::atomic<int> calls_ = 0;
  LoopbackServer server_{*this};  // last: it goes first
};

class ClientCallsTest : public ClientFixture {};

Node NodeOf(const std::string& id, uint32_t weight = 1) {
  Node node;
  node.id = id;
  node.weight = weight;
  return node;
}

TEST_F(ClientCallsTest, ChangesAreMadeAndPlanned) {
  const auto client = NewClient({server_->address()});
  const auto added = client->AddNode(NodeOf("a"));
  ASSERT_TRUE(added.ok()) << added.status();
  EXPECT_EQ(added->epoch, 2u);
  EXPECT_EQ(added->moved_ratio, 1);
  ChangeOptions plan;
  plan.plan_only = true;
  EXPECT_EQ(client->AddNode(NodeOf("b"), plan)->epoch, 3u);
  ASSERT_TRUE(client->WaitForEpoch(2, seconds(10)).ok());
  EXPECT_EQ(client->view()->size(), 1u) << "a plan changes nothing";
  ChangeSet changes;
  changes.add = {NodeOf("b"), NodeOf("c")};
  changes.update = {NodeOf("a", 3)};
  EXPECT_EQ(client->ApplyChanges(changes)->epoch, 3u);
  ASSERT_TRUE(client->WaitForEpoch(3, seconds(10)).ok());
  EXPECT_EQ(client->view()->node(0).weight, 3u);
  EXPECT_EQ(client->RemoveNode("b")->epoch, 4u);
  Node back = NodeOf("a");
  back.zone = "z";
  EXPECT_EQ(client->UpdateNode(back)->epoch, 5u);
}

TEST_F(ClientCallsTest, AnAllowedUpdateKeepsTheFieldsThatAreNotSet) {
  const auto client = NewClient({server_->address()});
  Node node = NodeOf("a", 3);
  node.address = "10.0.0.1:80";
  ASSERT_TRUE(client->AddNode(node).ok());
  Node moved;
  moved.id = "a";
  moved.address = "10.0.0.2:80";
  EXPECT_EQ(ReasonOfFailure(client->AddNode(moved).status()), "NODE_EXISTS");
  ChangeOptions options;
  options.allow_update = true;
  EXPECT_EQ(client->AddNode(moved, options)->epoch, 3u);
  EXPECT_EQ(client->AddNode(moved, options)->epoch, 3u) << "nothing differs";
  ASSERT_TRUE(client->WaitForEpoch(3, seconds(10)).ok());
  EXPECT_EQ(client->view()->node(0).address, "10.0.0.2:80");
  EXPECT_EQ(client->view()->node(0).weight, 3u);
}

TEST_F(ClientCallsTest, RefusalsComeWithTheServersReason) {
  const auto client = NewClient({server_->address()});
  EXPECT_EQ(ReasonOfFailure(client->RemoveNode("nobody").status()),
            "NODE_NOT_FOUND");
  ChangeOptions options;
  options.expected_epoch = 99;
  const absl::Status conflict = client->AddNode(NodeOf("a"), options).status();
  EXPECT_TRUE(absl::IsAborted(conflict)) << conflict;
  EXPECT_EQ(ReasonOfFailure(conflict), "EPOCH_CONFLICT");
  EXPECT_EQ(ReasonOfFailure(absl::UnavailableError("x")), "");
}

TEST_F(ClientCallsTest, ARequestIdMakesAChangeOnce) {
  const auto client = NewClient({server_->address()});
  ChangeOptions options;
  options.request_id = "once";
  EXPECT_EQ(client->AddNode(NodeOf("a"), options)->epoch, 2u);
  ASSERT_TRUE(client->RemoveNode("a").ok());
  EXPECT_EQ(client->AddNode(NodeOf("a"), options)->epoch, 2u);
  EXPECT_EQ((*membership_->Find(""))->epoch, 3u);
}

TEST_F(ClientCallsTest, CallsGoOnAtAServerThatAnswers) {
  const auto client =
      NewClient({"127.0.0.1:1", server_->address(), "127.0.0.1:2"});
  for (int i = 0; i < 6; ++i) {
    const auto added = client->AddNode(NodeOf(absl::StrCat("n", i)));
    EXPECT_TRUE(added.ok()) << added.status();
  }
  EXPECT_EQ((*membership_->Find(""))->epoch, 7u);
  EXPECT_TRUE(client->LocateRemote("k", 1, 7).ok());
}

TEST_F(ClientCallsTest, NobodyThereIsUnavailableInTime) {
  Options options = Quick();
  options.call_timeout = milliseconds(300);
  const auto client = NewClient({"127.0.0.1:1"}, options);
  EXPECT_TRUE(absl::IsUnavailable(client->RemoveNode("a").status()));
}

TEST_F(ClientCallsTest, ABusyServerIsCalledAgainWhenItAskedForIt) {
  const BusyServer busy(milliseconds(400));
  const auto client = NewClient({busy.address()});
  const auto start = std::chrono::steady_clock::now();
  const auto found = client->LocateRemote("k");
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->epoch, 7u);
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(400));
  EXPECT_EQ(busy.calls(), 2);
}

TEST_F(ClientCallsTest, ABusyServerThatAsksForTooLongEndsTheCallAtOnce) {
  const BusyServer busy(seconds(60));
  const auto client = NewClient({busy.address()});
  EXPECT_EQ(ReasonOfFailure(client->LocateRemote("k").status()), "OVERLOADED");
  EXPECT_EQ(busy.calls(), 1);
}

TEST_F(ClientCallsTest, ListenersHearWhatANodeGainsAndLoses) {
  Add("a");
  const auto client = NewClient({server_->address()});
  std::promise<RingEvent> first, second;
  int calls = 0;
  const Subscription subscription =
      client->OnChange("a", [&](const RingEvent& event) {
        if (++calls == 1) first.set_value(event);
        if (calls == 2) second.set_value(event);
      });
  EXPECT_EQ(first.get_future().get().gained.size(), 1u);
  Add("b");
  const RingEvent event = second.get_future().get();
  EXPECT_EQ(event.epoch, 3u);
  EXPECT_FALSE(event.lost.empty());
  EXPECT_TRUE(event.gained.empty());
  EXPECT_EQ(event.before->size(), 1u);
  EXPECT_EQ(event.after->size(), 2u);
}

// A server sends messages that do not produce the ring that they name. The
// client counts the mismatch, rejects the message, and requests a snapshot.
TEST_F(ClientCallsTest, AMismatchIsCountedAndTheRingFetchedAnew) {
  Add("a");
  std::atomic<int> asked_for_all = 0;
  const LyingServer liar([&](const v1::WatchRequest& request, Writer& writer) {
    v1::WatchResponse message = TrueSnapshot();
    if (request.known_epoch() == 0 && ++asked_for_all > 1) {
      writer.Write(message);
      return grpc::Status::OK;
    }
    writer.Write(message);
    v1::WatchResponse lie;
    lie.mutable_delta()->set_from_epoch(message.snapshot().epoch());
    lie.mutable_delta()->set_epoch(message.snapshot().epoch() + 1);
    lie.mutable_delta()->set_incarnation(message.snapshot().incarnation());
    lie.mutable_delta()->set_fingerprint(message.snapshot().fingerprint());
    *lie.mutable_delta()->add_upserted() = message.snapshot().nodes(0);
    lie.mutable_delta()->mutable_upserted(0)->set_id("never");
    writer.Write(lie);
    return grpc::Status::OK;
  });
  const auto client = NewClient({liar.address()});
  ASSERT_TRUE(Soon([&] { return asked_for_all == 2; }));
  ASSERT_TRUE(Soon([&] { return client->state().snapshots == 2; }));
  EXPECT_EQ(client->state().mismatches, 1u);
  EXPECT_EQ(client->state().resyncs, 1u);
  EXPECT_EQ(client->view()->size(), 1u);
  EXPECT_EQ(client->view()->node(0).id, "a");
}

TEST_F(ClientCallsTest, ALiarIsLeftForAServerThatTellsTheTruth) {
  Add("a");
  const LyingServer liar([&](const v1::WatchRequest&, Writer& writer) {
    v1::WatchResponse lie = TrueSnapshot();
    lie.mutable_snapshot()->set_fingerprint(1);
    writer.Write(lie);
    return grpc::Status::OK;
  });
  for (int i = 0; i < 6; ++i) {
    const auto client = NewClient({liar.address(), server_->address()});
    ASSERT_TRUE(client->WaitForEpoch(2, seconds(10)).ok());
    EXPECT_EQ(client->state().server, server_->address());
  }
}

TEST_F(ClientCallsTest, AServerThatGoesAwaySaysWhenToComeElsewhere) {
  Add("a");
  const LyingServer leaving([&](const v1::WatchRequest&, Writer& writer) {
    writer.Write(TrueSnapshot());
    return ToGrpc(WithRetryDelay(Refusal(v1::ERROR_REASON_DRAINING, "going"),
                                 milliseconds(400)));
  });
  Options options = Quick();
  options.longest_pause = milliseconds(5'000);
  const auto client = NewClient({leaving.address()}, options);
  ASSERT_TRUE(Soon([&] { return client->state().reconnects == 1; }));
  const auto start = std::chrono::steady_clock::now();
  ASSERT_TRUE(Soon([&] { return client->state().reconnects == 2; }));
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(350));
}

TEST_F(ClientCallsTest, WhatAServerCouldNotConfirmCountsAsStale) {
  Add("a");
  const LyingServer away([&](const v1::WatchRequest&, Writer& writer) {
    v1::WatchResponse message = TrueSnapshot();
    message.set_unconfirmed_ms(60'000);
    writer.Write(message);
    return grpc::Status::OK;
  });
  const auto client = NewClient({away.address()});
  ASSERT_TRUE(client->WaitForEpoch(2, seconds(10)).ok());
  EXPECT_GE(client->staleness(), milliseconds(60'000));
}

TEST_F(ClientCallsTest, ASilentServerIsLeft) {
  Add("a");
  const LyingServer silent([&](const v1::WatchRequest&, Writer& writer) {
    writer.Write(TrueSnapshot());
    return grpc::Status::OK;
  });
  Options options = Quick();
  options.silence = milliseconds(300);
  const auto client = NewClient({silent.address()}, options);
  EXPECT_TRUE(Soon([&] { return client->state().reconnects >= 2; }));
  EXPECT_NE(client->state().last_error.find("no message arrived"),
            std::string::npos);
}

TEST_F(ClientCallsTest, ASilentConnectionIsReplaced) {
  Add("a");
  LyingServer silent([&](const v1::WatchRequest&, Writer& writer) {
    writer.Write(TrueSnapshot());
    return grpc::Status::OK;
  });
  Options options = Quick();
  options.silence = milliseconds(300);
  const auto client = NewClient({silent.address()}, options);
  EXPECT_TRUE(Soon([&] { return silent.connections().size() >= 3; }));
}

TEST_F(ClientCallsTest, AStreamThatEndsKeepsTheConnection) {
  Add("a");
  LyingServer ending([&](const v1::WatchRequest&, Writer& writer) {
    writer.Write(TrueSnapshot());
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "busy");
  });
  const auto client = NewClient({ending.address()});
  EXPECT_TRUE(Soon([&] { return client->state().reconnects >= 3; }));
  EXPECT_EQ(ending.connections().size(), 1u);
}

TEST_F(ClientCallsTest, TheSilenceLimitIsThreeHeartbeats) {
  using client::SilenceLimit;
  const absl::Duration unknown = absl::Seconds(15);
  EXPECT_EQ(SilenceLimit(unknown, 0), unknown);
  EXPECT_EQ(SilenceLimit(unknown, 5'000), absl::Seconds(15));
  EXPECT_EQ(SilenceLimit(unknown, 30'000), absl::Seconds(90));
  EXPECT_EQ(SilenceLimit(unknown, 50), absl::Seconds(3));
  EXPECT_EQ(SilenceLimit(absl::Milliseconds(300), 50), absl::Milliseconds(300));
  EXPECT_EQ(SilenceLimit(unknown, 4'294'967'295),
            3 * absl::Milliseconds(4'294'967'295));
}

TEST_F(ClientCallsTest, AStreamIsSilentAfterThreeOfTheServersHeartbeats) {
  Add("a");
  const LyingServer silent([&](const v1::WatchRequest&, Writer& writer) {
    v1::WatchResponse message = TrueSnapshot();
    message.set_heartbeat_ms(500);
    writer.Write(message);
    return grpc::Status::OK;
  });
  Options options = Quick();
  options.silence = milliseconds(300);
  const auto start = std::chrono::steady_clock::now();
  const auto client = NewClient({silent.address()}, options);
  ASSERT_TRUE(client->WaitForEpoch(2, seconds(10)).ok());
  EXPECT_TRUE(Soon([&] { return client->state().reconnects >= 1; }));
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(1'500));
}

// While its only server is away, every second attempt waits for the server. A
// client of two servers, which calls them in turn, shows the time that passes.
TEST_F(ClientCallsTest, AClientOfOneServerWaitsUntilItIsReady) {
  Options options = Quick();
  options.first_pause = options.longest_pause = milliseconds(1);
  options.silence = seconds(60);
  const auto waiting = NewClient({"127.0.0.1:1"}, options);
  const auto polling = NewClient({"127.0.0.1:1", "127.0.0.1:2"}, options);
  ASSERT_TRUE(Soon([&] { return polling->state().reconnects >= 50; }));
  EXPECT_LE(waiting->state().reconnects, 1u);
}

TEST_F(ClientCallsTest, AWaitThatEndsKeepsTheReasonOfTheAttemptBefore) {
  Options options = Quick();
  options.first_pause = options.longest_pause = milliseconds(200);
  options.silence = milliseconds(200);
  const auto client = NewClient({"127.0.0.1:1"}, options);
  State refused;
  ASSERT_TRUE(Soon([&] {
    refused = client->state();
    return refused.last_error.find("connect") != std::string::npos;
  }));
  ASSERT_TRUE(
      Soon([&] { return client->state().reconnects > refused.reconnects; }));
  EXPECT_EQ(client->state().last_error, refused.last_error);
}

// One server is behind: its whole ring is older than the mirror.
TEST_F(ClientCallsTest, AMirrorNeverGoesBackToAnOlderEpoch) {
  Add("a");
  const v1::WatchResponse old = TrueSnapshot();
  Add("b");
  std::atomic<uint64_t> known = 0;
  const LyingServer behind(
      [&](const v1::WatchRequest& request, Writer& writer) {
        known = request.known_epoch();
        writer.Write(TrueSnapshot());
        if (request.known_epoch() == 0) writer.Write(old);
        return grpc::Status::OK;
      });
  const auto client = NewClient({behind.address()});
  ASSERT_TRUE(Soon([&] { return known == 3; })) << "it resumes";
  EXPECT_EQ(client->epoch(), 3u);
  EXPECT_EQ(client->view()->size(), 2u);
  EXPECT_EQ(client->state().mismatches, 0u);
  EXPECT_NE(client->state().last_error.find("the server is at epoch 2"),
            std::string::npos);
}

// A store was set back, and its server has made sure that it has no newer ring.
TEST_F(ClientCallsTest,
       AMirrorFollowsAServerThatKnowsItsEpochAndHasAnOlderOne) {
  Add("a");
  const v1::WatchResponse old = TrueSnapshot();
  Add("b");
  const LyingServer back([&](const v1::WatchRequest& request, Writer& writer) {
    writer.Write(request.known_epoch() == 0 ? TrueSnapshot() : old);
    return request.known_epoch() == 0
               ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "restarts")
               : grpc::Status::OK;
  });
  const auto client = NewClient({back.address()});
  EXPECT_TRUE(Soon([&] { return client->epoch() == 2; }));
}

TEST_F(ClientCallsTest, AServerThatOnlyAcceptsStreamsIsCalledLessAndLess) {
  Add("a");
  std::atomic<int> calls = 0;
  const LyingServer ending([&](const v1::WatchRequest&, Writer& writer) {
    ++calls;
    writer.Write(TrueSnapshot());
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "busy");
  });
  Options options = Quick();
  options.longest_pause = milliseconds(10'000);
  const auto start = std::chrono::steady_clock::now();
  const auto client = NewClient({ending.address()}, options);
  ASSERT_TRUE(Soon([&] { return calls >= 9; }));
  // The first message is progress: it has a ring. The pauses after it are 10 ms
  // to 640 ms, each shortened by at most a half.
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(600));
}

TEST_F(ClientCallsTest, ADeletedRingIsAnEventAndItsLastStateIsKept) {
  v1::RingSpec spec;
  spec.set_name("short");
  ASSERT_TRUE(membership_->CreateRing(spec).ok());
  Add("a", "", "short");
  Options options = Quick();
  options.ring = "short";
  const auto client = NewClient({server_->address()}, options);
  Mutex mu;
  std::vector<RingEvent> events;
  const auto count = [&] {
    MutexLock lock(mu);
    return events.size();
  };
  const Subscription subscription =
      client->OnChange("a", [&](const RingEvent& event) {
        MutexLock lock(mu);
        events.push_back(event);
      });
  ASSERT_TRUE(Soon([&] { return count() == 1; }));
  ASSERT_TRUE(DeleteRing(*membership_, "short").ok());
  ASSERT_TRUE(Soon([&] { return count() == 2; }));
  EXPECT_TRUE(client->state().deleted);
  EXPECT_EQ(client->Locate("k")->primary().id, "a");
  ASSERT_TRUE(membership_->CreateRing(spec).ok());
  ASSERT_TRUE(Soon([&] { return count() == 3; }));
  EXPECT_FALSE(client->state().deleted);
  MutexLock lock(mu);
  EXPECT_FALSE(events[0].deleted);
  EXPECT_TRUE(events[1].deleted);
  EXPECT_TRUE(events[1].gained.empty() && events[1].lost.empty());
  EXPECT_EQ(events[1].after, events[0].after);
  EXPECT_FALSE(events[2].deleted);
  EXPECT_EQ(events[2].lost.size(), 1u) << "the new ring has no nodes";
  EXPECT_NE(events[2].incarnation, events[1].incarnation);
}

TEST_F(ClientCallsTest, ALayoutThatIsNotKnownIsLookedUpByTheServer) {
  Add("a");
  std::promise<void> known_again;
  const auto future = known_again.get_future().share();
  const LyingServer newer([&](const v1::WatchRequest&, Writer& writer) {
    v1::WatchResponse message = TrueSnapshot();
    v1::Snapshot& snapshot = *message.mutable_snapshot();
    snapshot.mutable_spec()->set_layout(static_cast<v1::Layout>(9'999));
    snapshot.set_incarnation(4'711);
    message.set_heartbeat_ms(60'000);
    writer.Write(message);
    v1::WatchResponse change;
    change.mutable_delta()->set_incarnation(4'711);
    change.mutable_delta()->set_from_epoch(2);
    change.mutable_delta()->set_epoch(9);
    change.set_heartbeat_ms(60'000);
    writer.Write(change);
    future.wait();
    writer.Write(TrueSnapshot());
    return grpc::Status::OK;
  });
  const auto client = NewClient({newer.address()});
  std::atomic<int> unknown = 0;
  std::atomic<int> known = 0;
  const Subscription subscription =
      client->OnChange("a", [&](const RingEvent& event) {
        ++(event.ranges_unknown && event.after == nullptr ? unknown : known);
      });
  EXPECT_TRUE(client->WaitForEpoch(9, seconds(10)).ok());
  EXPECT_TRUE(Soon([&] { return unknown >= 1; }));
  const State state = client->state();
  EXPECT_TRUE(state.layout_unknown);
  EXPECT_EQ(state.epoch, 9u);
  EXPECT_EQ(state.source, Source::kServer);
  EXPECT_EQ(state.mismatches, 0u);
  EXPECT_EQ(client->view(), nullptr);
  const auto owners = client->Locate("k");
  EXPECT_TRUE(owners.ok() && owners->primary().id == "owner-of-k")
      << owners.status();
  EXPECT_TRUE(absl::IsUnimplemented(client->Acquire("k").status()));
  known_again.set_value();
  EXPECT_TRUE(Soon([&] { return client->view() != nullptr; }));
  EXPECT_TRUE(Soon([&] { return known >= 1; }));
  EXPECT_EQ(client->Locate("k")->primary().id, "a");
}

}  // namespace
}  // namespace clockwise
