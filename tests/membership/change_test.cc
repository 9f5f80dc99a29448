// Tests adding and removing single nodes.
#include <cstdint>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "service/ring/balance.h"
#include "service/ring/compare.h"
#include "tests/support/membership_fixture.h"
#include "tests/support/refusal_reading.h"

namespace clockwise {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Code = absl::StatusCode;

TEST_F(MembershipTest, ANewRingIsAtEpochOne) {
  EXPECT_EQ(Epoch(), 1u);
  EXPECT_THAT(State()->history, IsEmpty());
  EXPECT_THAT(Ids(), IsEmpty());
}

TEST_F(MembershipTest, EpochsAreDenseFromOne) {
  for (uint64_t i = 0; i < 20; ++i) {
    EXPECT_EQ(Make(Add("node-" + std::to_string(i))).epoch(), i + 2);
    EXPECT_EQ(Epoch(), i + 2);
  }
  for (uint64_t i = 0; i < 20; ++i) {
    EXPECT_EQ(Make(Remove("node-" + std::to_string(i))).epoch(), i + 22);
  }
  EXPECT_EQ(State()->history.size(), 40u);
  for (size_t i = 0; i < 40; ++i) {
    EXPECT_EQ(State()->history[i]->change().epoch(), i + 2);
  }
}

TEST_F(MembershipTest, AnAddedNodeIsThereWithItsDefaults) {
  v1::Node node;
  node.set_id("a");
  node.set_ordinal(99);
  node.set_address("10.0.0.1:80");
  (*node.mutable_labels())["rack"] = "7";
  Make(Add(node));
  EXPECT_EQ(Node("a").weight(), 1u);
  EXPECT_EQ(Node("a").hash_key(), "a");
  EXPECT_EQ(Node("a").address(), "10.0.0.1:80");
  EXPECT_EQ(Node("a").labels().at("rack"), "7");
  EXPECT_NE(Node("a").ordinal(), 99u);
}

TEST_F(MembershipTest, AChangeTellsWhatItDid) {
  Make(Add("b"));
  const StatePtr before = State();
  ChangeRequest request = Add(RequestNode("a", 2));
  request.actor = "alice";
  request.reason = "more room";
  request.request_id = "r-1";
  const v1::Change change = Make(request);
  EXPECT_EQ(change.epoch(), 3u);
  EXPECT_EQ(change.incarnation(), State()->incarnation);
  EXPECT_EQ(change.fingerprint(), State()->ring().fingerprint());
  EXPECT_EQ(change.accept_time().seconds(), 1'700'000'000);
  EXPECT_EQ(change.actor(), "alice");
  EXPECT_EQ(change.reason(), "more room");
  EXPECT_EQ(change.request_id(), "r-1");
  ASSERT_EQ(change.upserted_size(), 1);
  EXPECT_EQ(BytesOf(change.upserted(0)), BytesOf(Node("a")));
  EXPECT_THAT(change.removed_ids(), IsEmpty());
  EXPECT_THAT(change.comparison().moves(), IsEmpty());
  EXPECT_EQ(BytesOf(change.comparison().balance_before()),
            BytesOf(before->measured.balance));
  EXPECT_EQ(BytesOf(change.comparison().balance_after()),
            BytesOf(State()->measured.balance));
  EXPECT_EQ(BytesOf(change.comparison().primary_balance_before()),
            BytesOf(before->measured.primary_balance));
  EXPECT_EQ(BytesOf(change.comparison().primary_balance_after()),
            BytesOf(State()->measured.primary_balance));
}

TEST_F(MembershipTest, AChangesFiguresAreThoseOfTheComparison) {
  for (const char* id : {"a", "b", "c"}) Make(Add(id));
  const StatePtr before = State();
  ChangeRequest request = Add("d");
  request.include_moves = true;
  const v1::Change change = Make(request);
  const Comparison compared =
      Compare(before->ring(), before->measured.ownership, State()->ring(),
              State()->measured.ownership, limits::kMaxMoves);
  EXPECT_EQ(change.comparison().moved_ratio(), compared.moved_ratio);
  EXPECT_EQ(change.comparison().minimum_moved_ratio(),
            compared.minimum_moved_ratio);
  EXPECT_FALSE(change.comparison().moves_truncated());
  ASSERT_EQ(change.comparison().moves_size(),
            static_cast<int>(compared.moves.size()));
  for (int i = 0; i < change.comparison().moves_size(); ++i) {
    EXPECT_EQ(BytesOf(change.comparison().moves(i)),
              BytesOf(compared.moves[i]));
  }
}

TEST_F(MembershipTest, TheFirstNodeMovesOneAndTheLastMovesNothing) {
  EXPECT_EQ(Make(Add("a")).comparison().moved_ratio(), 1);
  const v1::Change last = Make(Remove("a"));
  EXPECT_EQ(last.comparison().moved_ratio(), 0);
  EXPECT_THAT(last.removed_ids(), ElementsAre("a"));
  EXPECT_THAT(Ids(), IsEmpty());
  EXPECT_EQ(last.comparison().balance_after().peak_to_mean(), 0);
}

TEST_F(MembershipTest, AddingTheIdenticalNodeIsOkAndNoNewEpoch) {
  Make(Add("a"));
  const int writes = store_.writes;
  v1::Node same = RequestNode("a");
  same.clear_weight();  // means 1
  same.set_hash_key("a");
  same.set_ordinal(12345);  // ignored
  for (const v1::Node& node : {RequestNode("a"), same}) {
    ChangeRequest request = Add(node);
    request.reason = "again";
    const v1::Change change = Make(request);
    EXPECT_EQ(change.epoch(), 2u);
    EXPECT_EQ(change.incarnation(), State()->incarnation);
    EXPECT_EQ(change.fingerprint(), State()->ring().fingerprint());
    EXPECT_EQ(change.comparison().moved_ratio(), 0);
    EXPECT_THAT(change.upserted(), IsEmpty());
  }
  EXPECT_EQ(Epoch(), 2u);
  EXPECT_EQ(store_.writes, writes);
  EXPECT_EQ(State()->history.size(), 1u);
}

TEST_F(MembershipTest, AddingADifferentNodeWithThatIdIsRefused) {
  v1::Node node = RequestNode("a");
  (*node.mutable_labels())["x"] = "1";
  Make(Add(node));
  std::vector<v1::Node> others(5, node);
  others[0].set_weight(2);
  others[1].set_zone("z");
  others[2].set_address("elsewhere");
  others[3].set_hash_key("b");
  (*others[4].mutable_labels())["x"] = "2";
  for (const v1::Node& other : others) {
    ExpectRefusal(Refused(Add(other)), Code::kAlreadyExists,
                  v1::ERROR_REASON_NODE_EXISTS);
  }
}

TEST_F(MembershipTest, RemovingAnUnknownNodeIsNotFound) {
  Make(Add("a"));
  for (const char* id : {"b", "A", "a/"}) {
    ExpectRefusal(Refused(Remove(id)), Code::kNotFound,
                  v1::ERROR_REASON_NODE_NOT_FOUND);
  }
  Make(Remove("a"));
  ExpectRefusal(Refused(Remove("a")), Code::kNotFound,
                v1::ERROR_REASON_NODE_NOT_FOUND);
}

TEST_F(MembershipTest, ANodeThatComesBackGetsItsRingBack) {
  for (const char* id : {"a", "b", "c"}) Make(Add(id));
  const uint64_t fingerprint = State()->ring().fingerprint();
  Make(Remove("b"));
  EXPECT_NE(State()->ring().fingerprint(), fingerprint);
  Make(Add("b"));
  EXPECT_EQ(State()->ring().fingerprint(), fingerprint);
  EXPECT_EQ(Epoch(), 6u);
}

TEST_F(MembershipTest, OrdinalsRiseInTheOrderOfJoining) {
  uint64_t last = 0;
  for (const char* id : {"m", "a", "z", "b"}) {
    Make(Add(id));
    EXPECT_GT(Node(id).ordinal(), last) << id;
    last = Node(id).ordinal();
  }
  const uint64_t of_a = Node("a").ordinal();
  Make(Update(RequestNode("a", 7)));
  EXPECT_EQ(Node("a").ordinal(), of_a);
  Make(Remove("a"));
  Make(Add("a"));
  EXPECT_GT(Node("a").ordinal(), last);
}

TEST_F(MembershipTest, AnExpectedEpochThatHasPassedIsAConflict) {
  Make(Add("a"));
  ChangeRequest request = Add("b");
  for (uint64_t epoch : {uint64_t{1}, uint64_t{3}, ~uint64_t{0}}) {
    request.expected_epoch = epoch;
    for (bool only : {false, true}) {
      request.validate_only = only;
      ExpectRefusal(Refused(request), Code::kAborted,
                    v1::ERROR_REASON_EPOCH_CONFLICT);
    }
  }
  request.validate_only = false;
  request.expected_epoch = 2;
  EXPECT_EQ(Make(request).epoch(), 3u);
}

TEST_F(MembershipTest, AnUnknownRingIsNotFound) {
  ChangeRequest request = Add("a");
  request.ring = "nowhere";
  ExpectRefusal(Refused(request), Code::kNotFound,
                v1::ERROR_REASON_RING_NOT_FOUND);
  ExpectRefusal(membership_->Find("nowhere").status(), Code::kNotFound,
                v1::ERROR_REASON_RING_NOT_FOUND);
}

TEST_F(MembershipTest, APointTooManyIsRefusedAndLeavesTheRing) {
  v1::RingSpec spec;
  spec.set_name("big");
  spec.set_virtual_node_count(65'536);
  ASSERT_TRUE(membership_->CreateRing(spec).ok());
  ChangeRequest request = Add(RequestNode("a", 257));
  request.ring = "big";
  ExpectRefusal(membership_->Apply(request).status(), Code::kResourceExhausted,
                v1::ERROR_REASON_LIMIT_REACHED);
  EXPECT_EQ(membership_->Find("big").value()->epoch, 1u);
}

}  // namespace
}  // namespace clockwise
