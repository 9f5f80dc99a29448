// Tests the counters of a ring, which start when this process first loads it.
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "tests/support/membership_fixture.h"

namespace clockwise {
namespace {

using CountersTest = MembershipTest;

uint64_t Changes(const RingState& state, ChangeKind kind) {
  return state.counters->changes[static_cast<size_t>(kind)];
}

uint64_t Locates(const RingState& state, const std::string& id) {
  return state.locates.Of(LowerBound(state.ring().nodes(), id));
}

void Count(const RingState& state, const std::string& id, uint64_t keys) {
  state.locates.Add(LowerBound(state.ring().nodes(), id), keys);
}

TEST_F(CountersTest, ChangesAreCountedByKind) {
  Make(Add("a"));
  Make(Many({Add("b"), Add("c")}));
  Make(Update(RequestNode("a", 2)));
  Make(Remove("a"));
  Make(Many({Remove("b"), Add("d")}));
  Make(Add("d"));  // changes nothing
  EXPECT_EQ(Changes(*State(), ChangeKind::kAdd), 2u);
  EXPECT_EQ(Changes(*State(), ChangeKind::kUpdate), 1u);
  EXPECT_EQ(Changes(*State(), ChangeKind::kRemove), 1u);
  EXPECT_EQ(Changes(*State(), ChangeKind::kMixed), 1u);
}

TEST_F(CountersTest, MovedRatioIsSummedUp) {
  double sum = 0;
  for (const char* id : {"a", "b", "c", "d"})
    sum += Make(Add(id)).comparison().moved_ratio();
  sum += Make(Remove("b")).comparison().moved_ratio();
  EXPECT_GT(sum, 1);
  EXPECT_DOUBLE_EQ(State()->counters->moved_ratio, sum);
}

TEST_F(CountersTest, ANodeKeepsItsLocatesFromEpochToEpoch) {
  Make(Many({Add("b"), Add("c")}));
  ASSERT_EQ(State()->locates.size(), 2u);
  Count(*State(), "b", 5);
  Count(*State(), "c", 7);
  const StatePtr old = State();
  Make(Many({Add("a"), Add("d"), Update(RequestNode("b", 3))}));
  ASSERT_EQ(State()->locates.size(), 4u);
  EXPECT_EQ(Locates(*State(), "a"), 0u);
  EXPECT_EQ(Locates(*State(), "b"), 5u);
  EXPECT_EQ(Locates(*State(), "c"), 7u);
  EXPECT_EQ(Locates(*State(), "d"), 0u);
  Make(Remove("b"));
  EXPECT_EQ(Locates(*State(), "c"), 7u);
  Count(*old, "c", 1);  // a call that still uses the old ring
  EXPECT_EQ(Locates(*State(), "c"), 8u);
}

TEST_F(CountersTest, ANodeThatComesInPlaceOfAnotherBeginsAtZero) {
  Make(Many({Add("a"), Add("b")}));
  Count(*State(), "a", 5);
  Count(*State(), "b", 7);
  Make(Remove("a"));
  Make(Add("c"));
  EXPECT_EQ(Locates(*State(), "c"), 0u);
  Count(*State(), "c", 2);
  EXPECT_EQ(Locates(*State(), "c"), 2u);
  EXPECT_EQ(Locates(*State(), "b"), 7u);
}

TEST_F(CountersTest, MoreNodesThanOneBlockHasAreCountedEachByItself) {
  std::vector<ChangeRequest> adds;
  for (int i = 0; i < 1500; ++i) adds.push_back(Add(absl::StrCat(1000 + i)));
  Make(Many(adds));
  for (size_t i = 0; i < 1500; ++i) State()->locates.Add(i, i);
  Make(Remove("1700"));
  Make(Many({Add("0"), Add("5000")}));
  for (size_t i = 1; i < 1500; ++i) {
    EXPECT_EQ(State()->locates.Of(i), i <= 700 ? i - 1 : i);
  }
  EXPECT_EQ(State()->locates.Of(0), 0u);
  EXPECT_EQ(State()->locates.Of(1500), 0u);
}

TEST_F(CountersTest, EachRingHasItsOwn) {
  v1::RingSpec spec;
  spec.set_name("other");
  ASSERT_TRUE(membership_->CreateRing(spec).ok());
  Make(Add("a"));
  const StatePtr other = membership_->Find("other").value();
  EXPECT_EQ(Changes(*other, ChangeKind::kAdd), 0u);
  EXPECT_EQ(other->counters->moved_ratio, 0);
}

TEST_F(CountersTest, ACatchingUpServerKeepsItsCounters) {
  Make(Add("a"));
  Count(*State(), "a", 3);
  const std::unique_ptr<Membership> other = Open(store_);
  ASSERT_TRUE(other->Apply(Add("b")).ok());
  Make(Add("c"));
  EXPECT_EQ(Locates(*State(), "a"), 3u);
  EXPECT_GE(Changes(*State(), ChangeKind::kAdd), 2u);
}

}  // namespace
}  // namespace clockwise
