// Tests that a delta applied to the old nodes results in the new nodes.
#include <cstdint>
#include <memory>
#include <random>
#include <string>

#include "gmock/gmock.h"
#include "service/ring/compare.h"
#include "tests/membership/random_history.h"
#include "tests/support/membership_fixture.h"

namespace clockwise {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using DeltaTest = MembershipTest;

std::string Bytes(const NodeList& nodes) {
  std::string bytes;
  for (const NodePtr& node : nodes) bytes += BytesOf(*node) + "\n";
  return bytes;
}

void ExpectLeadsFrom(const RingState& state, uint64_t from) {
  const MeasuredRing then = RingAt(state, from, "epoch").value();
  const v1::Delta delta = DeltaSince(state, from, true).value();
  EXPECT_EQ(delta.from_epoch(), from);
  EXPECT_EQ(delta.epoch(), state.epoch);
  EXPECT_EQ(delta.incarnation(), state.incarnation);
  EXPECT_EQ(delta.fingerprint(), state.ring().fingerprint());
  NodeChanges changes;
  std::string last;
  for (const v1::Node& node : delta.upserted()) {
    EXPECT_LT(last, node.id());
    last = node.id();
    changes[node.id()] = std::make_shared<const v1::Node>(node);
  }
  last.clear();
  for (const std::string& id : delta.removed_ids()) {
    EXPECT_LT(last, id);
    last = id;
    EXPECT_NE(FindNode(then.ring->nodes(), id), nullptr) << id;
    changes[id] = nullptr;
  }
  EXPECT_EQ(Bytes(WithChanges(then.ring->nodes(), changes)),
            Bytes(state.ring().nodes()));
  const Comparison compared =
      Compare(*then.ring, then.ownership, state.ring(),
              state.measured.ownership, limits::kMaxMoves);
  ASSERT_EQ(delta.moves_size(), static_cast<int>(compared.moves.size()));
  for (int i = 0; i < delta.moves_size(); ++i) {
    EXPECT_EQ(BytesOf(delta.moves(i)), BytesOf(compared.moves[i]));
  }
}

TEST_F(DeltaTest, AppliedToTheNodesOfThenGivesTheNodesOfNow) {
  for (uint64_t seed : {11, 12, 13, 14}) {
    std::mt19937_64 random(seed);
    Reopen(seed == 14 ? 9 : 1000);
    for (int i = 0; i < 25; ++i) {
      (void)membership_->Apply(RandomChange(random, State()->ring().nodes()));
    }
    const StatePtr state = State();
    const uint64_t oldest = state->epoch - state->history.size();
    for (uint64_t from = oldest; from <= state->epoch; ++from) {
      ExpectLeadsFrom(*state, from);
    }
  }
}

TEST_F(DeltaTest, WhatCameAndWentInBetweenDoesNotAppear) {
  Make(Add("a"));
  Make(Add("passing"));
  Make(Update(RequestNode("passing", 3)));
  Make(Remove("passing"));
  Make(Add("b"));
  const v1::Delta delta = DeltaSince(*State(), 2, false).value();
  ASSERT_EQ(delta.upserted_size(), 1);
  EXPECT_EQ(delta.upserted(0).id(), "b");
  EXPECT_THAT(delta.removed_ids(), IsEmpty());
}

TEST_F(DeltaTest, AChangedAndThenRemovedNodeIsOnlyRemoved) {
  Make(Add("a"));
  Make(Update(RequestNode("a", 3)));
  Make(Remove("a"));
  const v1::Delta delta = DeltaSince(*State(), 2, false).value();
  EXPECT_THAT(delta.upserted(), IsEmpty());
  EXPECT_THAT(delta.removed_ids(), ElementsAre("a"));
}

// A delta has the nodes that were added or changed. Between these two epochs,
// the node has not changed.
TEST_F(DeltaTest, WhatChangedThereAndBackDoesNotAppear) {
  Make(Many({Add("a"), Add("b")}));
  Make(Update(RequestNode("a", 3)));
  Make(Update(RequestNode("a", 1)));
  const v1::Delta delta = DeltaSince(*State(), 2, false).value();
  EXPECT_THAT(delta.upserted(), IsEmpty());
  EXPECT_THAT(delta.removed_ids(), IsEmpty());
}

TEST_F(DeltaTest, FromTheNewestEpochIsEmpty) {
  Make(Add("a"));
  const v1::Delta delta = DeltaSince(*State(), 2, true).value();
  EXPECT_EQ(delta.from_epoch(), 2u);
  EXPECT_EQ(delta.epoch(), 2u);
  EXPECT_THAT(delta.upserted(), IsEmpty());
  EXPECT_THAT(delta.removed_ids(), IsEmpty());
  EXPECT_THAT(delta.moves(), IsEmpty());
}

TEST_F(DeltaTest, HasMovesOnlyIfAsked) {
  Make(Add("a"));
  Make(Add("b"));
  EXPECT_THAT(DeltaSince(*State(), 2, false).value().moves(), IsEmpty());
  EXPECT_FALSE(DeltaSince(*State(), 2, true).value().moves().empty());
}

}  // namespace
}  // namespace clockwise
