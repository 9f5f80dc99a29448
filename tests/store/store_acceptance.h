// The acceptance suite that defines a Store.
//
// It is a typed suite over a Backend, which keeps the rings:
//   struct Backend {
//     std::shared_ptr<Store> NewStore();  // empty; called first
//     // Returns the store as a restarted program would find it.
//     std::shared_ptr<Store> Reopen(std::shared_ptr<Store> store);
//   };
#ifndef CLOCKWISE_TESTS_STORE_STORE_ACCEPTANCE_H_
#define CLOCKWISE_TESTS_STORE_STORE_ACCEPTANCE_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/limits.h"
#include "service/store/store_rules.h"
#include "tests/store/store_testing.h"

namespace clockwise {

template <typename Backend>
class StoreAcceptance : public testing::Test {
 protected:
  void Reopen() { store_ = backend_.Reopen(std::move(store_)); }
  // Returns a ring that must exist.
  StoredRing Stored(const std::string& ring) {
    auto stored = store_->Load(ring);
    EXPECT_OK(stored.status());
    if (!stored.ok()) return StoredRing();
    // Head and Load return the same head.
    const auto head = store_->Head(ring);
    EXPECT_OK(head.status());
    StoredRing alone;
    StoredRing of_whole;
    alone.head = head.ok() ? *head : RingHead();
    of_whole.head = stored->head;
    EXPECT_EQ(TextOf(alone), TextOf(of_whole));
    return *std::move(stored);
  }

