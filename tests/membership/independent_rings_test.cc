// Tests that a long plan delays only the changes of its own ring, and that it
// ends when its call ends or when it needs too many steps.
#include <atomic>
#include <functional>
#include <memory>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "service/runtime/fail_point.h"
#include "tests/support/delete_ring.h"
#include "tests/support/membership_fixture.h"
#include "tests/support/refusal_reading.h"

namespace clockwise {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::binary_semaphore planning(0);
std::binary_semaphore plan_on(0);
std::atomic<bool> hold_next_plan = false;

void HoldOnePlan(const char* point) {
  if (std::string(point) != "before_plan" || !hold_next_plan.exchange(false)) {
    return;
  }
  planning.release();
  plan_on.acquire();
}

class IndependentRingsTest : public MembershipTest {
 protected:
  void SetUp() override {
    MembershipTest::SetUp();
    v1::RingSpec spec;
    spec.set_name("y");
    ASSERT_TRUE(membership_->CreateRing(spec).ok());
    fail_point_hook = HoldOnePlan;
  }
  void TearDown() override { fail_point_hook = nullptr; }

  // Calls `meanwhile` while the plan of `request` is held; then releases it and
  // returns the result of the change.
  absl::StatusOr<v1::Change> Held(const ChangeRequest& request,
                                  const std::function<void()>& meanwhile) {
    absl::StatusOr<v1::Change> change;
    hold_next_plan = true;
    std::thread changer([&] { change = membership_->Apply(request); });
    planning.acquire();
    meanwhile();
    plan_on.release();
    changer.join();
    return change;
  }

  static ChangeRequest InY(ChangeRequest request) {
    request.ring = "y";
    return request;
  }
};

TEST_F(IndependentRingsTest, ChangesOfAnotherRingDoNotWaitForAPlan) {
  const auto change = Held(Add("a"), [&] {
    EXPECT_EQ(Make(InY(Add("b"))).epoch(), 2u);
    EXPECT_EQ(Make(InY(Remove("b"))).epoch(), 3u);
    v1::RingSpec spec;
    spec.set_name("z");
    EXPECT_TRUE(membership_->CreateRing(spec).ok());
    EXPECT_TRUE(DeleteRing(*membership_, "z").ok());
  });
  EXPECT_EQ(change.value().epoch(), 2u);
}

TEST_F(IndependentRingsTest, FollowingDoesNotWaitForAPlanOfTheSameRing) {
  const std::unique_ptr<Membership> other = Open(memory_);
  const auto change = Held(Add("a"), [&] {
    ASSERT_TRUE(other->Apply(Add("b")).ok());
    ASSERT_TRUE(membership_->Refresh("default").ok());
    EXPECT_THAT(Ids(), ElementsAre("b"));
    ASSERT_TRUE(other->Apply(Add("c")).ok());
    ASSERT_TRUE(membership_->Refresh("").ok());
    EXPECT_THAT(Ids(), ElementsAre("b", "c"));
  });
  // The plan was out of date, and was made again.
  EXPECT_EQ(change.value().epoch(), 4u);
  EXPECT_THAT(Ids(), ElementsAre("a", "b", "c"));
}

TEST_F(IndependentRingsTest, ARefusalByAPlanThatIsOutOfDateIsNotGiven) {
  const std::unique_ptr<Membership> other = Open(memory_);
  Make(Add(RequestNode("a", 2)));
  ASSERT_TRUE(other->Refresh("").ok());
  const auto change = Held(Add("a"), [&] {
    ASSERT_TRUE(other->Apply(Remove("a")).ok());
    ASSERT_TRUE(membership_->Refresh("default").ok());
  });
  EXPECT_EQ(change.value().epoch(), 4u);
}

TEST_F(IndependentRingsTest, ARingThatIsDeletedDuringAPlanIsNotFound) {
  const auto change = Held(
      InY(Add("a")), [&] { EXPECT_TRUE(DeleteRing(*membership_, "y").ok()); });
  EXPECT_EQ(ReasonOf(change.status()), v1::ERROR_REASON_RING_NOT_FOUND);
}

TEST_F(IndependentRingsTest, ARingThatIsMadeAgainDuringAPlanGetsTheChange) {
  const auto change = Held(InY(Add("a")), [&] {
    const StatePtr before = membership_->Find("y").value();
    EXPECT_TRUE(DeleteRing(*membership_, "y").ok());
    ASSERT_TRUE(membership_->CreateRing(before->ring().spec()).ok());
  });
  EXPECT_EQ(change.value().incarnation(),
            membership_->Find("y").value()->incarnation);
}

TEST_F(IndependentRingsTest, AServerThatDoesNotKnowARingReadsTheStoreFirst) {
  const std::unique_ptr<Membership> other = Open(memory_);
  v1::RingSpec spec;
  spec.set_name("new");
  ASSERT_TRUE(other->CreateRing(spec).ok());
  ChangeRequest request = Add("a");
  request.ring = "new";
  EXPECT_EQ(Make(request).epoch(), 2u);
  request.ring = "none";
  EXPECT_EQ(ReasonOf(membership_->Apply(request).status()),
            v1::ERROR_REASON_RING_NOT_FOUND);
}

class PlanBudgetTest : public MembershipTest {
 protected:
  void SetUp() override {
    Membership::Options options = OptionsFor(store_);
    options.plan_steps = 4000;
    membership_ = Membership::Open(options).value();
    v1::RingSpec spec;
    spec.set_layout(v1::LAYOUT_PARTITIONED);
    spec.set_partition_bits(10);
    spec.set_replica_count(3);
    ASSERT_TRUE(membership_->CreateRing(spec).ok());
  }
};

TEST_F(PlanBudgetTest, AChangeAndItsPlanAreRefusedAtTheSameNumberOfSteps) {
  Make(Add("a"));
  std::vector<ChangeRequest> adds;
  for (int i = 0; i < 100; ++i) adds.push_back(Add("n" + std::to_string(i)));
  ChangeRequest request = Many(adds);
  const absl::Status refused = Refused(request);
  ExpectRefusal(refused, absl::StatusCode::kResourceExhausted,
                v1::ERROR_REASON_LIMIT_REACHED);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("split it"));
  request.validate_only = true;
  EXPECT_EQ(membership_->Apply(request).status(), refused);
}

TEST_F(PlanBudgetTest, APlanEndsWhenItsCallEnds) {
  for (const bool validate_only : {false, true}) {
    ChangeRequest request = Add("a");
    request.validate_only = validate_only;
    int checks = 0;
    request.check = [&](CallStage) {
      return ++checks > 1 ? absl::CancelledError("ended") : absl::OkStatus();
    };
    if (validate_only) checks = 1;  // a plan is not checked before it begins
    EXPECT_EQ(Refused(request).code(), absl::StatusCode::kCancelled);
    EXPECT_EQ(checks, 2);
  }
}

}  // namespace
}  // namespace clockwise
