// Tests ApplyChanges: it makes many changes in one epoch, or none.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "service/limits.h"
#include "tests/support/membership_fixture.h"
#include "tests/support/refusal_reading.h"

namespace clockwise {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using Code = absl::StatusCode;

class ApplyChangesTest : public MembershipTest {
 protected:
  void SetUp() override {
    MembershipTest::SetUp();
    Make(Many({Add("a"), Add("b"), Add("c")}));
  }
};

TEST_F(ApplyChangesTest, MakesAllChangesInOneEpoch) {
  EXPECT_EQ(Epoch(), 2u);
  const v1::Change change =
      Make(Many({Remove("c"), Add("e"), Update(RequestNode("a", 4)),
                 Remove("b"), Add("d")}));
  EXPECT_EQ(change.epoch(), 3u);
  EXPECT_THAT(Ids(), ElementsAre("a", "d", "e"));
  EXPECT_EQ(Node("a").weight(), 4u);
  EXPECT_THAT(change.removed_ids(), ElementsAre("b", "c"));
  ASSERT_EQ(change.upserted_size(), 3);
  EXPECT_EQ(change.upserted(0).id(), "a");
  EXPECT_EQ(change.upserted(1).id(), "d");
  EXPECT_EQ(change.upserted(2).id(), "e");
  EXPECT_THAT(change.added_ids(), ElementsAre("d", "e"));
  EXPECT_THAT(ChangeOf(*State()->history.back()).added_ids(),
              ElementsAre("d", "e"));
}

TEST_F(ApplyChangesTest, MakesNoneIfOneIsRefused) {
  const std::vector<ChangeRequest> good = {Add("d"), Remove("a"),
                                           Update(RequestNode("b", 9))};
  struct Bad {
    ChangeRequest request;
    v1::ErrorReason reason;
  };
  const std::vector<Bad> bad = {
      {Remove("x"), v1::ERROR_REASON_NODE_NOT_FOUND},
      {Update(RequestNode("x", 2)), v1::ERROR_REASON_NODE_NOT_FOUND},
      {Add(RequestNode("c", 2)), v1::ERROR_REASON_NODE_EXISTS},
      {Add(""), v1::ERROR_REASON_FIELD_INVALID},
      {Add(RequestNode("x", 65'536)), v1::ERROR_REASON_FIELD_INVALID}};
  for (const Bad& one : bad) {
    for (size_t at = 0; at <= good.size(); ++at) {
      std::vector<ChangeRequest> all = good;
      all.insert(all.begin() + at, one.request);
      const absl::Status refused = Refused(Many(all));
      EXPECT_EQ(ReasonOf(refused), one.reason);
      EXPECT_THAT(FieldOf(refused), StartsWith(absl::StrCat("changes[", at)));
    }
  }
  EXPECT_EQ(Epoch(), 2u);
}

TEST_F(ApplyChangesTest, RefusesTwoChangesOfOneNode) {
  const std::vector<std::vector<ChangeRequest>> twice = {
      {Add("d"), Add("d")},
      {Add("d"), Remove("d")},
      {Remove("a"), Update(RequestNode("a", 2))},
      {Remove("a"), Add("a"), Remove("a")},
      {Remove("a"), Add("a"), Add("a")},
      {Remove("a"), Remove("a")},
      {Update(RequestNode("a", 2)), Update(RequestNode("a", 3))},
      {Update(RequestNode("a", 2)), Add("d"), Remove("a")}};
  for (const std::vector<ChangeRequest>& requests : twice) {
    const absl::Status status = Refused(Many(requests));
    ExpectRefusal(status, Code::kInvalidArgument,
                  v1::ERROR_REASON_FIELD_INVALID);
    EXPECT_THAT(FieldOf(status),
                StartsWith("changes[" + std::to_string(requests.size() - 1)));
  }
}

TEST_F(ApplyChangesTest, AnAddAfterARemovalReplacesTheNode) {
  const uint64_t before = State()->ring().fingerprint();
  v1::Node other = RequestNode("b", 3);
  other.set_hash_key("other");
  const v1::Change change = Make(Many({Remove("b"), Remove("a"), Add(other)}));
  EXPECT_THAT(Ids(), ElementsAre("b", "c"));
  EXPECT_EQ(Node("b").hash_key(), "other");
  EXPECT_GT(Node("b").ordinal(), Node("c").ordinal());
  EXPECT_THAT(change.removed_ids(), ElementsAre("a"));
  ASSERT_EQ(change.upserted_size(), 1);
  EXPECT_EQ(change.added_ids_size(), 0);
  // The same nodes again: only their order differs, which HASHED does not use.
  const uint64_t after = State()->ring().fingerprint();
  EXPECT_NE(after, before);
  const v1::Change again =
      Make(Many({Remove("b"), Remove("c"), Add(other), Add("c")}));
  EXPECT_EQ(again.comparison().moved_ratio(), 0);
  EXPECT_EQ(State()->ring().fingerprint(), after);
}

TEST_F(ApplyChangesTest, RefusesNoChanges) {
  ExpectFieldRefusal(Refused(Many({})), "changes");
}

TEST_F(ApplyChangesTest, RefusesAChangeThatSaysNothing) {
  ChangeRequest request = Many({Add("d")});
  request.changes.emplace_back();
  const absl::Status status = Refused(request);
  ExpectRefusal(status, Code::kInvalidArgument, v1::ERROR_REASON_FIELD_INVALID);
  EXPECT_THAT(FieldOf(status), StartsWith("changes[1]"));
}

TEST_F(ApplyChangesTest, MakesAtMost10000Changes) {
  v1::RingSpec spec;
  spec.set_name("wide");
  spec.set_virtual_node_count(1);
  ASSERT_TRUE(membership_->CreateRing(spec).ok());
  ChangeRequest request;
  request.ring = "wide";
  for (int i = 0; i < 10'000; ++i) {
    request.changes.push_back(Add("n" + std::to_string(i)).changes[0]);
  }
  EXPECT_EQ(Make(request).epoch(), 2u);
  EXPECT_EQ(membership_->Find("wide").value()->ring().nodes().size(), 10'000u);
  request.changes.push_back(Add("one-more").changes[0]);
  ExpectFieldRefusal(Refused(request), "changes", "10000");
  EXPECT_EQ(membership_->Find("wide").value()->epoch, 2u);
}

TEST_F(ApplyChangesTest, ThatChangesNothingIsOkAndNoNewEpoch) {
  const v1::Change change =
      Make(Many({Add("a"), Update(RequestNode("b", 1)), Add("c")}));
  EXPECT_EQ(change.epoch(), 2u);
  EXPECT_EQ(Epoch(), 2u);
}

TEST_F(ApplyChangesTest, TellsOnlyWhatReallyChanged) {
  const v1::Change change =
      Make(Many({Add("a"), Update(RequestNode("b", 1)), Add("d")}));
  EXPECT_EQ(change.epoch(), 3u);
  ASSERT_EQ(change.upserted_size(), 1);
  EXPECT_EQ(change.upserted(0).id(), "d");
}

TEST_F(ApplyChangesTest, MayEmptyTheRing) {
  const v1::Change change = Make(Many({Remove("a"), Remove("b"), Remove("c")}));
  EXPECT_EQ(change.comparison().moved_ratio(), 0);
  EXPECT_THAT(Ids(), IsEmpty());
}

TEST_F(ApplyChangesTest, GivesJoiningNodesOrdinalsInTheOrderOfTheRequest) {
  Make(Many({Add("z"), Add("y"), Add("d")}));
  EXPECT_GT(Node("z").ordinal(), Node("c").ordinal());
  EXPECT_GT(Node("y").ordinal(), Node("z").ordinal());
  EXPECT_GT(Node("d").ordinal(), Node("y").ordinal());
}

}  // namespace
}  // namespace clockwise
