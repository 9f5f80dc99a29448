// Tests transactions whose response or request is lost: what EtcdStore may
// conclude, and that it does.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "service/api/refusal.h"
#include "service/limits.h"
#include "service/store/store_rules.h"
#include "tests/store/etcd_gate.h"
#include "tests/store/etcd_testing.h"
#include "tests/store/store_deletion_acceptance.h"
#include "tests/store/table_model.h"

namespace clockwise {
namespace {

using Fate = EtcdGate::Fate;

class EtcdOutcomeTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(store_->Create(HeadOf("r")));
    ASSERT_OK(store_->Apply(CommitOf("r", 2, {NodeOf("a")})));
  }

  // The next transactions have these fates, in order; later ones pass.
  void Fates(std::vector<Fate> fates) {
    gate_.transactions = 0;
    gate_.fate = [fates](int number) {
      const auto index = static_cast<size_t>(number) - 1;
      return index < fates.size() ? fates[index] : Fate::kPass;
    };
  }
  // Returns the ring as another store reads it.
  StoredRing Ring() { return direct_->Load("r").value(); }
  std::vector<uint64_t> Epochs() { return EpochsOf(Ring()); }

  const std::string prefix_ = NewPrefix();
  EtcdGate gate_{EtcdProcess::Shared().address()};
  std::shared_ptr<EtcdStore> direct_ = OpenEtcd(prefix_);
  std::shared_ptr<EtcdStore> store_ = std::make_shared<EtcdStore>(
      EtcdOptions(prefix_, {gate_.address()}, std::chrono::seconds(2)));
};

TEST_F(EtcdOutcomeTest, ACommitWhoseAnswersWereLostIsMadeOnceAndAcknowledged) {
  for (uint64_t epoch = 3; epoch < 6; ++epoch) {
    Fates(std::vector<Fate>(epoch - 2, Fate::kLoseAnswer));
    ASSERT_OK(store_->Apply(CommitOf("r", epoch, {NodeOf("b")})));
  }
  EXPECT_EQ(Epochs(), (std::vector<uint64_t>{2, 3, 4, 5}));
}

TEST_F(EtcdOutcomeTest, ACommitWhoseRequestWasLostIsMadeByTheNextAttempt) {
  Fates({Fate::kLoseRequest, Fate::kLoseRequest});
  ASSERT_OK(store_->Apply(CommitOf("r", 3, {NodeOf("b")})));
  EXPECT_EQ(Epochs(), (std::vector<uint64_t>{2, 3}));
}

TEST_F(EtcdOutcomeTest, ALostAnswerIsFoundThoughOthersHaveGoneOn) {
  Fates({Fate::kLoseAnswer});
  gate_.meanwhile = [&] {
    ASSERT_OK(direct_->Apply(CommitOf("r", 4, {NodeOf("c")})));
    ASSERT_OK(direct_->Apply(CommitOf("r", 5, {NodeOf("d")})));
  };
  ASSERT_OK(store_->Apply(CommitOf("r", 3, {NodeOf("b")})));
  EXPECT_EQ(Epochs(), (std::vector<uint64_t>{2, 3, 4, 5}));
  EXPECT_EQ(IdsOf(Ring()), (std::vector<std::string>{"a", "b", "c", "d"}));
  // The store's copy of the head is out of date, without harm.
  EXPECT_REFUSED(store_->Apply(CommitOf("r", 4, {NodeOf("x")})),
                 EPOCH_CONFLICT);
  ASSERT_OK(store_->Apply(CommitOf("r", 6, {NodeOf("e")})));
}

TEST_F(EtcdOutcomeTest, ALostRequestWhoseEpochAnotherTookIsAConflict) {
  Fates({Fate::kLoseRequest});
  gate_.meanwhile = [&] {
    ASSERT_OK(direct_->Apply(CommitOf("r", 3, {NodeOf("c")})));
  };
  EXPECT_REFUSED(store_->Apply(CommitOf("r", 3, {NodeOf("b")})),
                 EPOCH_CONFLICT);
  EXPECT_EQ(IdsOf(Ring()), (std::vector<std::string>{"a", "c"}));
}

