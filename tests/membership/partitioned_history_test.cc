// Tests that the history of a PARTITIONED ring is exact, because its next table
// depends on it. It is stored and read again, undone to each kept epoch, and
// followed between all epochs.
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "tests/membership/partitioned_fixture.h"

namespace clockwise {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class PartitionedHistoryTest : public PartitionedTest {
 protected:
  // Makes `steps` random changes and calls `after` after each.
  template <typename After>
  void Walk(std::mt19937_64& random, int steps, const After& after) {
    for (int i = 0; i < steps; ++i) {
      Make(RandomChange(random));
      after();
      if (HasFailure()) return;
    }
  }
};

TEST_F(PartitionedHistoryTest, ReopeningGivesTheSameRingAfterEachChange) {
  ForEachHistory(100, 24, [&](std::mt19937_64& random) {
    Walk(random, 20, [&] {
      const std::string picture = Picture();
      const StatePtr before = State();
      Reopen();
      ASSERT_EQ(State()->ring().fingerprint(), before->ring().fingerprint());
      ASSERT_EQ(Picture(), picture);
      ASSERT_EQ(State()->history.size(), before->history.size());
      ASSERT_EQ(State()->history_bytes, before->history_bytes);
    });
  });
}

TEST_F(PartitionedHistoryTest, TheStoresTableIsTheRings) {
  ForEachHistory(200, 12, [&](std::mt19937_64& random) {
    Walk(random, 20, [&] {
      const v1::Snapshot now = Snapshot();
      const StoredRing stored = memory_.Load("default").value();
      OwnerRows rows(size_t{1} << now.spec().partition_bits());
      ASSERT_EQ(stored.table.size(),
                static_cast<size_t>(now.partition_owners_size()));
      std::map<uint64_t, std::string> ids;
      for (const v1::Node& node : stored.nodes) ids[node.ordinal()] = node.id();
      const size_t width = stored.table.size() / rows.size();
      for (size_t i = 0; i < stored.table.size(); ++i) {
        rows[i / width].push_back(ids.at(stored.table[i]));
      }
      ASSERT_EQ(rows, RowsOf(now));
    });
  });
}

TEST_F(PartitionedHistoryTest, EveryKeptEpochsRingIsTheRingItWas) {
  ForEachHistory(300, 24, [&](std::mt19937_64& random) {
    std::map<uint64_t, std::string> pictures = {{Epoch(), Picture()}};
    Walk(random, 25, [&] { pictures[Epoch()] = Picture(); });
    for (int round = 0; round < 2; ++round) {
      for (const auto& [epoch, picture] : pictures) {
        ASSERT_EQ(BytesOf(SnapshotAt(*State(), epoch)), picture) << epoch;
      }
      Reopen();
    }
  });
}

// Between these epochs, nodes return under their old names, and new ones follow
// them.
TEST_F(PartitionedHistoryTest, AFollowerComesFromAnyKeptEpochToAnyLaterOne) {
  ForEachHistory(400, 30, [&](std::mt19937_64& random) {
    std::map<uint64_t, StatePtr> states = {{Epoch(), State()}};
    Walk(random, 22, [&] { states[Epoch()] = State(); });
    for (const auto& [from, then] : states) {
      for (auto to = states.find(from); to != states.end(); ++to) {
        SCOPED_TRACE(absl::StrCat("from ", from, " to ", to->first));
        const v1::Snapshot now = SnapshotOfState(*to->second);
        PartitionMirror mirror(SnapshotOfState(*then));
        const v1::Delta delta =
            DeltaSince(*to->second, from, from % 2 == 0).value();
        mirror.Apply(delta);
        ASSERT_EQ(mirror.epoch(), to->first);
        ASSERT_EQ(mirror.rows(), RowsOf(now));
        ASSERT_EQ(delta.fingerprint(), now.fingerprint());
        ASSERT_EQ(mirror.nodes().size(), static_cast<size_t>(now.nodes_size()));
        for (const v1::Node& node : now.nodes()) {
          ASSERT_EQ(BytesOf(mirror.nodes().at(node.id())), BytesOf(node));
        }
      }
      if (HasFailure()) return;
    }
  });
}

// The newest node is removed and another is added. The delta must not confuse
// them.
TEST_F(PartitionedHistoryTest, ADeltaTellsTheOneWhoCameFromTheOneWhoWent) {
  MakeRing(5, 2);
  Make(Many({Add("a"), Add("b"), Add("went")}));
  PartitionMirror mirror(Snapshot());
  Make(Remove("went"));
  Make(Add("came"));
  mirror.Apply(DeltaSince(*State(), 2, false).value());
  EXPECT_EQ(mirror.rows(), RowsOf(Snapshot()));
}

TEST_F(PartitionedHistoryTest, AFollowersRingHasTheServersFingerprint) {
  ForEachHistory(500, 12, [&](std::mt19937_64& random) {
    PartitionMirror mirror(Snapshot());
    Walk(random, 20, [&] {
      const v1::Delta delta =
          DeltaSince(*State(), mirror.epoch(), false).value();
      mirror.Apply(delta);
      NodeList nodes;
      std::map<std::string, uint32_t> indexes;
      for (const auto& [id, node] : mirror.nodes()) {
        indexes[id] = static_cast<uint32_t>(nodes.size());
        nodes.push_back(std::make_shared<const v1::Node>(node));
      }
      std::vector<uint32_t> table;
      for (const auto& row : mirror.rows()) {
        for (const std::string& id : row) table.push_back(indexes.at(id));
      }
      const auto ring = Ring::Build(State()->ring().spec(), nodes, table);
      ASSERT_TRUE(ring.ok());
      ASSERT_EQ((*ring)->fingerprint(), delta.fingerprint());
    });
  });
}

TEST_F(PartitionedHistoryTest, TheLastNodesRemovalEmptiesAllRows) {
  MakeRing(5, 3);
  Make(Many({Add(RequestNode("a", 1, "x")), Add("b"), Add("c")}));
  Make(Many({Remove("a"), Remove("b")}));
  std::vector<PartitionMirror> mirrors;
  for (const uint64_t epoch : {1, 2, 3}) {
    mirrors.emplace_back(SnapshotAt(*State(), epoch));
  }
  const v1::Change change = Make(Remove("c"));
  EXPECT_EQ(change.comparison().moved_ratio(), 0);
  EXPECT_EQ(change.comparison().zone_shortfall_after(), 0u);
  EXPECT_THAT(Snapshot().partition_owners(), IsEmpty());
  EXPECT_THAT(memory_.Load("default").value().table, IsEmpty());
  for (PartitionMirror& mirror : mirrors) {
    const uint64_t from = mirror.epoch();
    const v1::Delta delta = DeltaSince(*State(), from, true).value();
    EXPECT_THAT(delta.moved_partitions(), SizeIs(from == 1 ? 0 : 32));
    EXPECT_THAT(delta.owner_ids(), IsEmpty());
    mirror.Apply(delta);
    EXPECT_EQ(mirror.rows(), OwnerRows(32));
  }
  Reopen();
  EXPECT_THAT(Ids(), IsEmpty());
  EXPECT_EQ(RowsOf(SnapshotAt(*State(), 3)),
            OwnerRows(32, std::vector<std::string>{"c"}));
  EXPECT_EQ(Make(Add("d")).comparison().moved_ratio(), 1);
}

TEST_F(PartitionedHistoryTest, AnAddressMovesNothing) {
  MakeRing(5, 3);
  Make(Many({Add("a"), Add("b"), Add("c"), Add("d")}));
  const v1::Snapshot before = Snapshot();
  v1::Node node = RequestNode("b");
  node.set_address("elsewhere");
  ChangeRequest request = Update(node);
  request.include_moves = true;
  const v1::Change change = Make(request);
  EXPECT_EQ(change.epoch(), 3u);
  EXPECT_EQ(change.fingerprint(), before.fingerprint());
  EXPECT_EQ(change.comparison().moved_ratio(), 0);
  EXPECT_EQ(change.comparison().handover_ratio(), 0);
  EXPECT_THAT(change.comparison().moves(), IsEmpty());
  EXPECT_THAT(change.comparison().transfers(), IsEmpty());
  EXPECT_THAT(change.comparison().share_changes(), IsEmpty());
  EXPECT_EQ(RowsOf(Snapshot()), RowsOf(before));
  EXPECT_THAT(State()->history.back()->partitions().partitions(), IsEmpty());
  const v1::Delta delta = DeltaSince(*State(), 2, false).value();
  EXPECT_THAT(delta.upserted(), SizeIs(1));
  EXPECT_THAT(delta.moved_partitions(), IsEmpty());
  EXPECT_THAT(delta.owner_ids(), IsEmpty());
}

TEST_F(PartitionedHistoryTest, TwoServersOverOneStoreStayInStep) {
  ForEachHistory(600, 12, [&](std::mt19937_64& random) {
    std::unique_ptr<Membership> other = Open(store_);
    Walk(random, 16, [&] {
      ASSERT_EQ(memory_.Head("default").value().fingerprint,
                State()->ring().fingerprint());
      // The server compares with the store before it returns an error.
      EXPECT_FALSE(other->Apply(Remove("x")).ok());
      const StatePtr its = other->Find("").value();
      ASSERT_EQ(BytesOf(SnapshotOfState(*its)), Picture());
      ASSERT_EQ(its->history_bytes, State()->history_bytes);
      if (random() % 3 != 0) std::swap(membership_, other);
    });
  });
}

TEST_F(PartitionedHistoryTest, AServerThatIsBehindDecidesFromTheNewestTable) {
  ForEachHistory(700, 12, [&](std::mt19937_64& random) {
    std::unique_ptr<Membership> other = Open(store_);
    Walk(random, 8, [&] {});
    ChangeRequest request = Add(RequestNode("late", 2, "z0"));
    request.include_moves = true;
    request.validate_only = true;
    v1::Change plan = Make(request);
    request.validate_only = false;
    v1::Change change = other->Apply(request).value();
    plan.clear_accept_time();
    change.clear_accept_time();
    EXPECT_EQ(change.DebugString(), plan.DebugString());
  });
}

}  // namespace
}  // namespace clockwise
