// Tests that a change is durable before it is visible, and visible before it is
// acknowledged. Also tests the state after a failed commit.
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "tests/support/membership_fixture.h"
#include "tests/support/refusal_reading.h"

namespace clockwise {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using DurabilityTest = MembershipTest;
using Code = absl::StatusCode;

TEST_F(DurabilityTest, AChangeIsDurableBeforeItIsVisible) {
  Make(Add("a"));
  std::vector<uint64_t> visible, stored;
  const auto look = [&] {
    visible.push_back(Epoch());
    stored.push_back(memory_.Load("default").value().head.epoch);
    return absl::OkStatus();
  };
  store_.before = look;
  store_.after = look;
  Make(Add("b"));
  EXPECT_THAT(stored, ElementsAre(2, 3));
  EXPECT_THAT(visible, ElementsAre(2, 2));
  EXPECT_EQ(Epoch(), 3u);
}

TEST_F(DurabilityTest, AChangeIsVisibleBeforeItIsAcknowledged) {
  bool acknowledged = false;
  std::vector<uint64_t> seen;
  membership_->Listen([&](const std::string& ring) {
    EXPECT_EQ(ring, "default");
    EXPECT_FALSE(acknowledged);
    seen.push_back(Epoch());
  });
  const v1::Change change = Make(Add("a"));
  acknowledged = true;
  EXPECT_THAT(seen, ElementsAre(2));
  EXPECT_EQ(change.epoch(), Epoch());
}

TEST_F(DurabilityTest, AListenerThatWasTakenAwayIsNotTold) {
  int told = 0;
  membership_->Listen([&](const std::string&) { ++told; });
  membership_->Listen(nullptr);
  Make(Add("a"));
  EXPECT_EQ(told, 0);
}

TEST_F(DurabilityTest, AFailedCommitLeavesEverythingUnchanged) {
  Make(Add("a"));
  int told = 0;
  membership_->Listen([&](const std::string&) { ++told; });
  const std::vector<v1::ErrorReason> failures = {
      v1::ERROR_REASON_STORE_UNAVAILABLE, v1::ERROR_REASON_STORE_FULL};
  for (v1::ErrorReason reason : failures) {
    store_.before = [&] { return Refusal(reason, "no"); };
    const StatePtr before = State();
    EXPECT_EQ(ReasonOf(Refused(Add("b"))), reason);
    EXPECT_EQ(ReasonOf(Refused(Many({Remove("a"), Add("c")}))), reason);
    EXPECT_EQ(State()->history.size(), before->history.size());
    EXPECT_EQ(State()->counters->changes[0], 1u);
    EXPECT_EQ(State()->counters->moved_ratio, 1);
  }
  EXPECT_EQ(told, 0);
  store_.before = nullptr;
  EXPECT_EQ(Make(Add("b")).epoch(), 3u);
}

TEST_F(DurabilityTest, AStoreThatIsAlwaysFasterEndsInAConflict) {
  Make(Add("a"));
  int attempts = 0;
  store_.before = [&] {
    ++attempts;
    return Refusal(v1::ERROR_REASON_EPOCH_CONFLICT, "too late");
  };
  ExpectRefusal(Refused(Add("b")), Code::kAborted,
                v1::ERROR_REASON_EPOCH_CONFLICT);
  EXPECT_EQ(attempts, limits::kMaxCommitAttempts);
}

TEST_F(DurabilityTest, AnotherChangeAfterALostAnswerGoesOnFromIt) {
  Make(Add("a"));
  store_.after = [] {
    return Refusal(v1::ERROR_REASON_STORE_UNAVAILABLE, "connection lost");
  };
  EXPECT_FALSE(membership_->Apply(Add("b")).ok());
  store_.after = nullptr;
  EXPECT_EQ(Make(Add("c")).epoch(), 4u);
  EXPECT_THAT(Ids(), ElementsAre("a", "b", "c"));
}

TEST_F(DurabilityTest, ReadsDoNotWaitForACommit) {
  store_.before = [&] {
    EXPECT_THAT(Ids(), IsEmpty());
    EXPECT_EQ(membership_->Rings().size(), 1u);
    return absl::OkStatus();
  };
  Make(Add("a"));
}

TEST_F(DurabilityTest, ReopeningGivesTheSameStates) {
  v1::RingSpec spec;
  spec.set_name("modulo");
  spec.set_layout(v1::LAYOUT_MODULO);
  ASSERT_TRUE(membership_->CreateRing(spec).ok());
  v1::Node node = RequestNode("a", 2, "x");
  (*node.mutable_labels())["rack"] = "7";
  Make(Add(node));
  Make(Many({Add("b"), Add("c")}));
  Make(Remove("b"));
  ChangeRequest other = Add("q");
  other.ring = "modulo";
  Make(other);
  const std::string picture = Picture();
  const StatePtr before = State();
  const uint64_t incarnation = membership_->Find("modulo").value()->incarnation;
  Reopen();
  EXPECT_EQ(Picture(), picture);
  EXPECT_EQ(membership_->Find("modulo").value()->incarnation, incarnation);
  EXPECT_EQ(membership_->Find("modulo").value()->epoch, 2u);
  ASSERT_EQ(State()->history.size(), before->history.size());
  for (size_t i = 0; i < before->history.size(); ++i) {
    EXPECT_EQ(BytesOf(*State()->history[i]), BytesOf(*before->history[i]));
  }
}

// A store that returns a damaged ring when it loads all rings.
class DamagedStore final : public Store {
 public:
  explicit DamagedStore(Store& store) : store_(store) {}
  absl::StatusOr<std::vector<StoredRing>> LoadAll() override {
    auto rings = store_.LoadAll();
    if (rings.ok()) damage((*rings)[0]);
    return rings;
  }
  absl::StatusOr<StoredRing> Load(absl::string_view ring) override {
    return store_.Load(ring);
  }
  absl::StatusOr<RingHead> Head(absl::string_view ring) override {
    return store_.Head(ring);
  }
  absl::Status Import(const StoredRing& ring) override {
    return store_.Import(ring);
  }
  absl::Status Apply(const Commit& commit) override {
    return store_.Apply(commit);
  }
  absl::StatusOr<std::vector<DeletedRing>> Deleted() override {
    return store_.Deleted();
  }
  absl::StatusOr<StoredRing> LoadDeleted(absl::string_view ring,
                                         uint64_t incarnation) override {
    auto stored = store_.LoadDeleted(ring, incarnation);
    if (stored.ok()) damage(*stored);
    return stored;
  }
  absl::Status Purge(const DeletedRing& ring) override {
    return store_.Purge(ring);
  }
  bool up() const override { return true; }

