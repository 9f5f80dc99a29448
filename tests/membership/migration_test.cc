// Tests a migration in other servers and after a restart.
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "service/api/refusal.h"
#include "service/ring/next_ring.h"
#include "tests/support/delete_ring.h"
#include "tests/support/membership_fixture.h"

namespace clockwise {
namespace {

class MigrationTest : public MembershipTest {
 protected:
  void SetUp() override {
    MembershipTest::SetUp();
    for (const char* id : {"a", "b", "c", "d", "e"}) Make(Add(id));
  }

  // Creates the ring "next" with the nodes of "default".
  void Migrate(Membership& membership) {
    v1::RingSpec spec;
    spec.set_name("next");
    spec.set_layout(v1::LAYOUT_PARTITIONED);
    spec.set_partition_bits(10);
    spec.set_replica_count(1);
    spec.set_migrating_from("default");
    ASSERT_TRUE(membership.CreateRing(spec).ok());
    ChangeRequest request =
        Many({Add("a"), Add("b"), Add("c"), Add("d"), Add("e")});
    request.ring = "next";
    ASSERT_TRUE(membership.Apply(request).ok());
  }

  static v1::Change End(Membership& membership) {
    ChangeRequest request;
    request.ring = "next";
    request.end_migration = true;
    request.request_id = "end";
    const auto change = membership.Apply(request);
    EXPECT_TRUE(change.ok()) << change.status();
    return change.value_or(v1::Change());
  }

  static std::string From(const Membership& membership) {
    return membership.Find("next").value()->ring().spec().migrating_from();
  }
};

TEST_F(MigrationTest, AnotherServerFollowsItsEndAndMayRepeatIt) {
  const std::unique_ptr<Membership> other = Open(store_);
  Migrate(*membership_);
  ASSERT_TRUE(other->Refresh("").ok());
  EXPECT_EQ(From(*other), "default");
  const v1::Change change = End(*membership_);
  EXPECT_EQ(change.epoch(), 3);
  ASSERT_TRUE(other->Refresh("next").ok());
  EXPECT_EQ(From(*other), "");
  EXPECT_EQ(other->Find("next").value()->epoch, 3);
  EXPECT_EQ(BytesOf(End(*other)), BytesOf(change));
}

TEST_F(MigrationTest, ARestartKnowsWhetherItEnded) {
  Migrate(*membership_);
  const auto ring = membership_->Find("next").value();
  Reopen();
  EXPECT_EQ(From(*membership_), "default");
  EXPECT_EQ(membership_->Find("next").value()->ring().fingerprint(),
            ring->ring().fingerprint());
  const v1::Change change = End(*membership_);
  EXPECT_EQ(change.fingerprint(), ring->ring().fingerprint());
  Reopen();
  EXPECT_EQ(From(*membership_), "");
  EXPECT_EQ(BytesOf(End(*membership_)), BytesOf(change));
}

TEST_F(MigrationTest, AServerThatIsBehindDeletesNoRingThatKeysComeFrom) {
  const std::unique_ptr<Membership> other = Open(store_);
  Migrate(*membership_);
  ASSERT_TRUE(other->Refresh("").ok());
  EXPECT_EQ(ReasonOf(DeleteRing(*other, "default")),
            v1::ERROR_REASON_RING_IN_USE);
  End(*membership_);
  ASSERT_TRUE(other->Refresh("").ok());
  EXPECT_TRUE(DeleteRing(*other, "default").ok());
}

TEST_F(MigrationTest, AServerThatIsBehindRefusesNoNodeForItsSake) {
  v1::RingSpec spec;
  spec.set_name("tokens");
  spec.set_layout(v1::LAYOUT_CASSANDRA);
  ASSERT_TRUE(membership_->CreateRing(spec).ok());
  const std::unique_ptr<Membership> other = Open(store_);
  const auto add = [](const std::string& id) {
    v1::Node node = RequestNode(id);
    node.add_points(7);
    ChangeRequest request = Add(node);
    request.ring = "tokens";
    return request;
  };
  ASSERT_TRUE(membership_->Apply(add("x")).ok());
  ASSERT_TRUE(other->Refresh("").ok());
  EXPECT_EQ(ReasonOf(other->Apply(add("y")).status()),
            v1::ERROR_REASON_NODES_UNPLACEABLE);
  ChangeRequest remove = Remove("x");
  remove.ring = "tokens";
  ASSERT_TRUE(membership_->Apply(remove).ok());
  // This server has not read yet that the token is free.
  EXPECT_TRUE(other->Apply(add("y")).ok());
}

TEST_F(MigrationTest, ItsFirstTableIsNearToTheRingThatKeysComeFrom) {
  Migrate(*membership_);
  const auto next = membership_->Find("next").value();
  const Ring& old = State()->ring();
  EXPECT_TRUE(HashAlike(old, next->ring()));
  int kept = 0;
  for (size_t row = 0; row < next->ring().slots(); ++row) {
    const KeyHash middle = {next->ring().SlotEnd(row) - (uint64_t{1} << 53), 0};
    const uint32_t was = old.slot_nodes()[old.SlotOf(middle)];
    const uint32_t is = next->ring().slot_nodes()[row];
    if (old.nodes()[was]->id() == next->ring().nodes()[is]->id()) ++kept;
  }
  EXPECT_GT(kept, 800);  // of 1,024; about a fifth by chance
}

}  // namespace
}  // namespace clockwise
