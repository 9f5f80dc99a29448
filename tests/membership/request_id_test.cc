// Tests that a repeated request_id returns the first reply, and applies the
// change once.
#include <algorithm>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "tests/support/membership_fixture.h"
#include "tests/support/refusal_reading.h"

namespace clockwise {
namespace {

using ::testing::ElementsAre;
using RequestIdTest = MembershipTest;
using Code = absl::StatusCode;

ChangeRequest Named(ChangeRequest request, const std::string& id) {
  request.request_id = id;
  request.include_moves = true;
  return request;
}

TEST_F(RequestIdTest, ATrueRetryGetsTheFirstAnswerMovesIncluded) {
  Make(Many({Add("a"), Add("b")}));
  const ChangeRequest request = Named(Add("c"), "r");
  const v1::Change first = Make(request);
  ASSERT_GT(first.comparison().moves_size(), 0);
  now_ += absl::Hours(1);
  const int writes = store_.writes;
  EXPECT_EQ(Make(request).DebugString(), first.DebugString());
  EXPECT_EQ(store_.writes, writes);
  EXPECT_EQ(Epoch(), 3u);
}

TEST_F(RequestIdTest, ATrueRetryGetsTheFirstAnswerAfterLaterChanges) {
  Make(Many({Add("a"), Add("b")}));
  const std::vector<ChangeRequest> requests = {
      Named(Add(RequestNode("c", 2)), "1"),
      Named(Update(RequestNode("a", 3)), "2"),
      Named(Remove("b"), "3"),
      Named(Many({Add("b"), Remove("c")}), "4"),
      Named(Remove("a"), "5"),
      Named(Remove("b"), "6")};
  std::vector<v1::Change> answers;
  for (const ChangeRequest& request : requests)
    answers.push_back(Make(request));
  const std::string picture = Picture();
  for (int round = 0; round < 2; ++round) {
    for (size_t i = 0; i < requests.size(); ++i) {
      EXPECT_EQ(Make(requests[i]).DebugString(), answers[i].DebugString());
    }
    EXPECT_EQ(Picture(), picture);
    Reopen();
  }
}

TEST_F(RequestIdTest, ATrueRetryGetsItsAnswerThoughItsExpectedEpochPassed) {
  ChangeRequest request = Named(Add("a"), "r");
  request.expected_epoch = 1;
  const v1::Change first = Make(request);
  Make(Add("b"));
  EXPECT_EQ(Make(request).DebugString(), first.DebugString());
  Reopen();
  EXPECT_EQ(Make(request).DebugString(), first.DebugString());
}

TEST_F(RequestIdTest, ATrueRetryIsNotRefusedForWhatIsNowTrue) {
  const ChangeRequest add = Named(Add("a"), "add");
  Make(add);
  const ChangeRequest remove = Named(Remove("a"), "remove");
  Make(remove);
  EXPECT_EQ(Make(remove).epoch(), 3u);  // not NODE_NOT_FOUND
  Make(Add(RequestNode("a", 2)));
  EXPECT_EQ(Make(add).epoch(), 2u);  // not NODE_EXISTS
  EXPECT_EQ(Node("a").weight(), 2u);
}

TEST_F(RequestIdTest, ReusedWithAnotherBodyIsRefused) {
  const ChangeRequest request = Named(Add("a"), "r");
  Make(request);
  for (const ChangeRequest& other :
       {Add("b"), Add(RequestNode("a", 2)), Remove("a"),
        Update(RequestNode("a", 2)), Many({Add("a"), Add("b")})}) {
    ExpectRefusal(Refused(Named(other, "r")), Code::kInvalidArgument,
                  v1::ERROR_REASON_REQUEST_ID_REUSED);
  }
  Reopen();
  ExpectRefusal(Refused(Named(Add("b"), "r")), Code::kInvalidArgument,
                v1::ERROR_REASON_REQUEST_ID_REUSED);
  EXPECT_EQ(Make(request).epoch(), 2u);
}

// A retry sends the same message again, but maps have no order on the wire.
TEST_F(RequestIdTest, TheOrderOfLabelsIsNotTheBody) {
  std::vector<std::string> keys;
  for (int i = 0; i < 40; ++i) keys.push_back("label-" + std::to_string(i));
  const auto labelled = [&] {
    v1::Node node = RequestNode("a");
    for (const std::string& key : keys) (*node.mutable_labels())[key] = "v";
    return Named(Add(node), "r");
  };
  Make(labelled());
  for (int i = 0; i < 10; ++i) {
    std::rotate(keys.begin(), keys.begin() + 7, keys.end());
    std::reverse(keys.begin(), keys.end());
    EXPECT_EQ(Make(labelled()).epoch(), 2u);
  }
}

TEST_F(RequestIdTest, WhatChangedNothingOrWasRefusedDoesNotUseItUp) {
  Make(Add("a"));
  EXPECT_EQ(Make(Named(Add("a"), "r")).epoch(), 2u);
  EXPECT_FALSE(Refused(Named(Remove("x"), "r")).ok());
  EXPECT_EQ(Make(Named(Add("b"), "r")).epoch(), 3u);
}

TEST_F(RequestIdTest, NoRequestIdIsNeverARetry) {
  Make(Add("a"));
  Make(Remove("a"));
  EXPECT_EQ(Make(Add("a")).epoch(), 4u);
  EXPECT_EQ(Make(Remove("a")).epoch(), 5u);
}

TEST_F(RequestIdTest, EachRingHasItsOwn) {
  v1::RingSpec spec;
  spec.set_name("second");
  ASSERT_TRUE(membership_->CreateRing(spec).ok());
  Make(Named(Add("a"), "r"));
  ChangeRequest other = Named(Add("b"), "r");
  other.ring = "second";
  EXPECT_EQ(Make(other).epoch(), 2u);
}

TEST_F(RequestIdTest, IsKeptAsLongAsHistoryIs) {
  Reopen(3);
  Make(Add("z"));
  const ChangeRequest request = Named(Add("a"), "r");
  const v1::Change first = Make(request);
  Make(Add("b"));
  Make(Add("c"));
  EXPECT_EQ(Make(request).DebugString(), first.DebugString());
  Reopen(3);
  EXPECT_EQ(Make(request).DebugString(), first.DebugString());
  Make(Add("d"));  // the oldest of three is dropped
  EXPECT_EQ(Make(Named(Add("e"), "r")).epoch(), 7u);
}

// The commit was made, but its reply was lost.
TEST_F(RequestIdTest, ALostAnswerIsFoundAgainAndTheChangeMadeOnce) {
  Make(Add("a"));
  store_.after = [] {
    return Refusal(v1::ERROR_REASON_STORE_UNAVAILABLE, "connection lost");
  };
  ChangeRequest request = Named(Add("b"), "r");
  request.expected_epoch = 2;
  ExpectRefusal(membership_->Apply(request).status(), Code::kUnavailable,
                v1::ERROR_REASON_STORE_UNAVAILABLE);
  store_.after = nullptr;
  const v1::Change answer = Make(request);
  EXPECT_EQ(answer.epoch(), 3u);
  EXPECT_GT(answer.comparison().moves_size(), 0);
  EXPECT_EQ(Epoch(), 3u);
  EXPECT_THAT(Ids(), ElementsAre("a", "b"));
  EXPECT_EQ(memory_.Load("default").value().head.epoch, 3u);
}

}  // namespace
}  // namespace clockwise
