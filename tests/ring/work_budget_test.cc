#include "service/ring/work_budget.h"

#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "service/api/refusal.h"
#include "service/ring/compare.h"
#include "service/ring/next_ring.h"
#include "tests/ring/partition_history.h"

namespace clockwise {
namespace {

TEST(WorkBudgetTest, WithoutALimitItNeverEnds) {
  WorkBudget budget;
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(budget.Spend(1'000'000'000));
  EXPECT_TRUE(budget.status().ok());
  EXPECT_EQ(budget.spent(), 100'000'000'000u);
}

TEST(WorkBudgetTest, ItEndsAtTheFirstStepAboveTheLimit) {
  for (const uint64_t limit : {uint64_t{0}, uint64_t{1}, uint64_t{1000},
                               3 * WorkBudget::kStepsPerCheck}) {
    WorkBudget budget(limit);
    for (uint64_t i = 0; i < limit; ++i) ASSERT_TRUE(budget.Spend(1)) << limit;
    EXPECT_FALSE(budget.ended());
    EXPECT_FALSE(budget.Spend(1));
    EXPECT_FALSE(budget.Spend(0)) << "it does not start again";
    EXPECT_EQ(ReasonOf(budget.status()), v1::ERROR_REASON_LIMIT_REACHED);
    EXPECT_NE(budget.status().message().find("split it into several changes"),
              std::string::npos);
  }
}

TEST(WorkBudgetTest, ItAsksForTheStopAtOnceAndThenAtIntervals) {
  int asked = 0;
  bool stop = false;
  WorkBudget budget(WorkBudget::kUnlimited,
                    [&] { return ++asked > 0 && stop; });
  EXPECT_TRUE(budget.Spend(1));
  EXPECT_EQ(asked, 1);
  for (uint64_t i = 0; i < 10 * WorkBudget::kStepsPerCheck; ++i) {
    ASSERT_TRUE(budget.Spend(1));
  }
  EXPECT_EQ(asked, 11);
  stop = true;
  uint64_t steps = 0;
  while (budget.Spend(1)) ++steps;
  EXPECT_LE(steps, WorkBudget::kStepsPerCheck);
  EXPECT_EQ(budget.status().code(), absl::StatusCode::kCancelled);
}

// A ring of 200 nodes, and the nodes of a change of half of them, which needs
// many exchanges.
struct LargeChange {
  RingPtr before;
  NodeList after;
};

LargeChange MakeLargeChange() {
  Nodes nodes = NewNodes(200);
  for (uint32_t i = 0; i < nodes.size(); ++i) {
    nodes[i].set_zone(absl::StrCat("zone-", i % 10));
  }
  LargeChange change;
  change.before = FirstRing(13, 3, nodes);
  for (uint32_t i = 0; i < nodes.size(); i += 2) {
    nodes[i].set_weight(1 + i % 7);
    nodes[i].set_zone(absl::StrCat("zone-", i % 3));
  }
  change.after = ListOf(nodes);
  return change;
}

TEST(WorkBudgetTest, AStopEndsAPlanWhereverItHappens) {
  const LargeChange change = MakeLargeChange();
  uint64_t checks = 0;
  WorkBudget whole(WorkBudget::kUnlimited, [&] {
    ++checks;
    return false;
  });
  const auto expected = NextRing(*change.before, change.after, nullptr, &whole);
  ASSERT_TRUE(expected.ok());
  ASSERT_GT(checks, 3u);
  for (uint64_t at = 1; at <= checks; ++at) {
    uint64_t asked = 0;
    WorkBudget stopped(WorkBudget::kUnlimited, [&] { return ++asked == at; });
    const auto ring = NextRing(*change.before, change.after, nullptr, &stopped);
    EXPECT_EQ(ring.status().code(), absl::StatusCode::kCancelled) << at;
    EXPECT_EQ(asked, at) << "it ends at once";
  }
}

TEST(WorkBudgetTest, ThePlanFailsExactlyIfItNeedsMoreStepsThanTheLimit) {
  const LargeChange change = MakeLargeChange();
  const uint64_t fingerprint = change.before->fingerprint();
  WorkBudget whole;
  const auto expected = NextRing(*change.before, change.after, nullptr, &whole);
  ASSERT_TRUE(expected.ok());
  const uint64_t needed = whole.spent();
  WorkBudget enough(needed);
  const auto again = NextRing(*change.before, change.after, nullptr, &enough);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ((*again)->fingerprint(), (*expected)->fingerprint());
  EXPECT_EQ(enough.spent(), needed);
  for (uint64_t limit = 0; limit < needed; limit += 1 + needed / 50) {
    WorkBudget budget(limit);
    const auto ring = NextRing(*change.before, change.after, nullptr, &budget);
    EXPECT_EQ(ReasonOf(ring.status()), v1::ERROR_REASON_LIMIT_REACHED) << limit;
  }
  WorkBudget less(needed - 1);
  EXPECT_FALSE(NextRing(*change.before, change.after, nullptr, &less).ok());
  EXPECT_EQ(change.before->fingerprint(), fingerprint);
}

TEST(WorkBudgetTest, AComparisonWithoutBudgetReportsTheBoundOfTheShares) {
  const LargeChange change = MakeLargeChange();
  const RingPtr after = FollowedBy(change.before, change.after);
  const Ownership was = Measure(*change.before);
  const Ownership is = Measure(*after);
  const Comparison exact = Compare(*change.before, was, *after, is, 0);
  WorkBudget none(0);
  const Comparison bound =
      Compare(*change.before, was, *after, is, 0, Relation::kAny, &none);
  EXPECT_EQ(exact.minimum_moved_ratio, exact.moved_ratio);
  EXPECT_LT(bound.minimum_moved_ratio, exact.minimum_moved_ratio);
  EXPECT_EQ(bound.moved_ratio, exact.moved_ratio);
}

}  // namespace
}  // namespace clockwise
