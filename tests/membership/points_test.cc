// Tests that all rings together have a maximum number of points.
#include <memory>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "service/runtime/fail_point.h"
#include "tests/support/membership_fixture.h"
#include "tests/support/refusal_reading.h"

namespace clockwise {
namespace {

using ::testing::HasSubstr;

Membership* other_changes = nullptr;
absl::Status of_other;

ChangeRequest In(const std::string& ring, ChangeRequest request) {
  request.ring = ring;
  return request;
}

// Changes another ring while a change is being committed.
void ChangeOther(const char* point) {
  if (std::string(point) != "before_commit" || other_changes == nullptr) return;
  Membership& membership = *std::exchange(other_changes, nullptr);
  of_other = membership.Apply(In("other", Add("late"))).status();
}

class PointsTest : public MembershipTest {
 protected:
  // Each unit of weight has 8 points.
  static constexpr uint64_t kMost = 50;

  void SetUp() override {
    MembershipTest::SetUp();
    OpenWith(kMost);
    v1::RingSpec spec;
    spec.set_name("other");
    spec.set_virtual_node_count(8);
    ASSERT_TRUE(membership_->CreateRing(spec).ok());
    Make(In("other", Add(RequestNode("x", 3))));
    fail_point_hook = ChangeOther;
  }
  void TearDown() override { fail_point_hook = nullptr; }

  void OpenWith(uint64_t most) {
    Membership::Options options = OptionsFor(store_);
    options.max_points = most;
    auto opened = Membership::Open(std::move(options));
    ASSERT_TRUE(opened.ok()) << opened.status();
    membership_ = *std::move(opened);
  }

  void ExpectRefused(ChangeRequest request) {
    for (const bool validate_only : {true, false}) {
      request.validate_only = validate_only;
      const absl::Status status = Refused(request);
      EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_LIMIT_REACHED);
      EXPECT_THAT(std::string(status.message()), HasSubstr("--max-points"));
    }
  }
};

TEST_F(PointsTest, AllRingsTogetherHaveAMaximum) {
  Make(Add(RequestNode("a", 3)));
  ExpectRefused(Add("b"));
  ExpectRefused(Update(RequestNode("a", 4)));
  ExpectRefused(In("other", Add("b")));
  // The points of the other ring are free again.
  Make(In("other", Remove("x")));
  Make(Add(RequestNode("b", 3)));
}

TEST_F(PointsTest, RingsAboveAMaximumThatWasLoweredStayAndShrink) {
  Make(Add(RequestNode("a", 3)));
  OpenWith(10);
  EXPECT_EQ(State()->ring().slots(), 24u);
  ExpectRefused(Add("b"));
  Make(Update(RequestNode("a", 2)));
  Make(Remove("a"));
}

TEST_F(PointsTest, ChangesOfTwoRingsAtOnceDoNotExceedIt) {
  other_changes = membership_.get();
  // Each of the two fits, both do not.
  Make(Add(RequestNode("a", 3)));
  EXPECT_EQ(ReasonOf(of_other), v1::ERROR_REASON_LIMIT_REACHED);
}

}  // namespace
}  // namespace clockwise
