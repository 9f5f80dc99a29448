// Tests that a ring is created together with its first nodes, or not at all.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "service/api/refusal.h"
#include "tests/support/membership_fixture.h"
#include "tests/support/refusal_reading.h"

namespace clockwise {
namespace {

using ::testing::ElementsAre;
using Code = absl::StatusCode;
using CreatedRing = Membership::CreatedRing;

class CreateRingTest : public MembershipTest {
 protected:
  static v1::RingSpec Spec(const std::string& name = "cache",
                           v1::Layout layout = v1::LAYOUT_HASHED) {
    v1::RingSpec spec;
    spec.set_name(name);
    spec.set_layout(layout);
    return spec;
  }

  // Returns a request that adds nodes of these ids.
  static ChangeRequest Nodes(const std::vector<std::string>& ids) {
    std::vector<ChangeRequest> adds;
    adds.reserve(ids.size());
    for (const std::string& id : ids) adds.push_back(Add(id));
    ChangeRequest request = Many(adds);
    request.fields = FieldNames::kNodes;
    return request;
  }

  CreatedRing Create(const v1::RingSpec& spec, const ChangeRequest& first) {
    auto created = membership_->CreateRing(spec, first);
    EXPECT_TRUE(created.ok()) << created.status();
    return created.ok() ? *created : CreatedRing();
  }