  std::function<void(StoredRing&)> damage;

 private:
  absl::Status DeleteIfOpen(const Deletion& deletion,
                            const StillOpen& open) override {
    return store_.Delete(deletion, open);
  }
  absl::Status UndeleteIfOpen(const Commit& commit,
                              const StillOpen& open) override {
    return store_.Undelete(commit, open);
  }

  Store& store_;
};

TEST_F(DurabilityTest, AStoredRingOfAnotherFingerprintIsRefusedAtOpen) {
  Make(Many({Add("a"), Add("b")}));
  DamagedStore damaged(memory_);
  const std::vector<std::function<void(StoredRing&)>> damages = {
      [](StoredRing& ring) { ++ring.head.fingerprint; },
      [](StoredRing& ring) { ring.nodes[0].set_weight(2); },
      [](StoredRing& ring) { ring.nodes.pop_back(); },
      [](StoredRing& ring) { ring.head.spec.set_virtual_node_count(9); },
      [](StoredRing& ring) { ring.nodes[1].set_zone("z"); }};
  for (const auto& damage : damages) {
    damaged.damage = damage;
    const absl::Status status = TryOpen(damaged).status();
    EXPECT_EQ(status.code(), Code::kFailedPrecondition) << status;
    EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("default"));
  }
  damaged.damage = [](StoredRing&) {};
  EXPECT_TRUE(TryOpen(damaged).ok());
}

// An outcome of a change, and whether the store then refuses changes.
struct Outcome {
  v1::ErrorReason reason;
  bool refuses;
};

