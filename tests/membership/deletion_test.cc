// Tests rings that are deleted, kept, restored and removed.
#include "service/membership/deletion.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "service/limits.h"
#include "service/store/store_rules.h"
#include "tests/support/delete_ring.h"
#include "tests/support/membership_fixture.h"
#include "tests/support/refusal_reading.h"

namespace clockwise {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Code = absl::StatusCode;

class DeletionTest : public MembershipTest {
 protected:
  static DeletionRequest Deleting(const std::string& ring = "default") {
    DeletionRequest request;
    request.ring = ring;
    request.force = true;
    request.actor = "operator";
    return request;
  }
  static UndeletionRequest Restoring(const std::string& ring = "default") {
    UndeletionRequest request;
    request.ring = ring;
    request.actor = "operator";
    return request;
  }
  void Delete(const std::string& ring = "default") {
    const auto deleted = membership_->DeleteRing(Deleting(ring));
    ASSERT_TRUE(deleted.ok()) << deleted.status();
  }
  // The epochs of the deleted rings, in the order of the list.
  std::vector<uint64_t> Kept() {
    std::vector<uint64_t> epochs;
    const auto rings = membership_->DeletedRings();
    for (const DeletedRing& ring : rings.value()) {
      epochs.push_back(ring.head.epoch);
    }
    return epochs;
  }
};

TEST_F(DeletionTest, ARestoredRingIsTheSameRingAtItsNextEpoch) {
  ChangeRequest add = Add("a");
  add.request_id = "add-a";
  const v1::Change first = Make(add);
  Make(Add("b"));
  const StatePtr before = State();
  DeletionRequest request = Deleting();
  request.reason = "a mistake";
  const v1::RingInfo deleted = membership_->DeleteRing(request).value().ring();
  EXPECT_EQ(deleted.epoch(), 3u);
  EXPECT_EQ(deleted.node_count(), 2u);
  EXPECT_EQ(deleted.deletion().actor(), "operator");
  EXPECT_EQ(deleted.deletion().reason(), "a mistake");
  EXPECT_EQ(ToTime(deleted.deletion().expire_time()),
            now_ + absl::Hours(limits::kKeepDeletedHours));
  Reopen();
  EXPECT_FALSE(membership_->Find("").ok());

  UndeletionRequest restoring = Restoring();
  restoring.reason = "sorry";
  restoring.request_id = "restore";
  const auto restored = membership_->UndeleteRing(restoring);
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->change.epoch(), 4u);
  EXPECT_EQ(restored->change.reason(), "sorry");
  EXPECT_EQ(restored->change.undeleted().reason(), "a mistake");
  EXPECT_EQ(restored->change.comparison().moved_ratio(), 0);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(State()->incarnation, before->incarnation);
    EXPECT_EQ(State()->ring().fingerprint(), before->ring().fingerprint());
    EXPECT_EQ(State()->history.size(), 3u);
    EXPECT_THAT(Ids(), ElementsAre("a", "b"));
    // A client at epoch 3 gets one change.
    EXPECT_EQ(DeltaSince(*State(), 3, true).value().epoch(), 4u);
    // Retries of old requests return their first results.
    EXPECT_EQ(Make(add).DebugString(), first.DebugString());
    const auto again = membership_->UndeleteRing(restoring);
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(again->change.epoch(), 4u);
    Reopen();
  }
  EXPECT_THAT(Kept(), IsEmpty());
  EXPECT_EQ(Make(Add("c")).epoch(), 5u);
}

