// Tests calls whose store blocks: they are answered before their deadline.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include "service/api/refusal.h"
#include "service/channel/status_mapping.h"
#include "tests/support/membership_fixture.h"
#include "tests/support/serving.h"

namespace clockwise {
namespace {

using Stub = v1::PlacementService::Stub;
using grpc::StatusCode;

class DeadlineTest : public Serving {
 protected:
  void SetUp() override {
    Serving::SetUp();
    observed_.before = [this] {
      ++hanging_;
      while (hangs_) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      return absl::OkStatus();
    };
  }
  void TearDown() override {
    hangs_ = false;
    Serving::TearDown();
  }
  Store& store() override { return observed_; }

  grpc::Status AddWithin(const std::string& id, double seconds) {
    v1::AddNodeRequest request;
    request.mutable_node()->set_id(id);
    request.set_request_id("add-" + id);
    v1::AddNodeResponse response;
    return Call(&Stub::AddNode, request, response, seconds);
  }
  // Seconds. The server replies a tenth of it before the deadline, so that the
  // response can still arrive on a busy machine.
  static constexpr double kDeadline = 2;
  static constexpr char kUnknown[] = "outcome is unknown";

  void WaitUntilOneHangs() {
    while (hanging_ == 0) std::this_thread::yield();
  }
  static void ExpectUnavailable(const grpc::Status& status,
                                const std::string& text) {
    EXPECT_EQ(status.error_code(), StatusCode::UNAVAILABLE)
        << status.error_message();
    EXPECT_EQ(ReasonOf(status), "STORE_UNAVAILABLE");
    EXPECT_NE(status.error_message().find(text), std::string::npos)
        << status.error_message();
    // ErrorInfo says the same.
    EXPECT_EQ(LeavesOutcomeOpen(FromGrpc(status)), text == kUnknown);
  }

  ObservedStore observed_{store_};
  std::atomic<bool> hangs_ = false;
  std::atomic<int> hanging_ = 0;
};

TEST_F(DeadlineTest, AChangeWhoseStoreHangsIsAnsweredBeforeItsDeadline) {
  hangs_ = true;
  ExpectUnavailable(AddWithin("a", kDeadline), kUnknown);
  // The change was applied; a retry with its request_id returns it.
  hangs_ = false;
  v1::AddNodeRequest request;
  request.mutable_node()->set_id("a");
  request.set_request_id("add-a");
  v1::AddNodeResponse response;
  EXPECT_TRUE(Call(&Stub::AddNode, request, response).ok());
  EXPECT_EQ(response.change().epoch(), 2);
  EXPECT_EQ(membership_->Find("").value()->epoch, 2);
}

TEST_F(DeadlineTest, AChangeThatWaitsBehindItIsNeverMade) {
  hangs_ = true;
  std::thread first([&] { EXPECT_TRUE(AddWithin("a", 20).ok()); });
  WaitUntilOneHangs();
  std::thread add([&] {
    ExpectUnavailable(AddWithin("b", kDeadline), "nothing was changed");
  });
  v1::DeleteRingRequest remove;
  remove.set_ring("default");
  remove.set_force(true);
  v1::DeleteRingResponse removed;
  ExpectUnavailable(Call(&Stub::DeleteRing, remove, removed, kDeadline),
                    "nothing was changed");
  add.join();
  hangs_ = false;
  first.join();
  EXPECT_TRUE(AddWithin("c", 20).ok());
  const StatePtr state = membership_->Find("").value();
  EXPECT_EQ(state->epoch, 3);  // a and c
  EXPECT_EQ(FindNode(state->ring().nodes(), "b"), nullptr);
  EXPECT_EQ(membership_->Rings().size(), 1);
}

TEST_F(DeadlineTest, ReadsAndPlansGoOnWhileTheStoreHangs) {
  ASSERT_TRUE(AddWithin("z", 20).ok());
  hanging_ = 0;
  hangs_ = true;
  std::thread first([&] { EXPECT_TRUE(AddWithin("a", 20).ok()); });
  WaitUntilOneHangs();
  v1::ListChangesRequest list;
  v1::ListChangesResponse changes;
  EXPECT_TRUE(Call(&Stub::ListChanges, list, changes, 5).ok());
  EXPECT_EQ(changes.changes_size(), 1);
  v1::LocateRequest locate;
  v1::LocateResponse located;
  EXPECT_TRUE(Call(&Stub::Locate, locate, located, 5).ok());
  v1::AddNodeRequest plan;
  plan.mutable_node()->set_id("b");
  plan.set_validate_only(true);
  v1::AddNodeResponse planned;
  EXPECT_TRUE(Call(&Stub::AddNode, plan, planned, 5).ok());
  hangs_ = false;
  first.join();
}

TEST_F(DeadlineTest, EachCallIsCountedOnceWithWhatItsClientWasTold) {
  hangs_ = true;
  AddWithin("a", kDeadline);
  hangs_ = false;
  EXPECT_TRUE(AddWithin("b", 20).ok());
  const MethodStats& stats = stats_.Of(Method::kAddNode);
  EXPECT_EQ(stats.started(), 2u);
  EXPECT_EQ(stats.handled(StatusCode::UNAVAILABLE), 1u);
  EXPECT_EQ(stats.handled(StatusCode::OK), 1u);
}

TEST_F(DeadlineTest, ACallThatItsClientCancelledIsNotBegun) {
  hangs_ = true;
  std::thread first([&] { EXPECT_TRUE(AddWithin("a", 20).ok()); });
  WaitUntilOneHangs();
  grpc::ClientContext context;
  SetDeadline(context);
  v1::AddNodeRequest request;
  request.mutable_node()->set_id("b");
  v1::AddNodeResponse response;
  std::thread second([&] {
    EXPECT_EQ(stub_->AddNode(&context, request, &response).error_code(),
              StatusCode::CANCELLED);
  });
  while (stats_.Of(Method::kAddNode).started() < 2) std::this_thread::yield();
  context.TryCancel();
  second.join();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  hangs_ = false;
  first.join();
  EXPECT_TRUE(AddWithin("c", 20).ok());
  EXPECT_EQ(FindNode(membership_->Find("").value()->ring().nodes(), "b"),
            nullptr);
}

}  // namespace
}  // namespace clockwise