TEST_F(EtcdOutcomeTest, ALostAnswerThatHistoryDroppedIsNoFalseConclusion) {
  Fates({Fate::kLoseAnswer});
  gate_.meanwhile = [&] {
    for (uint64_t epoch = 4; epoch < 8; ++epoch) {
      Commit commit = CommitOf("r", epoch, {NodeOf("c")});
      commit.history_changes = 2;
      ASSERT_OK(direct_->Apply(commit));
    }
  };
  EXPECT_REFUSED(store_->Apply(CommitOf("r", 3, {NodeOf("b")})),
                 STORE_UNAVAILABLE);
  EXPECT_EQ(IdsOf(Ring()), (std::vector<std::string>{"a", "b", "c"}));
}

TEST_F(EtcdOutcomeTest, IfNothingCanBeHeardTheOutcomeIsCalledUnknown) {
  Fates(std::vector<Fate>(1000, Fate::kLoseAnswer));
  const absl::Status status = store_->Apply(CommitOf("r", 3, {NodeOf("b")}));
  EXPECT_REFUSED(status, STORE_UNAVAILABLE);
  EXPECT_NE(status.message().find("outcome is unknown"), std::string::npos)
      << status;
  EXPECT_TRUE(LeavesOutcomeOpen(status));
  EXPECT_FALSE(store_->up());
  EXPECT_GT(gate_.transactions, 2);
  EXPECT_EQ(Epochs(), (std::vector<uint64_t>{2, 3}));  // applied once
  // A writer that reads and tries again continues from there.
  Fates({});
  EXPECT_REFUSED(store_->Apply(CommitOf("r", 3, {NodeOf("x")})),
                 EPOCH_CONFLICT);
  EXPECT_EQ(store_->ChangesAfter("r", 7, 2)->size(), 1);
  ASSERT_OK(store_->Apply(CommitOf("r", 4, {NodeOf("c")})));
  EXPECT_TRUE(store_->up());
}

TEST_F(EtcdOutcomeTest, WhatWasNeverSentIsSaidToBeSo) {
  EtcdStore nowhere(
      EtcdOptions(prefix_, {"127.0.0.1:1"}, std::chrono::milliseconds(500)));
  const absl::Status status = nowhere.Create(HeadOf("s"));
  EXPECT_REFUSED(status, STORE_UNAVAILABLE);
  EXPECT_NE(status.message().find("nothing was changed"), std::string::npos)
      << status;
  EXPECT_FALSE(LeavesOutcomeOpen(status));
  EXPECT_FALSE(nowhere.up());
}

TEST_F(EtcdOutcomeTest, LostAnswersToCreationAndDeletionAreFoundOut) {
  Fates({Fate::kLoseAnswer});
  ASSERT_OK(store_->Create(HeadOf("s")));
  EXPECT_REFUSED(store_->Create(HeadOf("s", 8)), RING_EXISTS);
  Fates({Fate::kLoseAnswer});
  gate_.meanwhile = [&] { ASSERT_OK(direct_->Create(HeadOf("s", 9))); };
  ASSERT_OK(store_->Delete("s", 7));
  EXPECT_EQ(direct_->Head("s")->incarnation, 9);
  Fates({Fate::kLoseRequest});
  gate_.meanwhile = [&] { ASSERT_OK(direct_->Create(HeadOf("t", 9))); };
  EXPECT_REFUSED(store_->Create(HeadOf("t", 8)), RING_EXISTS);
}

TEST_F(EtcdOutcomeTest, LostAnswersToARestorationAreFoundOut) {
  ASSERT_OK(direct_->Create(HeadOf("s")));
  ASSERT_OK(direct_->Delete(KeepingDeletion("s")));
  Fates({Fate::kLoseAnswer});
  ASSERT_OK(store_->Undelete(RestoringCommit("s", 2, 11)));
  ASSERT_OK(direct_->Delete(KeepingDeletion("s")));
  // The ring has gone on when the lost answer is looked for.
  Fates({Fate::kLoseAnswer});
  gate_.meanwhile = [&] { ASSERT_OK(direct_->Apply(CommitOf("s", 4))); };
  ASSERT_OK(store_->Undelete(RestoringCommit("s", 3, 11)));
  EXPECT_EQ(direct_->Head("s")->epoch, 4u);
  ASSERT_OK(direct_->Delete(KeepingDeletion("s")));
  Fates({Fate::kLoseRequest});
  gate_.meanwhile = [&] {
    ASSERT_OK(direct_->Undelete(RestoringCommit("s", 5, 11)));
  };
  EXPECT_REFUSED(store_->Undelete(RestoringCommit("s", 5, 11)), RING_EXISTS);
  // A deletion is found out although the ring was restored meanwhile.
  Fates({Fate::kLoseAnswer});
  gate_.meanwhile = [&] {
    ASSERT_OK(direct_->Undelete(RestoringCommit("s", 6, 11)));
  };
  Deletion deletion = KeepingDeletion("s");
  deletion.epoch = 5;
  ASSERT_OK(store_->Delete(deletion));
  EXPECT_EQ(direct_->Head("s")->epoch, 6u);
}