TEST_F(DeletionTest, ARingInUseIsDeletedWithForceOnly) {
  uint64_t streams = 0;
  DeletionRequest request = Deleting();
  request.force = false;
  request.watch_streams = [&](const std::string& ring) {
    EXPECT_EQ(ring, "default");
    return streams;
  };
  Make(Add("a"));
  ExpectRefusal(membership_->DeleteRing(request).status(),
                Code::kFailedPrecondition, v1::ERROR_REASON_FORCE_REQUIRED);
  EXPECT_THAT(membership_->DeleteRing(request).status().message(),
              HasSubstr("has 1 node;"));
  streams = 3;
  Make(Add("b"));
  EXPECT_THAT(membership_->DeleteRing(request).status().message(),
              HasSubstr("has 2 nodes and 3 open Watch streams on this server"));
  Make(Many({Remove("a"), Remove("b")}));
  EXPECT_THAT(membership_->DeleteRing(request).status().message(),
              HasSubstr("has 3 open Watch streams"));
  EXPECT_EQ(Epoch(), 4u);
  EXPECT_THAT(Kept(), IsEmpty());
  streams = 0;
  EXPECT_TRUE(membership_->DeleteRing(request).ok());
  EXPECT_THAT(Kept(), ElementsAre(4u));
}

// Another server adds a node after this server has judged the empty ring.
TEST_F(DeletionTest, TheRingIsDeletedOnlyInTheStateThatWasJudged) {
  const std::unique_ptr<Membership> other = Open(memory_);
  store_.before = [&, first = true]() mutable {
    if (!std::exchange(first, false)) return absl::OkStatus();
    EXPECT_TRUE(other->Apply(Add("a")).ok());
    return absl::OkStatus();
  };
  DeletionRequest request = Deleting();
  request.force = false;
  EXPECT_EQ(ReasonOf(membership_->DeleteRing(request).status()),
            v1::ERROR_REASON_FORCE_REQUIRED);
  EXPECT_THAT(Ids(), ElementsAre("a"));
}

TEST_F(DeletionTest, ARingThatIsCreatedAgainMeanwhileIsNotDeleted) {
  const std::unique_ptr<Membership> other = Open(memory_);
  store_.before = [&, first = true]() mutable {
    if (!std::exchange(first, false)) return absl::OkStatus();
    EXPECT_TRUE(DeleteRing(*other, "default").ok());
    EXPECT_TRUE(other->CreateRing({}).ok());
    return absl::OkStatus();
  };
  EXPECT_EQ(ReasonOf(membership_->DeleteRing(Deleting()).status()),
            v1::ERROR_REASON_EPOCH_CONFLICT);
  EXPECT_TRUE(memory_.Load("default").ok());
}

TEST_F(DeletionTest, AnotherEpochOrIncarnationIsNotDeleted) {
  Make(Add("a"));
  DeletionRequest request = Deleting();
  request.expected_epoch = 1;
  EXPECT_EQ(ReasonOf(membership_->DeleteRing(request).status()),
            v1::ERROR_REASON_EPOCH_CONFLICT);
  request.expected_epoch = 2;
  request.expected_incarnation = State()->incarnation + 1;
  EXPECT_EQ(ReasonOf(membership_->DeleteRing(request).status()),
            v1::ERROR_REASON_EPOCH_CONFLICT);
  request.expected_incarnation = State()->incarnation;
  EXPECT_TRUE(membership_->DeleteRing(request).ok());
}

TEST_F(DeletionTest, ARetryReturnsTheFirstDeletionAndDeletesNothing) {
  DeletionRequest request = Deleting();
  request.request_id = "delete";
  const v1::RingInfo first = membership_->DeleteRing(request).value().ring();
  EXPECT_EQ(membership_->DeleteRing(request).value().ring().DebugString(),
            first.DebugString());
  // Another ring has the name now.
  ASSERT_TRUE(membership_->CreateRing({}).ok());
  EXPECT_EQ(membership_->DeleteRing(request).value().ring().DebugString(),
            first.DebugString());
  EXPECT_TRUE(membership_->Find("").ok());
  DeletionRequest reused = request;
  reused.reason = "another";
  EXPECT_EQ(ReasonOf(membership_->DeleteRing(reused).status()),
            v1::ERROR_REASON_REQUEST_ID_REUSED);
  // The first ring has the name again.
  Delete();
  UndeletionRequest restoring = Restoring();
  restoring.incarnation = first.incarnation();
  ASSERT_TRUE(membership_->UndeleteRing(restoring).ok());
  const auto again = membership_->DeleteRing(request).value();
  EXPECT_EQ(again.ring().DebugString(), first.DebugString());
  EXPECT_EQ(again.restored_epoch(), first.epoch() + 1);
  EXPECT_EQ(ReasonOf(membership_->DeleteRing(reused).status()),
            v1::ERROR_REASON_REQUEST_ID_REUSED);
  EXPECT_TRUE(membership_->Find("").ok());
  ChangeRequest add = Add("a");
  add.request_id = "add";
  Make(add);
  request.request_id = "add";
  EXPECT_EQ(ReasonOf(membership_->DeleteRing(request).status()),
            v1::ERROR_REASON_REQUEST_ID_REUSED);
}

