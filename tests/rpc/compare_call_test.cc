// Tests that a comparison of epochs has the budget of a plan, and ends with its
// call.
#include <memory>
#include <string>
#include <vector>

#include "service/ring/work_budget.h"
#include "service/rpc/requests.h"
#include "tests/support/membership_fixture.h"

namespace clockwise {
namespace {

// A PARTITIONED ring whose epochs 2 and 3 have so different tables that the
// minimum between them needs many steps.
class CompareCallTest : public MembershipTest {
 protected:
  void SetUp() override {
    membership_ = Open(store_);
    v1::RingSpec spec;
    spec.set_layout(v1::LAYOUT_PARTITIONED);
    spec.set_partition_bits(14);
    spec.set_replica_count(3);
    ASSERT_TRUE(membership_->CreateRing(spec).ok());
    std::vector<ChangeRequest> adds;
    std::vector<ChangeRequest> updates;
    for (int i = 0; i < 60; ++i) {
      const std::string id = "n" + std::to_string(i);
      adds.push_back(Add(id));
      if (i % 2 == 0) {
        updates.push_back(
            Update(RequestNode(id, 2 + i % 7, "z" + std::to_string(i % 5)),
                   {"weight", "zone"}));
      }
    }
    Make(Many(adds));
    Make(Many(updates));
    request_.set_from_epoch(2);
    request_.set_to_epoch(3);
  }

  v1::CompareEpochsRequest request_;
  int checks_ = 0;
};

TEST_F(CompareCallTest, AComparisonEndsWithItsCall) {
  int last = 1 << 30;  // the check at which the call has ended
  const CallCheck check = [&](CallStage) {
    return ++checks_ < last ? absl::OkStatus() : absl::CancelledError("ended");
  };
  ASSERT_TRUE(HandleRequest(*membership_, request_, check).ok());
  ASSERT_GT(checks_, 3);
  checks_ = 0;
  last = 3;  // while the minimum is computed
  EXPECT_TRUE(
      absl::IsCancelled(HandleRequest(*membership_, request_, check).status()));
  EXPECT_EQ(checks_, 3);
}

TEST_F(CompareCallTest, AComparisonBeyondTheBudgetHasALowerBound) {
  const auto exact = HandleRequest(*membership_, request_);
  ASSERT_TRUE(exact.ok());
  Membership::Options options = OptionsFor(store_);
  options.plan_steps = WorkBudget::kStepsPerCheck;
  membership_ = Membership::Open(options).value();
  const auto bounded = HandleRequest(*membership_, request_);
  ASSERT_TRUE(bounded.ok()) << bounded.status();
  EXPECT_EQ(bounded->comparison().moved_ratio(),
            exact->comparison().moved_ratio());
  EXPECT_GT(bounded->comparison().minimum_moved_ratio(), 0);
  EXPECT_LT(bounded->comparison().minimum_moved_ratio(),
            exact->comparison().minimum_moved_ratio());
}

}  // namespace
}  // namespace clockwise