TEST_F(EtcdOutcomeTest, ACreationThatLosesItsRaceLeavesNoNodesBehind) {
  StoredRing ring;
  ring.head = HeadOf("t");
  ASSERT_OK(ApplyTo(ring, CommitOf("t", 2, {NodeOf("a"), NodeOf("b")})));
  const int64_t nodes = CountKeys(prefix_ + "nodes/");
  const int64_t changes = CountKeys(prefix_ + "changes/");
  Fates({Fate::kLoseRequest});
  gate_.meanwhile = [&] { ASSERT_OK(direct_->Create(HeadOf("t", 9))); };
  EXPECT_REFUSED(store_->Create(ring), RING_EXISTS);
  EXPECT_EQ(direct_->Head("t")->incarnation, 9);
  EXPECT_EQ(CountKeys(prefix_ + "nodes/"), nodes);
  EXPECT_EQ(CountKeys(prefix_ + "changes/"), changes);
}

TEST_F(EtcdOutcomeTest, AFullEtcdRefusesChangesAndIsReadOn) {
  EtcdProcess small(3 * 1024 * 1024);
  EtcdStore store(EtcdOptions(prefix_, {small.address()}));
  ASSERT_OK(store.Create(HeadOf("full")));
  v1::Node node = NodeOf("a");
  (*node.mutable_labels())["x"] = std::string(400'000, 'y');
  absl::Status status;
  uint64_t epoch = 1;
  while (status.ok() && epoch < 50) {
    status = store.Apply(CommitOf("full", ++epoch, {node}));
  }
  EXPECT_REFUSED(status, STORE_FULL) << status;
  EXPECT_EQ(store.Load("full")->head.epoch, epoch - 1);
  EXPECT_TRUE(store.up());
}

// etcd 3.4 reports that its space is exceeded even for a transaction that it
// has executed, if that transaction filled the space.
TEST_F(EtcdOutcomeTest, WhatIsSaidNotToFitIsReadBack) {
  Fates({Fate::kSayFull});
  ASSERT_OK(store_->Apply(CommitOf("r", 3, {NodeOf("b")})));
  Fates({Fate::kSayFull});
  gate_.meanwhile = [&] {
    ASSERT_OK(direct_->Apply(CommitOf("r", 5, {NodeOf("d")})));
  };
  ASSERT_OK(store_->Apply(CommitOf("r", 4, {NodeOf("c")})));
  gate_.meanwhile = nullptr;
  EXPECT_EQ(Epochs(), (std::vector<uint64_t>{2, 3, 4, 5}));
  Fates({Fate::kSayFull});
  EXPECT_EQ(store_->ChangesAfter("r", 7, 3)->size(), 2);
  // This transaction was not executed, because another one was faster.
  ASSERT_OK(direct_->Apply(CommitOf("r", 6, {NodeOf("e")})));
  Fates({Fate::kSayFull});
  EXPECT_REFUSED(store_->Apply(CommitOf("r", 6, {NodeOf("f")})), STORE_FULL);
  Fates({Fate::kSayFull});
  ASSERT_OK(store_->Create(HeadOf("s")));
  Fates({Fate::kSayFull});
  ASSERT_OK(store_->Delete("s", 7));
  EXPECT_EQ(store_->Heads()->size(), 1);
}

// A large change is written in many requests; the last one makes it valid.
TEST_F(EtcdOutcomeTest, ALargeChangeThatIsCutOffAnywhereIsMadeWholeOrNotAtAll) {
  std::vector<v1::Node> nodes;
  for (int i = 0; i < 1000; ++i) {
    nodes.push_back(NodeOf(absl::StrCat("node-", 1000 + i), "address:1"));
  }
  const std::string before = TextOf(Ring());
  std::vector<std::unique_ptr<EtcdStore>> stores;
  for (int cut = 1;; ++cut) {
    ASSERT_LT(cut, 100);
    gate_.transactions = 0;
    gate_.fate = [cut](int number) {
      return number < cut ? Fate::kPass : Fate::kLoseRequest;
    };
    // Interrupted at the first lost request, on a thread of the gate.
    auto& store = *stores.emplace_back(
        std::make_unique<EtcdStore>(EtcdOptions(prefix_, {gate_.address()})));
    gate_.meanwhile = [&store] { store.Interrupt(); };
    const absl::Status status = store.Apply(CommitOf("r", 3, nodes));
    if (status.ok()) break;
    EXPECT_REFUSED(status, STORE_UNAVAILABLE);
    EXPECT_EQ(TextOf(Ring()), before) << "cut off at request " << cut;
  }
  EXPECT_EQ(Ring().nodes.size(), 1001);
  // The leftovers of the other attempts are deleted.
  EXPECT_EQ(CountKeys(prefix_ + "nodes/"), 1001);
}

TEST_F(EtcdOutcomeTest, AWriterOvertakenWhileItPutsALargeChangeLoses) {
  std::vector<v1::Node> nodes;
  for (int i = 0; i < 300; ++i) nodes.push_back(NodeOf(absl::StrCat("n", i)));
  gate_.transactions = 0;
  gate_.fate = [&](int number) {
    if (number == 3) EXPECT_OK(direct_->Apply(CommitOf("r", 3, nodes)));
    return Fate::kPass;
  };
  EXPECT_REFUSED(store_->Apply(CommitOf("r", 3, nodes)), EPOCH_CONFLICT);
  EXPECT_EQ(Ring().nodes.size(), 301);
  gate_.fate = nullptr;
  ASSERT_OK(store_->Apply(CommitOf("r", 4, {}, {"n1"})));
  EXPECT_EQ(Ring().nodes.size(), 300);
}

// The list of moves stays bounded: the store rewrites the table and deletes the
// records of its moves.
TEST_F(EtcdOutcomeTest, ATableOfManyMovesIsWrittenAnewAndItsRecordsDropped) {
  std::mt19937_64 random(5);
  TableModel model("table", 6);
  ASSERT_OK(store_->Create(TableHeadOf("table", 6)));
  ASSERT_OK(store_->Apply(model.Fill(random, 2)));
  for (int i = 0; i < 600; ++i) {
    Commit commit = model.MoveSome(random, 30);
    commit.history_changes = 5;
    ASSERT_OK(store_->Apply(commit));
    if (i % 50 != 0) continue;
    EXPECT_EQ(direct_->Load("table")->table, model.table());
  }
  EXPECT_EQ(direct_->Load("table")->table, model.table());
  EXPECT_EQ(direct_->Load("table")->history.size(), 5);
  // About 4,096 moves, at about 25 moves per change.
  EXPECT_LT(CountKeys(prefix_ + "changes/"), 300);
  EXPECT_EQ(CountKeys(prefix_ + "tables/"), 1);
}

TEST_F(EtcdOutcomeTest, ARecordTooLargeForARequestIsKeptInParts) {
  std::mt19937_64 random(5);
  TableModel model("table", 16);
  ASSERT_OK(store_->Create(TableHeadOf("table", 16)));
  for (int i = 0; i < 3; ++i) {
    Commit commit = model.Fill(random, 3);
    ASSERT_GT(commit.record.ByteSizeLong(), limits::kEtcdRequestBytes);
    commit.history_changes = 2;
    ASSERT_OK(store_->Apply(commit));
    const auto stored = direct_->Load("table");
    ASSERT_OK(stored.status());
    EXPECT_EQ(stored->table, model.table());
    EXPECT_EQ(stored->history.back().SerializeAsString(),
              commit.record.SerializeAsString());
  }
  const int64_t parts = CountKeys(prefix_ + "parts/");
  EXPECT_GT(parts, 2);
  ASSERT_OK(store_->Delete("table", 7));
  for (const char* kind : {"parts/", "tables/"}) {
    EXPECT_EQ(CountKeys(prefix_ + kind), 0);
  }
}

}  // namespace
}  // namespace clockwise