TEST_F(DeletionTest, ALateRetryDoesNotRestoreARingThatWasDeletedAgain) {
  Delete();
  UndeletionRequest request = Restoring();
  request.request_id = "restore";
  ASSERT_TRUE(membership_->UndeleteRing(request).ok());
  Delete();
  EXPECT_EQ(ReasonOf(membership_->UndeleteRing(request).status()),
            v1::ERROR_REASON_REQUEST_ID_REUSED);
  request.request_id = "restore again";
  EXPECT_TRUE(membership_->UndeleteRing(request).ok());
}

TEST_F(DeletionTest, TheNewestDeletedRingOfANameComesBackFirst) {
  const uint64_t first = State()->incarnation;
  Make(Add("a"));
  Delete();
  now_ += absl::Seconds(1);
  ASSERT_TRUE(membership_->CreateRing({}).ok());
  ExpectRefusal(membership_->UndeleteRing(Restoring()).status(),
                Code::kAlreadyExists, v1::ERROR_REASON_RING_EXISTS);
  Delete();
  EXPECT_THAT(Kept(), ElementsAre(1u, 2u));
  ASSERT_TRUE(membership_->UndeleteRing(Restoring()).ok());
  EXPECT_NE(State()->incarnation, first);
  Delete();
  UndeletionRequest request = Restoring();
  request.incarnation = first;
  ASSERT_TRUE(membership_->UndeleteRing(request).ok());
  EXPECT_EQ(State()->incarnation, first);
  EXPECT_THAT(Ids(), ElementsAre("a"));
}

TEST_F(DeletionTest, AnUnknownOrInvalidRingIsNotRestored) {
  ExpectRefusal(membership_->UndeleteRing(Restoring("x")).status(),
                Code::kNotFound, v1::ERROR_REASON_RING_NOT_FOUND);
  ExpectFieldRefusal(membership_->UndeleteRing(Restoring("")).status(), "ring");
  UndeletionRequest request = Restoring();
  request.reason = std::string(limits::kMaxReasonBytes + 1, 'r');
  ExpectFieldRefusal(membership_->UndeleteRing(request).status(), "reason");
  DeletionRequest deletion = Deleting();
  deletion.request_id = std::string(limits::kMaxRequestIdBytes + 1, 'r');
  ExpectFieldRefusal(membership_->DeleteRing(deletion).status(), "request_id");
}

TEST_F(DeletionTest, AnExpiredRingIsRemoved) {
  Delete();
  now_ += absl::Hours(limits::kKeepDeletedHours) - absl::Seconds(1);
  EXPECT_THAT(Kept(), ElementsAre(1u));
  now_ += absl::Seconds(1);
  EXPECT_THAT(Kept(), IsEmpty());
  EXPECT_EQ(ReasonOf(membership_->UndeleteRing(Restoring()).status()),
            v1::ERROR_REASON_RING_NOT_FOUND);
  EXPECT_EQ(memory_.Deleted()->size(), 1u);
  Reopen();  // a start removes it
  EXPECT_THAT(*memory_.Deleted(), IsEmpty());
}

TEST_F(DeletionTest, ARingIsNotKeptIfTheSettingIsZero) {
  Membership::Options options = OptionsFor(store_);
  options.keep_deleted = absl::ZeroDuration();
  membership_ = Membership::Open(options).value();
  const v1::RingInfo deleted =
      membership_->DeleteRing(Deleting()).value().ring();
  EXPECT_FALSE(deleted.deletion().has_expire_time());
  EXPECT_THAT(*memory_.Deleted(), IsEmpty());
}

