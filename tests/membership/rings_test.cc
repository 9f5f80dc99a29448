// Tests several rings: created, found, deleted, and created again.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "tests/support/delete_ring.h"
#include "tests/support/membership_fixture.h"
#include "tests/support/refusal_reading.h"

namespace clockwise {
namespace {

using ::testing::ElementsAre;
using RingsTest = MembershipTest;
using Code = absl::StatusCode;

v1::RingSpec Spec(const std::string& name, uint32_t virtual_nodes = 0) {
  v1::RingSpec spec;
  spec.set_name(name);
  spec.set_virtual_node_count(virtual_nodes);
  return spec;
}

TEST_F(RingsTest, ACreatedRingIsEmptyAtEpochOneWithItsDefaults) {
  const StatePtr state = membership_->CreateRing(Spec("cache")).value();
  EXPECT_EQ(state->name(), "cache");
  EXPECT_EQ(state->epoch, 1u);
  EXPECT_EQ(state->ring().spec().virtual_node_count(), 160u);
  EXPECT_EQ(state->ring().spec().layout(), v1::LAYOUT_HASHED);
  EXPECT_TRUE(state->ring().nodes().empty());
  EXPECT_EQ(membership_->Find("cache").value(), state);
  const v1::RingInfo info = InfoOf(*state);
  EXPECT_EQ(info.epoch(), 1u);
  EXPECT_EQ(info.incarnation(), state->incarnation);
  EXPECT_EQ(info.fingerprint(), state->ring().fingerprint());
  EXPECT_EQ(info.node_count(), 0u);
  EXPECT_EQ(info.spec().name(), "cache");
}

TEST_F(RingsTest, CreatingARingAgainWithTheSameSpecIsOk) {
  const StatePtr made = membership_->CreateRing(Spec("cache")).value();
  ChangeRequest request = Add("a");
  request.ring = "cache";
  Make(request);
  const int writes = store_.writes;
  for (const v1::RingSpec& same : {Spec("cache"), Spec("cache", 160)}) {
    const StatePtr again = membership_->CreateRing(same).value();
    EXPECT_EQ(again->incarnation, made->incarnation);
    EXPECT_EQ(again->epoch, 2u);
  }
  EXPECT_EQ(store_.writes, writes);
}

TEST_F(RingsTest, CreatingARingAgainWithAnotherSpecIsRefused) {
  ASSERT_TRUE(membership_->CreateRing(Spec("cache")).ok());
  v1::RingSpec layout = Spec("cache"), replicas = Spec("cache");
  layout.set_layout(v1::LAYOUT_MODULO);
  replicas.set_replica_count(2);
  for (const v1::RingSpec& other : {Spec("cache", 161), layout, replicas}) {
    ExpectRefusal(membership_->CreateRing(other).status(), Code::kAlreadyExists,
                  v1::ERROR_REASON_RING_EXISTS);
  }
}

TEST_F(RingsTest, AnInvalidSpecIsRefused) {
  ExpectFieldRefusal(membership_->CreateRing(Spec("a b")).status(),
                     "spec.name");
  ExpectFieldRefusal(membership_->CreateRing(Spec("a", 65'537)).status(),
                     "spec.virtual_node_count", "65536");
  EXPECT_EQ(membership_->Rings().size(), 1u);
}

TEST_F(RingsTest, RingsAreListedByName) {
  for (const char* name : {"z", "b", "a/b", "Z"}) {
    ASSERT_TRUE(membership_->CreateRing(Spec(name)).ok());
  }
  std::vector<std::string> names;
  for (const StatePtr& state : membership_->Rings()) {
    names.push_back(state->name());
  }
  EXPECT_THAT(names, ElementsAre("Z", "a/b", "b", "default", "z"));
}

TEST_F(RingsTest, RingsDoNotTouchEachOther) {
  ASSERT_TRUE(membership_->CreateRing(Spec("other")).ok());
  const std::string picture = Picture();
  ChangeRequest request = Add("a");
  request.ring = "other";
  Make(request);
  EXPECT_EQ(Picture(), picture);
  EXPECT_EQ(membership_->Find("other").value()->epoch, 2u);
}

TEST_F(RingsTest, ADeletedRingIsGoneAndItsListenerTold) {
  ASSERT_TRUE(membership_->CreateRing(Spec("cache")).ok());
  std::vector<std::string> told;
  membership_->Listen([&](const std::string& ring) {
    told.push_back(ring);
    EXPECT_FALSE(membership_->Find(ring).ok());
  });
  ASSERT_TRUE(DeleteRing(*membership_, "cache").ok());
  EXPECT_THAT(told, ElementsAre("cache"));
  ExpectRefusal(DeleteRing(*membership_, "cache"), Code::kNotFound,
                v1::ERROR_REASON_RING_NOT_FOUND);
  Reopen();
  ExpectRefusal(membership_->Find("cache").status(), Code::kNotFound,
                v1::ERROR_REASON_RING_NOT_FOUND);
  EXPECT_EQ(membership_->Rings().size(), 1u);
}

// DeleteRingRequest.ring is required, so that a missing name does not delete
// "default".
TEST_F(RingsTest, DeletingWantsAName) {
  ExpectFieldRefusal(DeleteRing(*membership_, ""), "ring");
  ExpectFieldRefusal(DeleteRing(*membership_, "a b"), "ring");
  EXPECT_EQ(membership_->Rings().size(), 1u);
}

TEST_F(RingsTest, ARingMadeAnewHasAnotherIncarnationAndNoHistory) {
  ChangeRequest request = Add("a");
  request.request_id = "r";
  Make(request);
  const uint64_t incarnation = State()->incarnation;
  ASSERT_TRUE(DeleteRing(*membership_, "default").ok());
  ASSERT_TRUE(membership_->CreateRing(Spec("default", 8)).ok());
  EXPECT_NE(State()->incarnation, incarnation);
  EXPECT_EQ(Epoch(), 1u);
  EXPECT_TRUE(State()->history.empty());
  EXPECT_EQ(Make(request).epoch(), 2u);
  EXPECT_THAT(Ids(), ElementsAre("a"));
}

TEST_F(RingsTest, ACreatedRingIsDurableBeforeItIsVisible) {
  std::vector<bool> found;
  const auto look = [&] {
    found.push_back(membership_->Find("cache").ok());
    return absl::OkStatus();
  };
  store_.before = look;
  store_.after = look;
  ASSERT_TRUE(membership_->CreateRing(Spec("cache")).ok());
  EXPECT_THAT(found, ElementsAre(false, false));
  ASSERT_TRUE(DeleteRing(*membership_, "cache").ok());
  EXPECT_THAT(found, ElementsAre(false, false, true, true));
}

TEST_F(RingsTest, AFailedStoreMakesAndDeletesNoRing) {
  ASSERT_TRUE(membership_->CreateRing(Spec("cache")).ok());
  store_.before = [] {
    return Refusal(v1::ERROR_REASON_STORE_UNAVAILABLE, "away");
  };
  EXPECT_EQ(ReasonOf(membership_->CreateRing(Spec("second")).status()),
            v1::ERROR_REASON_STORE_UNAVAILABLE);
  EXPECT_FALSE(membership_->Find("second").ok());
  EXPECT_EQ(ReasonOf(DeleteRing(*membership_, "cache")),
            v1::ERROR_REASON_STORE_UNAVAILABLE);
  EXPECT_TRUE(membership_->Find("cache").ok());
}

TEST_F(RingsTest, ThereAreAtMost1000) {
  for (int i = 1; i < 1000; ++i) {
    ASSERT_TRUE(membership_->CreateRing(Spec("r" + std::to_string(i))).ok());
  }
  EXPECT_EQ(membership_->Rings().size(), 1000u);
  ExpectRefusal(membership_->CreateRing(Spec("one-more")).status(),
                Code::kResourceExhausted, v1::ERROR_REASON_LIMIT_REACHED);
  EXPECT_TRUE(membership_->CreateRing(Spec("r1")).ok());
  ASSERT_TRUE(DeleteRing(*membership_, "r1").ok());
  EXPECT_TRUE(membership_->CreateRing(Spec("one-more")).ok());
}

TEST_F(RingsTest, IncarnationsAreNeverZero) {
  randoms_ = ~uint64_t{0};  // the next number is 0
  const StatePtr state = membership_->CreateRing(Spec("cache")).value();
  EXPECT_NE(state->incarnation, 0u);
}

}  // namespace
}  // namespace clockwise