  // Checks that the creation is refused and that nothing is stored.
  void ExpectNothing(const v1::RingSpec& spec, const ChangeRequest& first,
                     Code code, v1::ErrorReason reason,
                     const std::string& field = "") {
    const absl::Status status = membership_->CreateRing(spec, first).status();
    ExpectRefusal(status, code, reason);
    EXPECT_EQ(FieldOf(status), field);
    EXPECT_FALSE(membership_->Find(spec.name()).ok());
    EXPECT_FALSE(memory_.Head(spec.name()).ok());
  }
};

TEST_F(CreateRingTest, ARingAndItsNodesAreOneWrite) {
  const int writes = store_.writes;
  ChangeRequest first = Nodes({"b", "a"});
  first.reason = "import";
  first.actor = "me";
  const CreatedRing created = Create(Spec(), first);
  EXPECT_EQ(store_.writes, writes + 1);
  EXPECT_EQ(created.state->epoch, 2u);
  EXPECT_EQ(created.change.epoch(), 2u);
  EXPECT_EQ(created.change.reason(), "import");
  EXPECT_EQ(created.change.actor(), "me");
  EXPECT_EQ(created.change.incarnation(), created.state->incarnation);
  EXPECT_THAT(created.change.added_ids(), ElementsAre("a", "b"));
  EXPECT_EQ(created.state->history.size(), 1u);
  EXPECT_EQ(membership_->Find("cache").value(), created.state);

  // The same in two steps, and after a restart.
  ASSERT_TRUE(membership_->CreateRing(Spec("steps")).ok());
  ChangeRequest second = Nodes({"b", "a"});
  second.ring = "steps";
  EXPECT_EQ(Make(second).fingerprint(), created.change.fingerprint());
  Reopen();
  const StatePtr again = membership_->Find("cache").value();
  EXPECT_EQ(again->epoch, 2u);
  EXPECT_EQ(again->ring().fingerprint(), created.change.fingerprint());
  EXPECT_EQ(again->ring().nodes()[0]->ordinal(), 2u) << "b came first";
  EXPECT_EQ(BytesOf(*again->history.front()),
            BytesOf(*created.state->history.front()));
}

TEST_F(CreateRingTest, ARetryFindsTheRing) {
  ChangeRequest first = Nodes({"a", "b"});
  const CreatedRing created = Create(Spec(), first);
  const int writes = store_.writes;
  const CreatedRing again = Create(Spec(), first);
  EXPECT_EQ(again.state, created.state);
  EXPECT_EQ(again.change.epoch(), 2u);
  EXPECT_EQ(again.change.fingerprint(), created.change.fingerprint());
  EXPECT_EQ(store_.writes, writes);
}

TEST_F(CreateRingTest, ARetryWithItsRequestIdGetsTheFirstReply) {
  ChangeRequest first = Nodes({"a", "b"});
  first.request_id = "import-1";
  const CreatedRing created = Create(Spec(), first);
  ChangeRequest later = Add("c");
  later.ring = "cache";
  Make(later);
  const CreatedRing again = Create(Spec(), first);
  EXPECT_EQ(BytesOf(again.change), BytesOf(created.change));
  EXPECT_EQ(again.state->epoch, 3u);
  ChangeRequest other = Nodes({"a"});
  other.request_id = "import-1";
  ExpectRefusal(membership_->CreateRing(Spec(), other).status(),
                Code::kInvalidArgument, v1::ERROR_REASON_REQUEST_ID_REUSED);
}

TEST_F(CreateRingTest, ARingOfOtherNodesIsLeftAlone) {
  const CreatedRing created = Create(Spec(), Nodes({"a", "b"}));
  v1::RingSpec other = Spec();
  other.set_virtual_node_count(7);
  for (const auto& first : {Nodes({"a"}), Nodes({"b", "a"}),
                            Nodes({"a", "b", "c"}), Nodes({"a", "c"})}) {
    ExpectRefusal(membership_->CreateRing(Spec(), first).status(),
                  Code::kAlreadyExists, v1::ERROR_REASON_RING_EXISTS);
  }
  ExpectRefusal(membership_->CreateRing(other, Nodes({"a", "b"})).status(),
                Code::kAlreadyExists, v1::ERROR_REASON_RING_EXISTS);
  EXPECT_EQ(membership_->Find("cache").value(), created.state);
  EXPECT_EQ(membership_->CreateRing(Spec()).value(), created.state)
      << "without nodes, the spec decides";
}

TEST_F(CreateRingTest, APlanStoresNothing) {
  ChangeRequest first = Nodes({"a", "b"});
  first.validate_only = true;
  const int writes = store_.writes;
  const CreatedRing planned = Create(Spec(), first);
  EXPECT_EQ(store_.writes, writes);
  EXPECT_FALSE(membership_->Find("cache").ok());
  EXPECT_EQ(planned.state->incarnation, 0u);
  first.validate_only = false;
  EXPECT_EQ(Create(Spec(), first).change.fingerprint(),
            planned.change.fingerprint());
}

TEST_F(CreateRingTest, AnInvalidNodeLeavesNothingBehind) {
  const Code invalid = Code::kInvalidArgument;
  const v1::ErrorReason reason = v1::ERROR_REASON_FIELD_INVALID;
  ExpectNothing(Spec(), Nodes({"a", ""}), invalid, reason, "nodes[1].id");
  ExpectNothing(Spec(), Nodes({"a", "a"}), invalid, reason, "nodes[1].id");
  ExpectNothing(
      Spec(),
      Nodes(std::vector<std::string>(limits::kMaxChangesPerRequest + 1, "a")),
      invalid, reason, "nodes");
  ChangeRequest long_id = Nodes({"a"});
  long_id.request_id = std::string(limits::kMaxRequestIdBytes + 1, 'x');
  ExpectNothing(Spec(), long_id, invalid, reason, "request_id");
}

TEST_F(CreateRingTest, AStoreThatFailsLeavesNothingBehind) {
  store_.before = [] { return absl::UnavailableError("the store is away"); };
  EXPECT_EQ(membership_->CreateRing(Spec(), Nodes({"a"})).status().code(),
            Code::kUnavailable);
  store_.before = nullptr;
  EXPECT_FALSE(membership_->Find("cache").ok());
  EXPECT_FALSE(memory_.Head("cache").ok());
  EXPECT_EQ(Create(Spec(), Nodes({"a"})).state->epoch, 2u);
}

TEST_F(CreateRingTest, TheFirstTableOfAMigrationFollowsItsSource) {
  v1::RingSpec from = Spec("from", v1::LAYOUT_PARTITIONED);
  from.set_partition_bits(6);
  Create(from, Nodes({"a", "b", "c"}));
  ChangeRequest remove = Remove("a");
  remove.ring = "from";
  Make(remove);
  ChangeRequest add = Add("a");
  add.ring = "from";
  Make(add);
  v1::RingSpec to = from;
  to.set_migrating_from("from");
  to.set_name("steps");
  ASSERT_TRUE(membership_->CreateRing(to).ok());
  ChangeRequest second = Nodes({"a", "b", "c"});
  second.ring = "steps";
  const uint64_t expected = Make(second).fingerprint();
  to.set_name("one");
  EXPECT_EQ(Create(to, Nodes({"a", "b", "c"})).change.fingerprint(), expected);
  // Another table than that of a ring that begins on its own.
  to.clear_migrating_from();
  to.set_name("alone");
  EXPECT_NE(Create(to, Nodes({"a", "b", "c"})).change.fingerprint(), expected);
  Reopen();
  EXPECT_EQ(membership_->Find("one").value()->ring().fingerprint(), expected);
}

TEST_F(CreateRingTest, TheBoundOfAllPointsHolds) {
  Membership::Options options = OptionsFor(store_);
  options.max_points = 300;
  membership_ = Membership::Open(options).value();
  ExpectNothing(Spec(), Nodes({"a", "b"}), Code::kResourceExhausted,
                v1::ERROR_REASON_LIMIT_REACHED);
  EXPECT_EQ(Create(Spec(), Nodes({"a"})).state->epoch, 2u);
  ExpectNothing(Spec("more"), Nodes({"a"}), Code::kResourceExhausted,
                v1::ERROR_REASON_LIMIT_REACHED);
}

}  // namespace
}  // namespace clockwise