TEST_F(DeletionTest, TheOldestAreRemovedAboveTheBounds) {
  const auto kept = [](int64_t second, uint64_t bytes) {
    DeletedRing ring;
    ring.head.epoch = static_cast<uint64_t>(second);
    ring.record.set_data_bytes(bytes);
    ring.record.mutable_deletion()->mutable_delete_time()->set_seconds(second);
    ring.record.mutable_deletion()->mutable_expire_time()->set_seconds(9'999);
    return ring;
  };
  const auto due = [](const std::vector<DeletedRing>& rings, int64_t now) {
    std::vector<uint64_t> epochs;
    for (const DeletedRing& ring :
         DueForPurge(rings, absl::FromUnixSeconds(now))) {
      epochs.push_back(ring.head.epoch);
    }
    return epochs;
  };
  std::vector<DeletedRing> rings;
  for (size_t i = 1; i <= limits::kMaxDeletedRings; ++i) {
    rings.push_back(kept(static_cast<int64_t>(i), 1));
  }
  EXPECT_THAT(due(rings, 9'998), IsEmpty());
  EXPECT_EQ(due(rings, 9'999).size(), rings.size());
  rings.push_back(kept(5'000, 1));
  EXPECT_THAT(due(rings, 9'998), ElementsAre(1u));
  const uint64_t half = limits::kMaxDeletedRingBytes / 2;
  EXPECT_THAT(due({kept(1, half), kept(3, half), kept(2, 1)}, 9),
              ElementsAre(1u));
  EXPECT_THAT(due({kept(1, half), kept(2, half)}, 9), IsEmpty());
}

TEST_F(DeletionTest, AMigrationContinuesOnlyFromTheSameSource) {
  v1::RingSpec spec;
  spec.set_name("new");
  spec.set_migrating_from("default");
  ASSERT_TRUE(membership_->CreateRing(spec).ok());
  EXPECT_EQ(ReasonOf(membership_->DeleteRing(Deleting()).status()),
            v1::ERROR_REASON_RING_IN_USE);
  Delete("new");
  auto restored = membership_->UndeleteRing(Restoring("new"));
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->state->ring().spec().migrating_from(), "default");
  Delete("new");
  Delete();
  ASSERT_TRUE(membership_->CreateRing({}).ok());  // another "default"
  restored = membership_->UndeleteRing(Restoring("new"));
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->state->ring().spec().migrating_from(), "");
  EXPECT_EQ(restored->change.ended_migration_from(), "default");
  Reopen();
  EXPECT_EQ(membership_->Find("new").value()->epoch, 3u);
  Delete();
}

TEST_F(DeletionTest, OtherServersFollowARestoredRing) {
  Make(Add("a"));
  // One has not seen the deletion when the ring is back; one has.
  const std::unique_ptr<Membership> late = Open(memory_);
  const std::unique_ptr<Membership> quick = Open(memory_);
  Delete();
  ASSERT_TRUE(quick->Refresh("default").ok());
  EXPECT_FALSE(quick->Find("").ok());
  ASSERT_TRUE(membership_->UndeleteRing(Restoring()).ok());
  for (Membership* server : {late.get(), quick.get()}) {
    ASSERT_TRUE(server->Refresh("default").ok());
    const StatePtr state = server->Find("").value();
    EXPECT_EQ(state->epoch, 3u);
    EXPECT_EQ(state->incarnation, State()->incarnation);
    EXPECT_EQ(state->history.size(), 2u);
  }
  EXPECT_EQ(late->Apply(Add("b"))->epoch(), 4u);
}

TEST_F(DeletionTest, ARingThatDoesNotFitIsNotRestored) {
  Make(Add("a"));
  Delete();
  Membership::Options options = OptionsFor(store_);
  options.max_points = 4;
  membership_ = Membership::Open(options).value();
  EXPECT_EQ(ReasonOf(membership_->UndeleteRing(Restoring()).status()),
            v1::ERROR_REASON_LIMIT_REACHED);
  EXPECT_THAT(Kept(), ElementsAre(2u));
}

}  // namespace
}  // namespace clockwise