  Backend backend_;
  std::shared_ptr<Store> store_ = backend_.NewStore();
};

TYPED_TEST_SUITE_P(StoreAcceptance);

TYPED_TEST_P(StoreAcceptance, ANewStoreHoldsNoRingsAndIsUp) {
  const auto rings = this->store_->LoadAll();
  ASSERT_OK(rings.status());
  EXPECT_TRUE(rings->empty());
  EXPECT_TRUE(this->store_->up());
}

TYPED_TEST_P(StoreAcceptance, ACreatedRingIsThereAfterReopening) {
  ASSERT_OK(this->store_->Create(HeadOf("r")));
  this->Reopen();
  StoredRing expected;
  expected.head = HeadOf("r");
  EXPECT_EQ(TextOf(this->Stored("r")), TextOf(expected));
}

TYPED_TEST_P(StoreAcceptance, ACommitIsThereAfterReopening) {
  ASSERT_OK(this->store_->Create(HeadOf("r")));
  const Commit commit = CommitOf("r", 2, {NodeOf("a", "host:1"), NodeOf("b")});
  ASSERT_OK(this->store_->Apply(commit));
  StoredRing expected;
  expected.head = HeadOf("r");
  expected.head.epoch = 2;
  expected.head.fingerprint = 1002;
  expected.nodes = {NodeOf("a", "host:1"), NodeOf("b")};
  expected.history = {commit.record};
  EXPECT_EQ(TextOf(this->Stored("r")), TextOf(expected));
  this->Reopen();
  EXPECT_EQ(TextOf(this->Stored("r")), TextOf(expected));
}

TYPED_TEST_P(StoreAcceptance, ASecondRingOfOneNameIsRefused) {
  ASSERT_OK(this->store_->Create(HeadOf("r", 1)));
  EXPECT_REFUSED(this->store_->Create(HeadOf("r", 2)), RING_EXISTS);
  EXPECT_EQ(this->Stored("r").head.incarnation, 1);
}

TYPED_TEST_P(StoreAcceptance, AnUnknownRingIsNotFound) {
  ASSERT_OK(this->store_->Create(HeadOf("r")));
  EXPECT_REFUSED(this->store_->Load("x").status(), RING_NOT_FOUND);
  EXPECT_REFUSED(this->store_->Head("x").status(), RING_NOT_FOUND);
  EXPECT_REFUSED(this->store_->Delete("x", 7), RING_NOT_FOUND);
  EXPECT_REFUSED(this->store_->Apply(CommitOf("x", 2)), RING_NOT_FOUND);
  EXPECT_TRUE(this->store_->up());
}

TYPED_TEST_P(StoreAcceptance, AHeadIsThatOfTheWholeRing) {
  ASSERT_OK(this->store_->Create(HeadOf("r")));
  ASSERT_OK(this->store_->Apply(CommitOf("r", 2, {NodeOf("a")})));
  EXPECT_REFUSED(this->store_->Head("x").status(), RING_NOT_FOUND);
  for (int i = 0; i < 2; ++i) {
    StoredRing head_only;
    const auto head = this->store_->Head("r");
    ASSERT_OK(head.status());
    head_only.head = *head;
    StoredRing expected;
    expected.head = this->Stored("r").head;
    EXPECT_EQ(TextOf(head_only), TextOf(expected));
    this->Reopen();
  }
}

TYPED_TEST_P(StoreAcceptance, AStaleEpochChangesNothing) {
  ASSERT_OK(this->store_->Create(HeadOf("r")));
  ASSERT_OK(this->store_->Apply(CommitOf("r", 2, {NodeOf("a")})));
  ASSERT_OK(this->store_->Apply(CommitOf("r", 3, {NodeOf("b")})));
  const std::string before = TextOf(*this->store_);
  for (const uint64_t epoch : {0, 1, 2, 3}) {
    EXPECT_REFUSED(
        this->store_->Apply(CommitOf("r", epoch, {NodeOf("c")}, {"a"})),
        EPOCH_CONFLICT);
  }
  EXPECT_EQ(TextOf(*this->store_), before);
  this->Reopen();
  EXPECT_EQ(TextOf(*this->store_), before);
}

TYPED_TEST_P(StoreAcceptance, AnEpochTooFarAheadChangesNothing) {
  ASSERT_OK(this->store_->Create(HeadOf("r")));
  const std::string before = TextOf(*this->store_);
  for (const uint64_t epoch :
       {uint64_t{3}, std::numeric_limits<uint64_t>::max()}) {
    EXPECT_REFUSED(this->store_->Apply(CommitOf("r", epoch, {NodeOf("c")})),
                   EPOCH_CONFLICT);
  }
  EXPECT_EQ(TextOf(*this->store_), before);
}

TYPED_TEST_P(StoreAcceptance, OfConcurrentCommitsAtOneEpochExactlyOneWins) {
  constexpr int kThreads = 4;
  constexpr uint64_t kLastEpoch = 40;
  ASSERT_OK(this->store_->Create(HeadOf("r")));
  std::vector<std::atomic<int>> winners(kLastEpoch + 1);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const std::vector<v1::Node> nodes = {NodeOf(absl::StrCat("by", t))};
      uint64_t epoch = 2;
      while (epoch <= kLastEpoch) {
        // All threads try each epoch, and continue when one of them has
        // committed it.
        const absl::Status status =
            this->store_->Apply(CommitOf("r", epoch, nodes));
        if (status.ok()) ++winners[epoch];
        if (!status.ok() && !absl::IsAborted(status)) {
          ADD_FAILURE() << status;
          return;
        }
        ++epoch;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (uint64_t epoch = 2; epoch <= kLastEpoch; ++epoch) {
    EXPECT_EQ(winners[epoch], 1) << "epoch " << epoch;
  }
  this->Reopen();
  EXPECT_EQ(this->Stored("r").history.size(), kLastEpoch - 1);
}

TYPED_TEST_P(StoreAcceptance, NodesAreSortedByTheBytesOfTheirIds) {
  ASSERT_OK(this->store_->Create(HeadOf("r")));
  std::vector<std::string> ids = {"b", "a10", "a2", "B", "a", "a-b", "a/b"};
  uint64_t epoch = 1;
  for (const std::string& id : ids) {
    ASSERT_OK(this->store_->Apply(CommitOf("r", ++epoch, {NodeOf(id)})));
  }
  std::sort(ids.begin(), ids.end());
  this->Reopen();
  EXPECT_EQ(IdsOf(this->Stored("r")), ids);
}

TYPED_TEST_P(StoreAcceptance, AnUpsertReplacesTheWholeNode) {
  v1::Node old = NodeOf("a", "host:1");
  old.set_zone("z");
  (*old.mutable_labels())["k"] = "v";
  ASSERT_OK(this->store_->Create(HeadOf("r")));
  ASSERT_OK(this->store_->Apply(CommitOf("r", 2, {old})));
  ASSERT_OK(this->store_->Apply(CommitOf("r", 3, {NodeOf("a", "host:2")})));
  this->Reopen();
  ASSERT_EQ(this->Stored("r").nodes.size(), 1);
  EXPECT_EQ(this->Stored("r").nodes[0].DebugString(),
            NodeOf("a", "host:2").DebugString());
}

TYPED_TEST_P(StoreAcceptance, RemovedNodesAreGoneAndTheLastMayGo) {
  ASSERT_OK(this->store_->Create(HeadOf("r")));
  ASSERT_OK(this->store_->Apply(
      CommitOf("r", 2, {NodeOf("a"), NodeOf("b"), NodeOf("c")})));
  ASSERT_OK(this->store_->Apply(CommitOf("r", 3, {NodeOf("d")}, {"a", "c"})));
  EXPECT_EQ(IdsOf(this->Stored("r")), (std::vector<std::string>{"b", "d"}));
  ASSERT_OK(this->store_->Apply(CommitOf("r", 4, {}, {"b", "d"})));
  this->Reopen();
  EXPECT_TRUE(this->Stored("r").nodes.empty());
  EXPECT_EQ(this->Stored("r").head.epoch, 4);
}

TYPED_TEST_P(StoreAcceptance, HistoryKeepsTheLastChanges) {
  ASSERT_OK(this->store_->Create(HeadOf("r")));
  for (uint64_t epoch = 2; epoch <= 10; ++epoch) {
    Commit commit = CommitOf("r", epoch, {NodeOf("a")});
    commit.history_changes = 4;
    ASSERT_OK(this->store_->Apply(commit));
  }
  this->Reopen();
  EXPECT_EQ(EpochsOf(this->Stored("r")), (std::vector<uint64_t>{7, 8, 9, 10}));
  Commit fewer = CommitOf("r", 11);
  fewer.history_changes = 2;
  ASSERT_OK(this->store_->Apply(fewer));
  EXPECT_EQ(EpochsOf(this->Stored("r")), (std::vector<uint64_t>{10, 11}));
  Commit more = CommitOf("r", 12);
  more.history_changes = 100;
  ASSERT_OK(this->store_->Apply(more));
  EXPECT_EQ(EpochsOf(this->Stored("r")), (std::vector<uint64_t>{10, 11, 12}));
}

TYPED_TEST_P(StoreAcceptance, ARecordComesBackWhole) {
  ASSERT_OK(this->store_->Create(HeadOf("r")));
  Commit commit = CommitOf("r", 2, {NodeOf("a")}, {"gone"});
  commit.record.set_request_digest(0xfedcba9876543210);
  *commit.record.add_before() = NodeOf("gone", "was:here");
  v1::Change* change = commit.record.mutable_change();
  change->set_actor("somebody");
  change->set_reason("because");
  change->set_request_id("id-1");
  change->mutable_comparison()->set_moved_ratio(0.1);
  change->mutable_accept_time()->set_seconds(1'700'000'000);
  change->mutable_comparison()->mutable_balance_after()->set_peak_to_mean(1.25);
  ASSERT_OK(this->store_->Apply(commit));
  this->Reopen();
  ASSERT_EQ(this->Stored("r").history.size(), 1);
  EXPECT_EQ(this->Stored("r").history[0].DebugString(),
            commit.record.DebugString());
}

TYPED_TEST_P(StoreAcceptance, ADeletedRingIsGoneAfterReopening) {
  ASSERT_OK(this->store_->Create(HeadOf("r")));
  ASSERT_OK(this->store_->Create(HeadOf("s")));
  ASSERT_OK(this->store_->Apply(CommitOf("r", 2, {NodeOf("a")})));
  EXPECT_REFUSED(this->store_->Delete("r", 8), EPOCH_CONFLICT);
  ASSERT_OK(this->store_->Delete("r", 7));
  this->Reopen();
  EXPECT_REFUSED(this->store_->Load("r").status(), RING_NOT_FOUND);
  EXPECT_EQ(this->store_->LoadAll()->size(), 1);
}

TYPED_TEST_P(StoreAcceptance,
             ADeletedAndRecreatedRingRefusesTheOldIncarnation) {
  ASSERT_OK(this->store_->Create(HeadOf("r", 1)));
  ASSERT_OK(this->store_->Apply(CommitOf("r", 2, {NodeOf("a")}, {}, 1)));
  ASSERT_OK(this->store_->Delete("r", 1));
  ASSERT_OK(this->store_->Create(HeadOf("r", 2)));
  EXPECT_REFUSED(this->store_->Apply(CommitOf("r", 2, {NodeOf("b")}, {}, 1)),
                 EPOCH_CONFLICT);
  EXPECT_REFUSED(this->store_->Delete("r", 1), EPOCH_CONFLICT);
  StoredRing expected;  // nothing of the deleted ring
  expected.head = HeadOf("r", 2);
  EXPECT_EQ(TextOf(this->Stored("r")), TextOf(expected));
}

TYPED_TEST_P(StoreAcceptance, NulAndUtf8Survive) {
  using namespace std::string_literals;
  RingHead head = HeadOf("ring/ü\0x"s);
  v1::Node node = NodeOf("n\0de"s, "höst:1");
  (*node.mutable_labels())["nul\0key"s] = "\0value\0"s;
  (*node.mutable_labels())["日本"] = "語🙂";
  (*node.mutable_labels())[""] = "";
  const std::string ring = head.spec.name();
  ASSERT_OK(this->store_->Create(head));
  ASSERT_OK(this->store_->Apply(CommitOf(ring, 2, {node, NodeOf("n")})));
  this->Reopen();
  const StoredRing stored = this->Stored(ring);
  ASSERT_EQ(stored.nodes.size(), 2);
  EXPECT_EQ(stored.nodes[1].DebugString(), node.DebugString());
  ASSERT_OK(this->store_->Apply(CommitOf(ring, 3, {}, {node.id()})));
  EXPECT_EQ(IdsOf(this->Stored(ring)), std::vector<std::string>{"n"});
}

TYPED_TEST_P(StoreAcceptance, TheGreatestNumbersSurvive) {
  constexpr uint64_t kGreatest = std::numeric_limits<uint64_t>::max();
  RingHead head = HeadOf("r", kGreatest);
  head.epoch = kGreatest - 3;
  head.fingerprint = kGreatest;
  ASSERT_OK(this->store_->Create(head));
  for (uint64_t epoch = kGreatest - 2; epoch != 0; ++epoch) {
    v1::Node node = NodeOf("a");
    node.set_ordinal(kGreatest);
    Commit commit = CommitOf("r", epoch, {node}, {}, kGreatest);
    commit.history_changes = 2;
    commit.record.set_request_digest(kGreatest);
    commit.record.mutable_change()->set_fingerprint(kGreatest);
    ASSERT_OK(this->store_->Apply(commit));
  }
  EXPECT_REFUSED(this->store_->Apply(CommitOf("r", 0, {}, {}, kGreatest)),
                 EPOCH_CONFLICT);
  this->Reopen();
  const StoredRing stored = this->Stored("r");
  EXPECT_EQ(stored.head.incarnation, kGreatest);
  EXPECT_EQ(stored.head.epoch, kGreatest);
  EXPECT_EQ(stored.head.fingerprint, kGreatest);
  EXPECT_EQ(stored.nodes.at(0).ordinal(), kGreatest);
  EXPECT_EQ(EpochsOf(stored),
            (std::vector<uint64_t>{kGreatest - 1, kGreatest}));
  EXPECT_EQ(stored.history[0].request_digest(), kGreatest);
}

TYPED_TEST_P(StoreAcceptance, ManyRingsComeBackByNameAndDoNotMix) {
  constexpr int kRings = 50;
  std::vector<std::string> names;
  for (int i = 0; i < kRings; ++i) {
    names.push_back(absl::StrCat("ring-", i * 37 % kRings));
    ASSERT_OK(this->store_->Create(HeadOf(names.back())));
    ASSERT_OK(this->store_->Apply(
        CommitOf(names.back(), 2, {NodeOf("shared", names.back())})));
  }
  ASSERT_OK(this->store_->Apply(CommitOf("ring-1", 3, {}, {"shared"})));
  this->Reopen();
  const auto rings = this->store_->LoadAll();
  ASSERT_OK(rings.status());
  ASSERT_EQ(rings->size(), kRings);
  std::sort(names.begin(), names.end());
  for (int i = 0; i < kRings; ++i) {
    const StoredRing& ring = (*rings)[i];
    EXPECT_EQ(ring.head.spec.name(), names[i]);
    EXPECT_EQ(ring.nodes.size(), names[i] == "ring-1" ? 0 : 1);
    for (const v1::Node& node : ring.nodes) EXPECT_EQ(node.address(), names[i]);
  }
}

TYPED_TEST_P(StoreAcceptance, TheGreatestChangeIsOneCommit) {
  std::vector<v1::Node> nodes;
  std::vector<std::string> ids;
  for (size_t i = 0; i < limits::kMaxChangesPerRequest; ++i) {
    ids.push_back(absl::StrCat("node-", i));
    nodes.push_back(NodeOf(ids.back(), "address:1"));
  }
  ASSERT_OK(this->store_->Create(HeadOf("r")));
  ASSERT_OK(this->store_->Apply(CommitOf("r", 2, nodes)));
  this->Reopen();
  EXPECT_EQ(this->Stored("r").nodes.size(), nodes.size());
  ASSERT_OK(this->store_->Apply(CommitOf("r", 3, {}, ids)));
  EXPECT_TRUE(this->Stored("r").nodes.empty());
}

// Returns a new ring, at epoch 2, with the nodes of `first`.
inline StoredRing NewRingOf(const Commit& first) {
  StoredRing ring;
  ring.head = HeadOf(first.ring);
  EXPECT_OK(ApplyTo(ring, first));
  return ring;
}

TYPED_TEST_P(StoreAcceptance, ARingIsCreatedWithItsFirstNodes) {
  const StoredRing ring =
      NewRingOf(CommitOf("r", 2, {NodeOf("a", "host:1"), NodeOf("b")}));
  ASSERT_OK(this->store_->Create(ring));
  EXPECT_EQ(TextOf(this->Stored("r")), TextOf(ring));
  this->Reopen();
  EXPECT_EQ(TextOf(this->Stored("r")), TextOf(ring));
  const auto records = this->store_->ChangesAfter("r", 7, 1);
  ASSERT_OK(records.status());
  EXPECT_EQ(records->size(), 1u);
  EXPECT_REFUSED(this->store_->Apply(CommitOf("r", 2)), EPOCH_CONFLICT);
  ASSERT_OK(this->store_->Apply(CommitOf("r", 3, {NodeOf("c")}, {"a"})));
  EXPECT_EQ(this->Stored("r").nodes.size(), 2u);
  this->Reopen();
  EXPECT_EQ(this->Stored("r").history.size(), 2u);
}

TYPED_TEST_P(StoreAcceptance, ARefusedCreationWithNodesChangesNothing) {
  ASSERT_OK(this->store_->Create(HeadOf("r")));
  const std::string before = TextOf(*this->store_);
  EXPECT_REFUSED(
      this->store_->Create(NewRingOf(CommitOf("r", 2, {NodeOf("a")}))),
      RING_EXISTS);
  StoredRing migrating = NewRingOf(CommitOf("s", 2, {NodeOf("a")}));
  migrating.head.spec.set_migrating_from("nowhere");
  EXPECT_REFUSED(this->store_->Create(migrating), RING_NOT_FOUND);
  EXPECT_EQ(TextOf(*this->store_), before);
  this->Reopen();
  EXPECT_EQ(TextOf(*this->store_), before);
}

TYPED_TEST_P(StoreAcceptance, TheLargestNewRingIsOneCommit) {
  std::vector<v1::Node> nodes;
  for (size_t i = 0; i < limits::kMaxChangesPerRequest; ++i) {
    nodes.push_back(NodeOf(absl::StrCat("node-", i), "address:1"));
  }
  const StoredRing ring = NewRingOf(CommitOf("r", 2, nodes));
  ASSERT_OK(this->store_->Create(ring));
  this->Reopen();
  EXPECT_EQ(TextOf(this->Stored("r")), TextOf(ring));
}

REGISTER_TYPED_TEST_SUITE_P(
    StoreAcceptance, ARingIsCreatedWithItsFirstNodes,
    ARefusedCreationWithNodesChangesNothing, TheLargestNewRingIsOneCommit,
    ANewStoreHoldsNoRingsAndIsUp, ACreatedRingIsThereAfterReopening,
    ACommitIsThereAfterReopening, ASecondRingOfOneNameIsRefused,
    AnUnknownRingIsNotFound, AHeadIsThatOfTheWholeRing,
    AStaleEpochChangesNothing, AnEpochTooFarAheadChangesNothing,
    OfConcurrentCommitsAtOneEpochExactlyOneWins,
    NodesAreSortedByTheBytesOfTheirIds, AnUpsertReplacesTheWholeNode,
    RemovedNodesAreGoneAndTheLastMayGo, HistoryKeepsTheLastChanges,
    ARecordComesBackWhole, ADeletedRingIsGoneAfterReopening,
    ADeletedAndRecreatedRingRefusesTheOldIncarnation, NulAndUtf8Survive,
    TheGreatestNumbersSurvive, ManyRingsComeBackByNameAndDoNotMix,
    TheGreatestChangeIsOneCommit);

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_STORE_STORE_ACCEPTANCE_H_
