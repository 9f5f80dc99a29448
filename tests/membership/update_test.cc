// Tests UpdateNode with and without a mask, the fields that never change, and
// AddNode with allow_update.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "tests/support/membership_fixture.h"
#include "tests/support/refusal_reading.h"

namespace clockwise {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Code = absl::StatusCode;

class UpdateTest : public MembershipTest {
 protected:
  void SetUp() override {
    MembershipTest::SetUp();
    Make(Add("other"));
    v1::Node node = RequestNode("a", 3, "zone-1");
    node.set_address("10.0.0.1:80");
    node.set_hash_key("seed");
    (*node.mutable_labels())["rack"] = "7";
    (*node.mutable_labels())["row"] = "1";
    Make(Add(node));
    was_ = Node("a");
  }

  // Expects that node a differs from its old form only by `edit`.
  template <typename Edit>
  void ExpectOnly(Edit edit) {
    v1::Node expected = was_;
    edit(expected);
    EXPECT_EQ(Node("a").DebugString(), expected.DebugString());
  }

  static v1::Node Bare() {
    v1::Node node;
    node.set_id("a");
    return node;
  }

  v1::Node was_;
};

TEST_F(UpdateTest, Weight0IsAValueAndAnUnsetWeightIs1) {
  v1::Node node = Bare();
  node.set_weight(0);
  Make(Update(node));
  EXPECT_EQ(Node("a").weight(), 0u);
  EXPECT_TRUE(Node("a").has_weight());
  Make(Update(Bare(), {"weight"}));
  EXPECT_EQ(Node("a").weight(), 1u);
}

TEST_F(UpdateTest, WithoutAMaskChangesTheFieldsThatAreSet) {
  v1::Node weight = Bare();
  weight.set_weight(5);
  const v1::Change change = Make(Update(weight));
  EXPECT_EQ(change.epoch(), 4u);
  ExpectOnly([](v1::Node& node) { node.set_weight(5); });
  ASSERT_EQ(change.upserted_size(), 1);
  EXPECT_EQ(BytesOf(change.upserted(0)), BytesOf(Node("a")));
  v1::Node two = Bare();
  two.set_zone("zone-2");
  two.set_address("10.0.0.2:80");
  Make(Update(two));
  ExpectOnly([](v1::Node& node) {
    node.set_weight(5);
    node.set_zone("zone-2");
    node.set_address("10.0.0.2:80");
  });
}

TEST_F(UpdateTest, WithoutAMaskLabelsAreReplacedWhole) {
  v1::Node labels = Bare();
  (*labels.mutable_labels())["rack"] = "8";
  Make(Update(labels));
  ExpectOnly([](v1::Node& node) {
    node.clear_labels();
    (*node.mutable_labels())["rack"] = "8";
  });
}

TEST_F(UpdateTest, AMaskNamesTheOnlyFieldsThatChange) {
  v1::Node all = RequestNode("a", 9, "zone-9");
  all.set_address("elsewhere");
  Make(Update(all, {"zone"}));
  ExpectOnly([](v1::Node& node) { node.set_zone("zone-9"); });
  Make(Update(all, {"weight", "address"}));
  ExpectOnly([](v1::Node& node) {
    node.set_zone("zone-9");
    node.set_weight(9);
    node.set_address("elsewhere");
  });
}

TEST_F(UpdateTest, AMaskClearsWhatIsNotSet) {
  Make(Update(Bare(), {"address", "zone", "labels", "weight"}));
  ExpectOnly([](v1::Node& node) {
    node.clear_address();
    node.clear_zone();
    node.clear_labels();
    node.set_weight(1);
  });
}

TEST_F(UpdateTest, AMaskOfTheImmutableOrUnknownIsRefused) {
  for (const char* path :
       {"id", "hash_key", "ordinal", "point", "colour", "", "Weight", "weight ",
        "node.weight", "labels.rack", "*"}) {
    const absl::Status alone = Refused(Update(RequestNode("a", 5), {path}));
    ExpectFieldRefusal(alone, "update_mask");
    const absl::Status among =
        Refused(Update(RequestNode("a", 5), {"weight", path}));
    ExpectFieldRefusal(among, "update_mask");
  }
}

TEST_F(UpdateTest, IdAndHashKeyNeverChange) {
  v1::Node node = Bare();
  node.set_hash_key("another");
  node.set_weight(5);
  (void)membership_->Apply(Update(node));
  EXPECT_EQ(Node("a").hash_key(), "seed");
  (void)membership_->Apply(Update(node, {"hash_key"}));
  EXPECT_EQ(Node("a").hash_key(), "seed");
  EXPECT_THAT(Ids(), ElementsAre("a", "other"));
  EXPECT_EQ(Node("a").ordinal(), was_.ordinal());
}

TEST_F(UpdateTest, ThatChangesNothingIsOkAndNoNewEpoch) {
  for (const ChangeRequest& request :
       {Update(Bare()), Update(RequestNode("a", 3, "zone-1")),
        Update(RequestNode("a", 3), {"weight"})}) {
    const v1::Change change = Make(request);
    EXPECT_EQ(change.epoch(), 3u);
    EXPECT_THAT(change.upserted(), IsEmpty());
  }
  EXPECT_EQ(Epoch(), 3u);
  ExpectOnly([](v1::Node&) {});
}

TEST_F(UpdateTest, OfAnUnknownNodeIsNotFound) {
  ExpectRefusal(Refused(Update(RequestNode("b", 2))), Code::kNotFound,
                v1::ERROR_REASON_NODE_NOT_FOUND);
  ExpectRefusal(Refused(Update(RequestNode("b", 2), {"weight"})),
                Code::kNotFound, v1::ERROR_REASON_NODE_NOT_FOUND);
}

TEST_F(UpdateTest, OverABoundIsRefused) {
  ExpectFieldRefusal(Refused(Update(RequestNode("a", 65'536))), "node.weight");
  v1::Node node = Bare();
  node.set_zone(std::string(254, 'z'));
  ExpectFieldRefusal(Refused(Update(node)), "node.zone");
  ExpectFieldRefusal(Refused(Update(node, {"zone"})), "node.zone");
}

TEST_F(UpdateTest, OfAnAddressMovesNothingAndKeepsTheFingerprint) {
  const uint64_t fingerprint = State()->ring().fingerprint();
  v1::Node node = Bare();
  node.set_address("10.9.9.9:80");
  const v1::Change change = Make(Update(node));
  EXPECT_EQ(change.comparison().moved_ratio(), 0);
  EXPECT_EQ(change.fingerprint(), fingerprint);
  EXPECT_EQ(change.epoch(), 4u);
}

// AddNode with allow_update.
ChangeRequest Upsert(const v1::Node& node) {
  ChangeRequest request = Add(node);
  request.changes[0].set_allow_update(true);
  return request;
}

TEST_F(UpdateTest, UpsertAddsANodeThatIsAbsent) {
  v1::Node node;
  node.set_id("new");
  const v1::Change change = Make(Upsert(node));
  EXPECT_EQ(change.epoch(), 4u);
  EXPECT_THAT(change.added_ids(), ElementsAre("new"));
  EXPECT_EQ(Node("new").weight(), 1u);
  EXPECT_EQ(Node("new").hash_key(), "new");
  EXPECT_EQ(Node("new").ordinal(), 3u);
}

TEST_F(UpdateTest, UpsertReplacesTheFieldsThatAreSetAndKeepsTheOthers) {
  v1::Node address = Bare();
  address.set_address("10.0.0.9:80");
  address.set_ordinal(77);
  const v1::Change change = Make(Upsert(address));
  EXPECT_EQ(change.epoch(), 4u);
  EXPECT_THAT(change.added_ids(), IsEmpty());
  ASSERT_EQ(change.upserted_size(), 1);
  ExpectOnly([](v1::Node& node) { node.set_address("10.0.0.9:80"); });
  v1::Node rest = RequestNode("a", 5, "zone-2");
  (*rest.mutable_labels())["rack"] = "8";
  Make(Upsert(rest));
  ExpectOnly([](v1::Node& node) {
    node.set_address("10.0.0.9:80");
    node.set_weight(5);
    node.set_zone("zone-2");
    node.clear_labels();
    (*node.mutable_labels())["rack"] = "8";
  });
}

TEST_F(UpdateTest, UpsertIsInHistoryAsWhatItDid) {
  Make(Upsert(RequestNode("new")));
  Make(Upsert(RequestNode("a", 7)));
  Reopen();
  const StatePtr state = State();
  ASSERT_EQ(state->history.size(), 4u);
  const stored::v1::ChangeRecord& added = *state->history[2];
  EXPECT_THAT(ChangeOf(added).added_ids(), ElementsAre("new"));
  EXPECT_THAT(added.before(), IsEmpty());
  const stored::v1::ChangeRecord& updated = *state->history[3];
  EXPECT_THAT(ChangeOf(updated).added_ids(), IsEmpty());
  ASSERT_EQ(updated.before_size(), 1);
  EXPECT_EQ(updated.before(0).weight(), 3u);
  // The ring of each epoch can be had again.
  EXPECT_EQ(FindNode(RingAt(*state, 4, "epoch")->ring->nodes(), "a")->weight(),
            3u);
}

TEST_F(UpdateTest, UpsertIsCountedAsWhatItDid) {
  const auto counted = [this](ChangeKind kind) {
    return State()->counters->changes[static_cast<size_t>(kind)].load();
  };
  const uint64_t adds = counted(ChangeKind::kAdd);
  const uint64_t updates = counted(ChangeKind::kUpdate);
  Make(Upsert(RequestNode("new")));
  EXPECT_EQ(counted(ChangeKind::kAdd), adds + 1);
  Make(Upsert(RequestNode("new", 2)));
  EXPECT_EQ(counted(ChangeKind::kAdd), adds + 1);
  EXPECT_EQ(counted(ChangeKind::kUpdate), updates + 1);
}

TEST_F(UpdateTest, UpsertThatChangesNothingIsOkAndNoNewEpoch) {
  v1::Node same_key = Bare();
  same_key.set_hash_key("seed");
  for (const v1::Node& node :
       {Bare(), RequestNode("a", 3, "zone-1"), same_key}) {
    const v1::Change change = Make(Upsert(node));
    EXPECT_EQ(change.epoch(), 3u);
    EXPECT_THAT(change.upserted(), IsEmpty());
  }
  ExpectOnly([](v1::Node&) {});
}

TEST_F(UpdateTest, UpsertOfAnotherHashKeyIsRefused) {
  v1::Node node = Bare();
  node.set_hash_key("another");
  ExpectFieldRefusal(Refused(Upsert(node)), "node.hash_key");
  ExpectFieldRefusal(Refused(Many({Add("b"), Upsert(node)})),
                     "changes[1].add.hash_key");
}

TEST_F(UpdateTest, UpsertOverABoundIsRefused) {
  ExpectFieldRefusal(Refused(Upsert(RequestNode("a", 65'536))), "node.weight");
  ExpectFieldRefusal(Refused(Upsert(RequestNode("b", 65'536))), "node.weight");
}

TEST_F(UpdateTest, UpsertAgainWithItsRequestIdGetsTheFirstAnswer) {
  ChangeRequest request = Upsert(RequestNode("a", 9));
  request.request_id = "once";
  const v1::Change first = Make(request);
  EXPECT_EQ(BytesOf(Make(request)), BytesOf(first));
  EXPECT_EQ(Epoch(), 4u);
  ChangeRequest plain = Add(RequestNode("a", 9));
  plain.request_id = "once";
  ExpectRefusal(Refused(plain), Code::kInvalidArgument,
                v1::ERROR_REASON_REQUEST_ID_REUSED);
}

TEST_F(UpdateTest, AllowUpdateBesideAnotherChangeThanAddIsRefused) {
  for (ChangeRequest request : {Update(RequestNode("a", 5)), Remove("a")}) {
    request.changes[0].set_allow_update(true);
    ExpectFieldRefusal(Refused(Many({Add("b"), request})),
                       "changes[1].allow_update");
  }
}

TEST_F(UpdateTest, OneRequestCanUpsertSeveralNodes) {
  const v1::Change change =
      Make(Many({Upsert(RequestNode("new")), Upsert(RequestNode("a", 8)),
                 Upsert(RequestNode("other"))}));
  EXPECT_EQ(change.epoch(), 4u);
  EXPECT_THAT(change.added_ids(), ElementsAre("new"));
  EXPECT_EQ(change.upserted_size(), 2) << "other is as it was";
}

}  // namespace
}  // namespace clockwise