TEST_F(DurabilityTest, AStoreRefusesChangesFromARejectedToASuccessfulOne) {
  std::vector<std::string> heard;
  Membership::Options options = OptionsFor(store_);
  options.now = [this] { return now_; };
  options.store_refusal = [&](const absl::Status& why) {
    heard.emplace_back(why.message());
  };
  Membership membership(options);
  ASSERT_TRUE(membership.Load().ok());
  const auto fail = [&](v1::ErrorReason reason, const std::string& why) {
    store_.before = [=] { return Refusal(reason, why); };
    EXPECT_EQ(ReasonOf(membership.Apply(Add("n")).status()), reason);
    store_.before = nullptr;
  };
  for (const Outcome& outcome :
       {Outcome{v1::ERROR_REASON_STORE_FULL, true},
        Outcome{v1::ERROR_REASON_STORE_REFUSED, true},
        // A private store, which can be read.
        Outcome{v1::ERROR_REASON_STORE_UNAVAILABLE, true},
        // An error about one change.
        Outcome{v1::ERROR_REASON_LIMIT_REACHED, false}}) {
    fail(outcome.reason, "why");
    EXPECT_EQ(membership.store_refusal().has_value(), outcome.refuses)
        << v1::ErrorReason_Name(outcome.reason);
    ASSERT_TRUE(membership.Apply(Add(absl::StrCat(outcome.reason))).ok());
    EXPECT_FALSE(membership.store_refusal().has_value());
  }
  EXPECT_THAT(heard, ElementsAre("why", "", "why", "", "why", ""));
  // The newest reason, since the first one. Neither a plan nor an unchanged
  // ring shows that the store accepts changes.
  heard.clear();
  const absl::Time first = now_;
  fail(v1::ERROR_REASON_STORE_FULL, "full; nothing was changed");
  now_ += absl::Seconds(5);
  fail(v1::ERROR_REASON_STORE_REFUSED, "read-only");
  ChangeRequest plan = Add("planned");
  plan.validate_only = true;
  ASSERT_TRUE(membership.Apply(plan).ok());
  ASSERT_TRUE(membership.Refresh("").ok());
  ASSERT_TRUE(membership.store_refusal().has_value());
  EXPECT_EQ(membership.store_refusal()->reason, "read-only");
  EXPECT_EQ(membership.store_refusal()->since, first);
  EXPECT_THAT(heard, ElementsAre("full"));
  // A store that is not trusted is another state.
  ASSERT_TRUE(membership.Apply(Add("again")).ok());
  store_.trust = absl::UnavailableError("replaced");
  fail(v1::ERROR_REASON_STORE_UNAVAILABLE, "replaced");
  EXPECT_FALSE(membership.store_refusal().has_value());
}

// A failed log-in rejects reads too.
TEST_F(DurabilityTest, ARefusalOfReadsEndsWithASuccessfulRead) {
  StoreRefusals refusals(
      store_, [this] { return now_; }, nullptr);
  const absl::Status why =
      Refusal(v1::ERROR_REASON_STORE_REFUSED, "authentication failed");
  EXPECT_EQ(refusals.Read(why), why);
  EXPECT_EQ(refusals.Changed(why), why);
  EXPECT_TRUE(refusals.Current().has_value());
  EXPECT_TRUE(refusals.Read(absl::OkStatus()).ok());
  EXPECT_FALSE(refusals.Current().has_value());
  // A read-only role accepts reads.
  EXPECT_EQ(refusals.Changed(why), why);
  EXPECT_TRUE(refusals.Read(absl::OkStatus()).ok());
  EXPECT_TRUE(refusals.Current().has_value());
  // So does a full store, even after a failed log-in.
  EXPECT_EQ(refusals.Read(why), why);
  EXPECT_FALSE(
      refusals.Changed(Refusal(v1::ERROR_REASON_STORE_FULL, "full")).ok());
  EXPECT_TRUE(refusals.Read(absl::OkStatus()).ok());
  EXPECT_TRUE(refusals.Current().has_value());
  EXPECT_TRUE(refusals.Changed(absl::OkStatus()).ok());
  EXPECT_FALSE(refusals.Current().has_value());
}

TEST_F(DurabilityTest, StoreUpIsTheStores) {
  EXPECT_TRUE(membership_->store_up());
  store_.is_up = false;
  EXPECT_FALSE(membership_->store_up());
}

}  // namespace
}  // namespace clockwise
