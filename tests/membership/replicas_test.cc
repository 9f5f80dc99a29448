// Tests several Memberships over one store, as several servers over one etcd,
// and many threads over one Membership.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "tests/support/delete_ring.h"
#include "tests/support/membership_fixture.h"
#include "tests/support/refusal_reading.h"

namespace clockwise {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ReplicasTest = MembershipTest;
using Code = absl::StatusCode;

// Applies the change, and retries it with the same request_id while other
// writers win. Returns its epoch.
uint64_t Insist(Membership& membership, ChangeRequest request,
                const std::string& id) {
  request.request_id = id;
  while (true) {
    const absl::StatusOr<v1::Change> change = membership.Apply(request);
    if (change.ok()) return change->epoch();
    if (ReasonOf(change.status()) != v1::ERROR_REASON_EPOCH_CONFLICT) {
      ADD_FAILURE() << change.status();
      return 0;
    }
  }
}

TEST_F(ReplicasTest, AllChangesOfFourThreadsLandAndEpochsAreDense) {
  constexpr int kThreads = 4, kChanges = 60;
  const std::unique_ptr<Membership> other = Open(store_);
  std::vector<std::vector<uint64_t>> epochs(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      Membership& mine = t % 2 == 0 ? *membership_ : *other;
      for (int i = 0; i < kChanges; ++i) {
        const std::string id = std::to_string(t) + "-" + std::to_string(i);
        epochs[t].push_back(Insist(mine, Add(id), "add-" + id));
        if (i % 3 != 0) continue;
        epochs[t].push_back(Insist(mine, Remove(id), "remove-" + id));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<uint64_t> all;
  for (const std::vector<uint64_t>& mine : epochs) {
    EXPECT_TRUE(std::is_sorted(mine.begin(), mine.end()));
    all.insert(mine.begin(), mine.end());
  }
  const size_t changes = kThreads * (kChanges + kChanges / 3);
  EXPECT_EQ(all.size(), changes);
  EXPECT_EQ(*all.begin(), 2u);
  EXPECT_EQ(*all.rbegin(), changes + 1);
  Reopen();
  EXPECT_EQ(Epoch(), changes + 1);
  EXPECT_EQ(Ids().size(), size_t{kThreads * (kChanges - kChanges / 3)});
  for (size_t i = 0; i < changes; ++i) {
    EXPECT_EQ(State()->history[i]->change().epoch(), i + 2);
  }
}

TEST_F(ReplicasTest, ReadersSeeEpochsThatOnlyRise) {
  std::atomic<bool> done = false;
  std::vector<std::thread> readers;
  for (int t = 0; t < 2; ++t) {
    readers.emplace_back([&] {
      uint64_t last = 0;
      while (!done) {
        const StatePtr state = State();
        EXPECT_GE(state->epoch, last);
        EXPECT_EQ(state->ring().nodes().size(), state->epoch - 1);
        last = state->epoch;
      }
    });
  }
  for (int i = 0; i < 100; ++i) Make(Add("n" + std::to_string(i)));
  done = true;
  for (std::thread& reader : readers) reader.join();
}

TEST_F(ReplicasTest, AServerThatIsBehindCatchesUpAndThenChanges) {
  const std::unique_ptr<Membership> other = Open(store_);
  Make(Add("a"));
  Make(Add("b"));
  EXPECT_EQ(other->Apply(Add("c")).value().epoch(), 4u);
  EXPECT_EQ(other->Find("").value()->ring().nodes().size(), 3u);
  EXPECT_EQ(other->Find("").value()->history.size(), 3u);
  EXPECT_EQ(Make(Add("d")).epoch(), 5u);
  EXPECT_THAT(Ids(), ElementsAre("a", "b", "c", "d"));
}

TEST_F(ReplicasTest, AServerThatIsBehindJudgesByTheNewestRing) {
  const std::unique_ptr<Membership> other = Open(store_);
  Make(Add(RequestNode("a", 2)));
  Make(Add("b"));
  ChangeRequest expecting = Add("c");
  expecting.expected_epoch = 1;
  EXPECT_EQ(ReasonOf(other->Apply(expecting).status()),
            v1::ERROR_REASON_EPOCH_CONFLICT);
  EXPECT_EQ(ReasonOf(other->Apply(Add(RequestNode("a", 3))).status()),
            v1::ERROR_REASON_NODE_EXISTS);
  EXPECT_EQ(memory_.Load("default").value().head.epoch, 3u);
}

// A change that one server acknowledged must not make the next server reject a
// valid request.
TEST_F(ReplicasTest, AServerThatIsBehindRefusesNothingThatTheNewestRingAllows) {
  const std::unique_ptr<Membership> other = Open(store_);
  Make(Add(RequestNode("a", 1)));
  EXPECT_TRUE(other->Apply(Remove("a")).ok());
  EXPECT_TRUE(membership_->Apply(Add(RequestNode("a", 2))).ok());
  ChangeRequest expecting = Add("b");
  expecting.expected_epoch = memory_.Load("default").value().head.epoch;
  EXPECT_TRUE(other->Apply(expecting).ok());
}

// "Nothing to change" is also a reply. It must be true for the newest ring.
TEST_F(ReplicasTest, AServerThatIsBehindAcknowledgesNothingThatIsNotSo) {
  Make(Many({Add("a"), Add("b")}));
  const std::unique_ptr<Membership> other = Open(store_);
  Make(Remove("a"));
  EXPECT_TRUE(other->Apply(Add("a")).ok());
  EXPECT_EQ(memory_.Load("default").value().nodes.size(), 2u);
}

TEST_F(ReplicasTest, ARetryAtAnotherServerGetsTheFirstAnswer) {
  const std::unique_ptr<Membership> other = Open(store_);
  ChangeRequest request = Add("a");
  request.request_id = "r";
  request.include_moves = true;
  const v1::Change first = Make(request);
  Make(Add("b"));
  EXPECT_EQ(other->Apply(request).value().DebugString(), first.DebugString());
  EXPECT_EQ(memory_.Load("default").value().head.epoch, 3u);
}

TEST_F(ReplicasTest, ARingDeletedElsewhereIsNotFoundAtTheNextChange) {
  const std::unique_ptr<Membership> other = Open(store_);
  ASSERT_TRUE(DeleteRing(*other, "default").ok());
  EXPECT_EQ(ReasonOf(membership_->Apply(Add("a")).status()),
            v1::ERROR_REASON_RING_NOT_FOUND);
  EXPECT_EQ(ReasonOf(membership_->Find("").status()),
            v1::ERROR_REASON_RING_NOT_FOUND);
}

TEST_F(ReplicasTest, ARingMadeAnewElsewhereIsTakenOver) {
  Make(Add("old"));
  const std::unique_ptr<Membership> other = Open(store_);
  ASSERT_TRUE(DeleteRing(*other, "default").ok());
  const StatePtr anew = other->CreateRing({}).value();
  EXPECT_EQ(Make(Add("a")).epoch(), 2u);
  EXPECT_THAT(Ids(), ElementsAre("a"));
  EXPECT_EQ(State()->incarnation, anew->incarnation);
}

TEST_F(ReplicasTest, ARingMadeAnewElsewhereCanBeDeletedHere) {
  const std::unique_ptr<Membership> other = Open(store_);
  ASSERT_TRUE(DeleteRing(*other, "default").ok());
  ASSERT_TRUE(other->CreateRing({}).ok());
  const absl::Status deleted = DeleteRing(*membership_, "default");
  EXPECT_TRUE(deleted.ok()) << deleted;
  EXPECT_FALSE(memory_.Load("default").ok());
}

TEST_F(ReplicasTest, ARingDeletedElsewhereIsReallyMadeByCreatingIt) {
  const std::unique_ptr<Membership> other = Open(store_);
  ASSERT_TRUE(DeleteRing(*other, "default").ok());
  ASSERT_TRUE(membership_->CreateRing(State()->ring().spec()).ok());
  EXPECT_TRUE(memory_.Load("default").ok());
}

TEST_F(ReplicasTest, ARingCreatedElsewhereIsFoundByCreatingIt) {
  const std::unique_ptr<Membership> other = Open(store_);
  v1::RingSpec spec;
  spec.set_name("second");
  const StatePtr made = membership_->CreateRing(spec).value();
  const absl::StatusOr<StatePtr> same = other->CreateRing(spec);
  ASSERT_TRUE(same.ok()) << same.status();
  EXPECT_EQ((*same)->incarnation, made->incarnation);
  spec.set_name("third");
  ASSERT_TRUE(membership_->CreateRing(spec).ok());
  spec.set_virtual_node_count(7);
  EXPECT_EQ(ReasonOf(other->CreateRing(spec).status()),
            v1::ERROR_REASON_RING_EXISTS);
}

}  // namespace
}  // namespace clockwise
