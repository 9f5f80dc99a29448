// The guarantees of every PARTITIONED ring after any history: distinct, even,
// moving the least, and determined by the history alone. Random histories with
// fixed seeds, in shards so that none runs long under a sanitizer.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "service/ring/balance.h"
#include "service/ring/hash.h"
#include "tests/ring/partition_history.h"
#include "tests/ring/partition_reference.h"

namespace clockwise {
namespace {

constexpr uint64_t kShards = 16;
constexpr uint64_t kHistoriesPerShard = 640;  // 10,240 in all
constexpr uint64_t kOtherHistories = 300;     // per test below the shards

// Returns why the table cannot be one of `nodes`; "" if it can.
std::string ShapeBreach(const NodeList& nodes, const Ring& ring) {
  const size_t partitions = size_t{1} << ring.spec().partition_bits();
  const size_t owners =
      std::min<size_t>(ring.spec().replica_count(), nodes.size());
  if (!std::equal(
          nodes.begin(), nodes.end(), ring.nodes().begin(), ring.nodes().end(),
          [](const auto& a, const auto& b) { return a->id() == b->id(); })) {
    return "the ring has other nodes; ";
  }
  if (ring.owners_per_slot() != std::max<size_t>(1, owners) ||
      ring.slot_nodes().size() != partitions * owners) {
    return absl::StrCat("the table has ", ring.slot_nodes().size(), " owners, ",
                        ring.owners_per_slot(), " a partition; ");
  }
  for (const uint32_t node : ring.slot_nodes()) {
    if (node >= nodes.size()) return absl::StrCat("no node ", node, "; ");
  }
  return "";
}

class PartitionHistoryTest : public ::testing::TestWithParam<uint64_t> {
 protected:
  // Each shard has its own seeds.
  template <typename Take>
  void ForEachStepOfTheShard(const Take& take) {
    for (uint64_t i = 0; i < kHistoriesPerShard; ++i) {
      ForEachStep(GetParam() * kHistoriesPerShard + i, take);
      if (HasFatalFailure()) return;
    }
  }
};

TEST_P(PartitionHistoryTest, EveryTableIsSpreadAndEven) {
  ForEachStepOfTheShard([](const PartitionHistory& history, const RingPtr&,
                           const RingPtr& after) {
    ASSERT_EQ(ShapeBreach(history.nodes(), *after), "") << history.told();
    const Members members = MembersOf(*after);
    const Dues dues = DuesIn(*after);
    const Table table = TableOf(*after);
    ASSERT_EQ(SpreadBreach(members, dues, table) +
                  EvenBreach(members, dues, table) +
                  PrimariesBreach(members, dues, table),
              "")
        << history.told();
  });
}

TEST_P(PartitionHistoryTest, EveryChangeMovesTheLeast) {
  ForEachStepOfTheShard([](const PartitionHistory& history,
                           const RingPtr& before, const RingPtr& after) {
    ASSERT_EQ(ShapeBreach(history.nodes(), *after), "") << history.told();
    const Table was = TableOf(*before);
    const Least least = LeastMoved(MembersOf(*after), DuesIn(*after), was);
    ASSERT_EQ(CountMoved(was, TableOf(*after)), least.moved) << history.told();
  });
}

INSTANTIATE_TEST_SUITE_P(Shards, PartitionHistoryTest,
                         ::testing::Range<uint64_t>(0, kShards));

// Like ForEachStep, over histories that are in no shard.
template <typename Take>
void ForEachOtherStep(uint64_t test, const Take& take) {
  for (uint64_t i = 0; i < kOtherHistories; ++i) {
    ForEachStep(1'000'000 * test + i, take);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

// Without these cases, the two tests above would prove nothing.
TEST(PartitionRingTest, TheHistoriesHaveEveryKindOfCase) {
  int steps = 0, empty = 0, few_nodes = 0, few_zones = 0, zones_to_spare = 0;
  int held_nodes = 0, held_zones = 0, primaries_held = 0, rezoned = 0;
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    PartitionHistory history(seed);
    for (uint32_t step = 0; step < history.steps(); ++step, ++steps) {
      history.Step();
      rezoned += history.rezoned();
      const NodeList& nodes = history.nodes();
      if (nodes.empty() && ++empty > 0) continue;
      Members members;
      for (const NodePtr& node : nodes) {
        members.push_back({node->id(), node->weight(), node->zone()});
      }
      const int64_t partitions = int64_t{1} << history.spec().partition_bits();
      const Dues dues =
          DuesOf(members, partitions, history.spec().replica_count());
      few_nodes += nodes.size() < history.spec().replica_count();
      few_zones += dues.zones < dues.owners;
      zones_to_spare += dues.zones < NumberZones(nodes).count;
      held_zones += dues.group_total.size() > 1;
      primaries_held += dues.held;
      for (size_t i = 0; i < members.size(); ++i) {
        held_nodes += dues.group[i] == 0 && dues.owned[i].of == 1 &&
                      dues.owned[i].part == partitions &&
                      nodes.size() > dues.owners;
      }
    }
  }
  EXPECT_GT(steps, 5000);
  for (const int cases : {empty, few_nodes, few_zones, zones_to_spare,
                          held_nodes, held_zones, primaries_held, rezoned}) {
    EXPECT_GT(cases, 100);
  }
}

TEST(PartitionRingTest, TheSameNodesAgainChangeNothing) {
  ForEachOtherStep(1, [](const PartitionHistory& history, const RingPtr&,
                         const RingPtr& after) {
    const RingPtr again = FollowedBy(after, history.nodes());
    ASSERT_EQ(TableOf(*again), TableOf(*after)) << history.told();
    ASSERT_EQ(again->fingerprint(), after->fingerprint());
  });
}

// Addresses and labels are not part of placement.
TEST(PartitionRingTest, AddressesAndLabelsMoveNothing) {
  ForEachOtherStep(2, [](const PartitionHistory& history, const RingPtr&,
                         const RingPtr& after) {
    NodeList nodes;
    for (const NodePtr& node : history.nodes()) {
      v1::Node changed = *node;
      changed.set_address("elsewhere:1");
      (*changed.mutable_labels())["disk"] = "new";
      nodes.push_back(std::make_shared<const v1::Node>(changed));
    }
    const RingPtr again = FollowedBy(after, nodes);
    ASSERT_EQ(TableOf(*again), TableOf(*after)) << history.told();
    ASSERT_EQ(again->fingerprint(), after->fingerprint());
  });
}

TEST(PartitionRingTest, TheSameRingAndNodesGiveTheSameTable) {
  ForEachOtherStep(3, [](const PartitionHistory& history, const RingPtr& before,
                         const RingPtr& after) {
    const RingPtr again = FollowedBy(before, history.nodes());
    ASSERT_EQ(TableOf(*again), TableOf(*after)) << history.told();
    ASSERT_EQ(again->fingerprint(), after->fingerprint());
  });
}

// Rebuilds the ring like a restart: only spec, nodes and table are stored.
TEST(PartitionRingTest, ARingRebuiltFromItsTableGoesOnTheSame) {
  ForEachOtherStep(4, [](const PartitionHistory& history, const RingPtr& before,
                         const RingPtr& after) {
    NodeList nodes;
    for (const NodePtr& node : before->nodes()) {
      nodes.push_back(std::make_shared<const v1::Node>(*node));
    }
    const absl::StatusOr<RingPtr> rebuilt =
        Ring::Build(before->spec(), nodes,
                    {before->slot_nodes().begin(), before->slot_nodes().end()});
    ASSERT_TRUE(rebuilt.ok()) << rebuilt.status();
    ASSERT_EQ((*rebuilt)->fingerprint(), before->fingerprint());
    const RingPtr again = FollowedBy(*rebuilt, history.nodes());
    ASSERT_EQ(TableOf(*again), TableOf(*after)) << history.told();
    ASSERT_EQ(again->fingerprint(), after->fingerprint());
  });
}

// Otherwise deltas and moves would contain partitions that did not change.
TEST(PartitionRingTest, APartitionThatKeepsOwnersAndPrimaryKeepsTheirOrder) {
  ForEachOtherStep(8, [](const PartitionHistory& history, const RingPtr& before,
                         const RingPtr& after) {
    const Table was = TableOf(*before), is = TableOf(*after);
    for (size_t p = 0; p < was.size(); ++p) {
      if (!was[p].empty() && !is[p].empty() && was[p][0] == is[p][0] &&
          std::is_permutation(was[p].begin(), was[p].end(), is[p].begin(),
                              is[p].end())) {
        ASSERT_EQ(was[p], is[p]) << history.told();
      }
    }
  });
}

TEST(PartitionRingTest, AKeysOwnersAreThoseOfItsHashsTopBits) {
  ForEachOtherStep(5, [](const PartitionHistory& history, const RingPtr&,
                         const RingPtr& after) {
    if (after->nodes().empty()) return;
    const Table table = TableOf(*after);
    for (int i = 0; i < 20; ++i) {
      const std::string key = absl::StrCat("key-", i);
      const uint64_t hash = Xxh3(key);
      const size_t partition = hash >> (64 - history.spec().partition_bits());
      ASSERT_EQ(OwnersOf(*after, key), table[partition]) << history.told();
    }
  });
}

// Returns the owners beyond the table: first those of the partitions that
// follow, then the nodes that own nothing, by ID.
Ids WalkedOwners(const Ring& ring, const Table& table, size_t from,
                 size_t asked) {
  Ids owners;
  const auto take = [&](const std::string& id) {
    if (owners.size() < asked &&
        std::find(owners.begin(), owners.end(), id) == owners.end()) {
      owners.push_back(id);
    }
  };
  for (size_t i = 0; i < table.size(); ++i) {
    for (const std::string& id : table[(from + i) % table.size()]) take(id);
  }
  for (const NodePtr& node : ring.nodes()) take(node->id());
  return owners;
}

TEST(PartitionRingTest, OwnersBeyondTheTableAreThoseOfTheNextPartitions) {
  ForEachOtherStep(6, [](const PartitionHistory& history, const RingPtr&,
                         const RingPtr& after) {
    if (after->nodes().empty()) return;
    const Table table = TableOf(*after);
    for (size_t slot = 0; slot < table.size(); slot += 3) {
      for (uint32_t asked = 1; asked <= after->nodes().size() + 1; ++asked) {
        const uint64_t position = uint64_t{slot}
                                  << (64 - history.spec().partition_bits());
        const Ids owners = OwnersAt(*after, position, asked);
        ASSERT_EQ(owners.size(),
                  std::min<size_t>(asked, after->nodes().size()));
        ASSERT_EQ(owners, WalkedOwners(*after, table, slot, asked))
            << history.told();
      }
    }
  });
}

TEST(PartitionRingTest, MeasuredOwnershipIsWhatTheTableSays) {
  ForEachOtherStep(7, [](const PartitionHistory& history, const RingPtr&,
                         const RingPtr& after) {
    if (after->nodes().empty()) return;
    const Ownership ownership = Measure(*after);
    std::vector<absl::uint128> owned(after->nodes().size());
    std::vector<absl::uint128> primaries(after->nodes().size());
    const absl::uint128 width = absl::uint128(1)
                                << (64 - history.spec().partition_bits());
    for (size_t i = 0; i < after->slot_nodes().size(); ++i) {
      owned[after->slot_nodes()[i]] += width;
      if (i % after->owners_per_slot() != 0) continue;
      primaries[after->slot_nodes()[i]] += width;
    }
    ASSERT_EQ(ownership.owned, owned) << history.told();
    ASSERT_EQ(ownership.primaries, primaries) << history.told();
    ASSERT_EQ(ownership.owners, after->owners_per_slot());
  });
}

}  // namespace
}  // namespace clockwise
