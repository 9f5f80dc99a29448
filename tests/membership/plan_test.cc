// Tests validate_only: the plan equals the change, and changes nothing.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "tests/support/membership_fixture.h"
#include "tests/support/refusal_reading.h"

namespace clockwise {
namespace {

using PlanTest = MembershipTest;

ChangeRequest Planned(ChangeRequest request) {
  request.validate_only = true;
  return request;
}

std::string WithoutTime(v1::Change change) {
  change.clear_accept_time();
  return change.DebugString();
}

TEST_F(PlanTest, EqualsWhatTheChangeThenDoes) {
  Make(Many({Add(RequestNode("a", 2, "x")), Add("b"),
             Add(RequestNode("c", 1, "y"))}));
  std::vector<ChangeRequest> requests = {
      Add(RequestNode("d", 3, "x")), Update(RequestNode("a", 5)), Remove("b"),
      Many({Add("e"), Remove("c"), Update(RequestNode("d", 1))}), Add("e")};
  int number = 0;
  for (ChangeRequest& request : requests) {
    request.request_id = "r-" + std::to_string(++number);
    request.reason = "because";
    request.actor = "alice";
    request.include_moves = true;
    const std::string picture = Picture();
    const int writes = store_.writes;
    const v1::Change plan = Make(Planned(request));
    EXPECT_EQ(Picture(), picture);
    EXPECT_EQ(store_.writes, writes);
    now_ += absl::Seconds(1);
    EXPECT_EQ(WithoutTime(plan), WithoutTime(Make(request)));
  }
}

TEST_F(PlanTest, ChangesNeitherStateNorHistoryNorCounters) {
  Make(Add("a"));
  const StatePtr before = State();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Make(Planned(Add("b"))).epoch(), 3u);
  }
  EXPECT_EQ(State()->history.size(), before->history.size());
  EXPECT_EQ(State()->counters->changes[0], 1u);
  EXPECT_EQ(State()->counters->moved_ratio, 1);
  EXPECT_EQ(memory_.Load("default").value().head.epoch, 2u);
}

TEST_F(PlanTest, DoesNotUseUpItsRequestId) {
  ChangeRequest request = Add("a");
  request.request_id = "once";
  Make(Planned(request));
  ChangeRequest other = Add("b");
  other.request_id = "once";
  EXPECT_EQ(Make(Planned(other)).epoch(), 2u);
  EXPECT_EQ(Make(other).epoch(), 2u);
  EXPECT_THAT(Ids(), ::testing::ElementsAre("b"));
}

TEST_F(PlanTest, AppliesOnlyToTheRingThatWasPlannedAgainst) {
  ChangeRequest request = Add("a");
  const v1::Change plan = Make(Planned(request));
  Make(Add("rival"));
  request.expected_epoch = plan.epoch() - 1;
  EXPECT_EQ(ReasonOf(Refused(request)), v1::ERROR_REASON_EPOCH_CONFLICT);
}

TEST_F(PlanTest, IsRefusedWhereTheChangeWouldBe) {
  Make(Add("a"));
  for (const ChangeRequest& request :
       {Remove("b"), Add(""), Add(RequestNode("a", 2)),
        Update(RequestNode("b", 2)), Add(RequestNode("b", 65'536)), Many({}),
        Many({Add("b"), Add("b")})}) {
    const absl::Status plan = Refused(Planned(request));
    EXPECT_EQ(plan, Refused(request));
  }
}

TEST_F(PlanTest, TellsNobody) {
  int told = 0;
  membership_->Listen([&](const std::string&) { ++told; });
  Make(Planned(Add("a")));
  EXPECT_EQ(told, 0);
}

TEST_F(PlanTest, NeedsNoStore) {
  store_.before = [] {
    return Refusal(v1::ERROR_REASON_STORE_UNAVAILABLE, "away");
  };
  EXPECT_EQ(Make(Planned(Add("a"))).epoch(), 2u);
}

}  // namespace
}  // namespace clockwise
