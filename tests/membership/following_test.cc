// Tests how a server applies the changes that others made in a shared store.
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "service/api/refusal.h"
#include "tests/membership/random_history.h"
#include "tests/support/delete_ring.h"
#include "tests/support/membership_fixture.h"

namespace clockwise {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

#define EXPECT_REFUSED(expression, reason) \
  EXPECT_EQ(ReasonOf(expression), v1::ERROR_REASON_##reason)

class FollowingTest : public MembershipTest {
 protected:
  void SetUp() override {
    MembershipTest::SetUp();
    other_ = Open(memory_);
    // "" only reports that all rings were compared.
    membership_->Listen([this](const std::string& ring) {
      if (!ring.empty()) told_.push_back(ring);
    });
  }

  void MakeElsewhere(const ChangeRequest& request) {
    const auto change = other_->Apply(request);
    ASSERT_TRUE(change.ok()) << change.status();
  }
  // Expects that the ring is the same in both servers, including its history.
  void ExpectSame(const std::string& ring) {
    const StatePtr here = membership_->Find(ring).value();
    const StatePtr there = other_->Find(ring).value();
    EXPECT_EQ(here->epoch, there->epoch);
    EXPECT_EQ(here->incarnation, there->incarnation);
    EXPECT_EQ(BytesOf(SnapshotOf(*here, here->measured, here->epoch, true)),
              BytesOf(SnapshotOf(*there, there->measured, there->epoch, true)));
    ASSERT_EQ(here->history.size(), there->history.size());
    for (size_t i = 0; i < here->history.size(); ++i) {
      EXPECT_EQ(BytesOf(*here->history[i]), BytesOf(*there->history[i]));
    }
  }

  std::unique_ptr<Membership> other_;
  std::vector<std::string> told_;
};

TEST_F(FollowingTest, UntilItIsLoadedEverythingIsUnavailable) {
  Membership waiting(OptionsFor(store_));
  store_.unreadable = true;
  EXPECT_REFUSED(waiting.Refresh(""), STORE_UNAVAILABLE);
  EXPECT_REFUSED(waiting.Ready(), STORE_UNAVAILABLE);
  EXPECT_REFUSED(waiting.Find("").status(), STORE_UNAVAILABLE);
  EXPECT_REFUSED(waiting.Find("other").status(), STORE_UNAVAILABLE);
  EXPECT_REFUSED(waiting.Apply(Add("a")).status(), STORE_UNAVAILABLE);
  EXPECT_REFUSED(waiting.CreateRing(v1::RingSpec()).status(),
                 STORE_UNAVAILABLE);
  EXPECT_REFUSED(DeleteRing(waiting, "default"), STORE_UNAVAILABLE);
  store_.unreadable = false;
  EXPECT_REFUSED(waiting.Apply(Add("a")).status(), STORE_UNAVAILABLE);
  ASSERT_TRUE(waiting.Refresh("").ok());
  EXPECT_TRUE(waiting.Ready().ok());
  EXPECT_TRUE(waiting.Apply(Add("a")).ok());
}

TEST_F(FollowingTest, ChangesOfOthersAreTakenOverByTheirRecords) {
  MakeElsewhere(Add("a"));
  MakeElsewhere(Add("b"));
  MakeElsewhere(Remove("a"));
  store_.loads = 0;
  ASSERT_TRUE(membership_->Refresh("default").ok());
  ExpectSame("");
  EXPECT_EQ(store_.loads, 0);
  EXPECT_THAT(told_, ElementsAre("default"));
  ASSERT_TRUE(membership_->Refresh("default").ok());
  ASSERT_TRUE(membership_->Refresh("").ok());
  EXPECT_THAT(told_, ElementsAre("default"));  // no change, so no report
}

TEST_F(FollowingTest, AnyHistoryTakenOverInAnyPiecesIsThatOfTheOther) {
  std::mt19937_64 random(7);
  v1::RingSpec spec;
  spec.set_name("table");
  spec.set_layout(v1::LAYOUT_PARTITIONED);
  spec.set_partition_bits(6);
  ASSERT_TRUE(other_->CreateRing(spec).ok());
  for (int i = 0; i < 200; ++i) {
    for (const char* ring : {"default", "table"}) {
      ChangeRequest request =
          RandomChange(random, other_->Find(ring).value()->ring().nodes());
      request.ring = ring;
      MakeElsewhere(request);
    }
    if (random() % 3 != 0) continue;
    ASSERT_TRUE(membership_->Refresh("").ok());
    ExpectSame("default");
    ExpectSame("table");
  }
}

TEST_F(FollowingTest, RingsMadeAndDeletedByOthersComeAndGo) {
  v1::RingSpec spec;
  spec.set_name("new");
  ASSERT_TRUE(other_->CreateRing(spec).ok());
  ASSERT_TRUE(membership_->Refresh("new").ok());
  const uint64_t first = membership_->Find("new").value()->incarnation;
  ASSERT_TRUE(DeleteRing(*other_, "new").ok());
  ASSERT_TRUE(other_->CreateRing(spec).ok());
  ASSERT_TRUE(membership_->Refresh("new").ok());
  EXPECT_NE(membership_->Find("new").value()->incarnation, first);
  ASSERT_TRUE(DeleteRing(*other_, "new").ok());
  ASSERT_TRUE(membership_->Refresh("").ok());
  EXPECT_REFUSED(membership_->Find("new").status(), RING_NOT_FOUND);
  ASSERT_TRUE(membership_->Refresh("new").ok());
}

TEST_F(FollowingTest, RecordsThatDoNotFitMakeTheWholeRingBeRead) {
  for (int kind = 0; kind < 3; ++kind) {
    store_.falsify = [kind](std::vector<stored::v1::ChangeRecord>& records) {
      v1::Change& change = *records.back().mutable_change();
      if (kind == 0) records.clear();
      if (kind == 1) change.set_fingerprint(change.fingerprint() + 1);
      if (kind == 2) change.set_epoch(change.epoch() + 1);
    };
    MakeElsewhere(Add("n" + std::to_string(kind)));
    store_.loads = 0;
    ASSERT_TRUE(membership_->Refresh("default").ok());
    EXPECT_EQ(store_.loads, 1);
    ExpectSame("");
  }
}

TEST_F(FollowingTest, WhatIsTooFarBehindReadsTheWholeRing) {
  other_ = Open(memory_, 3);
  for (int i = 0; i < 10; ++i) MakeElsewhere(Add("n" + std::to_string(i)));
  ASSERT_TRUE(membership_->Refresh("default").ok());
  ExpectSame("");
}

TEST_F(FollowingTest, AStoreThatWasSetBackIsNotFollowed) {
  MemoryStore old;
  ASSERT_TRUE(old.Import(memory_.Load("default").value()).ok());
  Make(Add("a"));
  told_.clear();
  const std::string picture = Picture();
  const uint64_t incarnation = State()->incarnation;
  ASSERT_TRUE(memory_.Delete("default", incarnation).ok());
  ASSERT_TRUE(memory_.Import(old.Load("default").value()).ok());
  for (const std::string ring : {"", "default"}) {
    const absl::Status status = membership_->Refresh(ring);
    EXPECT_REFUSED(status, STORE_UNAVAILABLE);
    EXPECT_THAT(std::string(status.message()), HasSubstr("has lost changes"));
  }
  EXPECT_REFUSED(membership_->Apply(Add("b")).status(), STORE_UNAVAILABLE);
  EXPECT_EQ(Picture(), picture);
  EXPECT_TRUE(told_.empty());
  // A restore does the same. The epoch may go back if the incarnation is new.
  StoredRing again = old.Load("default").value();
  again.head.incarnation = incarnation + 1;
  ASSERT_TRUE(memory_.Delete("default", incarnation).ok());
  ASSERT_TRUE(memory_.Import(again).ok());
  ASSERT_TRUE(membership_->Refresh("default").ok());
  EXPECT_EQ(Epoch(), 1u);
}

TEST_F(FollowingTest, TheSameEpochOfAnotherFingerprintIsNotFollowed) {
  Make(Add("a"));
  StoredRing forged = memory_.Load("default").value();
  ++forged.head.fingerprint;
  ASSERT_TRUE(memory_.Delete("default", State()->incarnation).ok());
  ASSERT_TRUE(memory_.Import(forged).ok());
  EXPECT_REFUSED(membership_->Refresh("default"), STORE_UNAVAILABLE);
  EXPECT_EQ(Epoch(), 2u);
}

TEST_F(FollowingTest, AnUnreadableStoreLeavesWhatIsKnown) {
  Make(Add("a"));
  MakeElsewhere(Update(RequestNode("a", 1)));
  store_.unreadable = true;
  EXPECT_REFUSED(membership_->Refresh("default"), STORE_UNAVAILABLE);
  EXPECT_REFUSED(membership_->Refresh(""), STORE_UNAVAILABLE);
  EXPECT_EQ(Epoch(), 2u);
  EXPECT_TRUE(membership_->Ready().ok());
}

TEST_F(FollowingTest, LookingAtWhatIsKnownWaitsForNoChange) {
  std::atomic<bool> begun = false, go_on = false;
  store_.before = [&] {
    begun = true;
    while (!go_on) std::this_thread::yield();
    return absl::OkStatus();
  };
  std::thread changing([&] { Make(Add("a")); });
  while (!begun) std::this_thread::yield();
  EXPECT_TRUE(membership_->Refresh("default").ok());
  EXPECT_TRUE(membership_->Refresh("").ok());
  go_on = true;
  changing.join();
}

TEST_F(FollowingTest, ARingThatAnotherMadeJustNowIsTheOneAskedFor) {
  v1::RingSpec spec;
  spec.set_name("both");
  bool once = false;
  store_.before = [&] {
    if (std::exchange(once, true)) return absl::OkStatus();
    return other_->CreateRing(spec).status();
  };
  const auto made = membership_->CreateRing(spec);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ((*made)->incarnation, other_->Find("both").value()->incarnation);
}

}  // namespace
}  // namespace clockwise
