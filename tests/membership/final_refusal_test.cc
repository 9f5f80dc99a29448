// Tests that a refusal is final: a change whose call has ended at one server,
// and that another server then refuses, is not made later.
#include <functional>
#include <memory>
#include <utility>

#include "gmock/gmock.h"
#include "tests/support/delete_ring.h"
#include "tests/support/membership_fixture.h"
#include "tests/support/refusal_reading.h"

namespace clockwise {
namespace {

using ::testing::ElementsAre;

// membership_ is the server that is delayed; other_ is the one that refuses.
class FinalRefusalTest : public MembershipTest {
 protected:
  void SetUp() override {
    MembershipTest::SetUp();
    Make(Add("base"));
    other_ = Open(memory_);
  }

  // Returns `request` as a call that ends when ended_ is set. checked_ is
  // called with each check, whose result it does not change.
  ChangeRequest AsCall(ChangeRequest request) {
    request.request_id = "r";
    request.check = [this](CallStage stage) {
      const bool ended = ended_;
      if (checked_ != nullptr) checked_(stage);
      return ended ? absl::CancelledError("ended") : absl::OkStatus();
    };
    return request;
  }

  // Makes the other server refuse a node "x" for `reason`, after another client
  // has added another "x", and remove that node.
  void RefuseTheAdditionElsewhere(const ChangeRequest& request) {
    ASSERT_TRUE(other_->Apply(Add(RequestNode("x", 9))).ok());
    EXPECT_EQ(ReasonOf(other_->Apply(Retried(request)).status()),
              v1::ERROR_REASON_NODE_EXISTS);
    ASSERT_TRUE(other_->Apply(Remove("x")).ok());
  }
  void RefuseTheRemovalElsewhere(const ChangeRequest& request) {
    ASSERT_TRUE(other_->Apply(Remove("x")).ok());
    EXPECT_EQ(ReasonOf(other_->Apply(Retried(request)).status()),
              v1::ERROR_REASON_NODE_NOT_FOUND);
    ASSERT_TRUE(other_->Apply(Add(RequestNode("x", 9))).ok());
  }

  // Calls `action` before the first write of membership_ only.
  void BeforeTheFirstWrite(const std::function<void()>& action) {
    store_.before = [action, first = true]() mutable {
      if (std::exchange(first, false)) action();
      return absl::OkStatus();
    };
  }

  void ExpectNoChangeOfTheRequest() {
    for (const auto& record : other_->Find("").value()->history) {
      EXPECT_NE(record->change().request_id(), "r");
    }
    ASSERT_TRUE(other_->Refresh("").ok());
    for (const auto& record : other_->Find("").value()->history) {
      EXPECT_NE(record->change().request_id(), "r");
    }
  }

  std::unique_ptr<Membership> other_;
  std::function<void(CallStage)> checked_;
  bool ended_ = false;

 private:
  static ChangeRequest Retried(ChangeRequest request) {
    request.check = nullptr;
    return request;
  }
};

TEST_F(FinalRefusalTest, AnAdditionWhoseCallHasEndedIsNotPlannedAgain) {
  const ChangeRequest request = AsCall(Add("x"));
  BeforeTheFirstWrite([&] {
    ended_ = true;
    RefuseTheAdditionElsewhere(request);
  });
  EXPECT_EQ(Refused(request).code(), absl::StatusCode::kCancelled);
  ExpectNoChangeOfTheRequest();
}

TEST_F(FinalRefusalTest, ARemovalWhoseCallHasEndedIsNotPlannedAgain) {
  Make(Add("x"));
  const ChangeRequest request = AsCall(Remove("x"));
  BeforeTheFirstWrite([&] {
    ended_ = true;
    RefuseTheRemovalElsewhere(request);
  });
  EXPECT_EQ(Refused(request).code(), absl::StatusCode::kCancelled);
  ExpectNoChangeOfTheRequest();
}

// The call ends just after a check has passed, before the plan that follows.
TEST_F(FinalRefusalTest, ACallThatEndsJustAfterACheckLosesTheNextRace) {
  const ChangeRequest request = AsCall(Add("x"));
  BeforeTheFirstWrite(
      [&] { ASSERT_TRUE(other_->Apply(Add("y")).ok()); });  // loses the race
  int plans = 0;
  checked_ = [&](CallStage stage) {
    if (stage != CallStage::kPlan || ++plans != 2) return;
    ended_ = true;
    RefuseTheAdditionElsewhere(request);
  };
  EXPECT_TRUE(absl::IsCancelled(membership_->Apply(request).status()));
  EXPECT_EQ(plans, 2);
  ExpectNoChangeOfTheRequest();
}

TEST_F(FinalRefusalTest, ACallThatHasEndedIsNotSentToTheStore) {
  checked_ = [&](CallStage) { ended_ = true; };  // after the first check
  const int writes = store_.writes;
  EXPECT_TRUE(absl::IsCancelled(Refused(AsCall(Add("x")))));
  EXPECT_EQ(store_.writes, writes);
}

TEST_F(FinalRefusalTest, ACallThatIsOpenIsPlannedAgain) {
  const ChangeRequest request = AsCall(Add("x"));
  BeforeTheFirstWrite([&] { ASSERT_TRUE(other_->Apply(Add("y")).ok()); });
  EXPECT_EQ(Make(request).epoch(), 4u);
  EXPECT_THAT(Ids(), ElementsAre("base", "x", "y"));
}

// A server that is behind must not refuse for a node that is not there any
// more, whatever the code of the refusal.
TEST_F(FinalRefusalTest, AFieldThatDependsOnTheRingIsJudgedByTheNewestRing) {
  v1::Node node = RequestNode("x");
  node.set_hash_key("first");
  Make(Add(node));
  ASSERT_TRUE(other_->Refresh("").ok());
  Make(Remove("x"));
  node.set_hash_key("second");
  ChangeRequest request = Add(node);
  request.changes[0].set_allow_update(true);
  EXPECT_EQ(other_->Apply(request).value().epoch(), 5u);
}

// A refusal must hold for the newest rings, also for rings that this server has
// not followed yet.
TEST_F(FinalRefusalTest, ASourceIsDeletedAtAServerThatMissedTheMigrationsEnd) {
  v1::RingSpec spec;
  spec.set_name("new");
  spec.set_migrating_from("default");
  ASSERT_TRUE(membership_->CreateRing(spec).ok());
  ASSERT_TRUE(other_->Refresh("").ok());
  EXPECT_EQ(ReasonOf(DeleteRing(*other_, "default")),
            v1::ERROR_REASON_RING_IN_USE);
  ChangeRequest end;
  end.ring = "new";
  end.end_migration = true;
  ASSERT_TRUE(membership_->Apply(end).ok());
  EXPECT_TRUE(DeleteRing(*other_, "default").ok());
}

TEST_F(FinalRefusalTest, ARingIsNotCreatedOrDeletedForACallThatHasEnded) {
  const CallCheck ended = [](CallStage stage) {
    return stage == CallStage::kCommit ? absl::CancelledError("ended")
                                       : absl::OkStatus();
  };
  v1::RingSpec spec;
  spec.set_name("new");
  EXPECT_FALSE(membership_->CreateRing(spec, ended).ok());
  EXPECT_FALSE(DeleteRing(*membership_, "default", ended).ok());
  EXPECT_EQ(membership_->Rings().size(), 1u);
}

}  // namespace
}  // namespace clockwise
