// Tests the states that threads keep.
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "tests/support/delete_ring.h"
#include "tests/support/membership_fixture.h"

namespace clockwise {
namespace {

using GlanceTest = MembershipTest;

// Returns null if there is no such ring.
const RingState* Glance(const Membership& membership, const std::string& ring) {
  return membership.Glance(ring).value_or(nullptr);
}

TEST_F(GlanceTest, SeesEachChangeAtOnceAndNothingThatIsGone) {
  ASSERT_NE(Glance(*membership_, ""), nullptr);
  EXPECT_EQ(Glance(*membership_, "default"), State().get());
  for (const char* id : {"a", "b", "c"}) {
    Make(Add(id));
    EXPECT_EQ(Glance(*membership_, ""), State().get());
  }
  v1::RingSpec spec;
  spec.set_name("other");
  EXPECT_EQ(Glance(*membership_, "other"), nullptr);
  ASSERT_TRUE(membership_->CreateRing(spec).ok());
  ASSERT_NE(Glance(*membership_, "other"), nullptr);
  EXPECT_EQ(Glance(*membership_, "other")->name(), "other");
  EXPECT_EQ(Glance(*membership_, "")->name(), "default");
  ASSERT_TRUE(DeleteRing(*membership_, "other").ok());
  EXPECT_EQ(Glance(*membership_, "other"), nullptr);
}

TEST_F(GlanceTest, OneMembershipIsNotTakenForAnother) {
  Make(Add("a"));
  const RingState* mine = Glance(*membership_, "");
  // Both have the same number of changes, so that epochs do not distinguish
  // them.
  MemoryStore store;
  const std::unique_ptr<Membership> other = Open(store);
  ASSERT_TRUE(other->CreateRing(v1::RingSpec()).ok());
  ASSERT_TRUE(other->Apply(Add("a")).ok());
  EXPECT_NE(Glance(*other, ""), mine);
  EXPECT_EQ(Glance(*membership_, ""), mine);
}

TEST_F(GlanceTest, WhatAThreadSawStaysWhileOthersChangeTheRing) {
  Make(Add("a"));
  std::atomic<bool> stop = false;
  std::thread reader([&] {
    uint64_t epoch = 0;
    while (!stop) {
      const RingState* state = Glance(*membership_, "");
      EXPECT_GE(state->epoch, epoch);
      epoch = state->epoch;
      EXPECT_EQ(state->ring().nodes().size(), state->epoch - 1);
      state->locates.Add(0);
    }
  });
  for (int i = 0; i < 50; ++i) Make(Add("n" + std::to_string(i)));
  stop = true;
  reader.join();
}

}  // namespace
}  // namespace clockwise
