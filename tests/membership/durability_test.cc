// Tests that a change is durable before it is visible, and visible before it is
// acknowledged. Also tests the state after a failed commit.
#include <functional>
#include <string>
#include <vector>

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
  bool up() const override { return true; }

  std::function<void(StoredRing&)> damage;

 private:
  absl::Status DeleteIfOpen(absl::string_view ring, uint64_t incarnation,
                            const StillOpen& open) override {
    return store_.Delete(ring, incarnation, open);
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

TEST_F(DurabilityTest, StoreUpIsTheStores) {
  EXPECT_TRUE(membership_->store_up());
  store_.is_up = false;
  EXPECT_FALSE(membership_->store_up());
}

}  // namespace
}  // namespace clockwise
