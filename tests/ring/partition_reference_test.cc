// Tests the reference that the tests of PARTITIONED use: against the definition
// of its shares, and against all tables of 2 or 3 partitions.
#include "tests/ring/partition_reference.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace clockwise {
namespace {

Members RandomMembers(std::mt19937_64& random, size_t count, uint32_t zones) {
  Members members;
  for (size_t i = 0; i < count; ++i) {
    const uint32_t weight = Draw(random, 6) == 0 ? 50 : 1 + Draw(random, 5);
    members.push_back(
        {absl::StrCat("n", i), weight, absl::StrCat("z", Draw(random, zones))});
  }
  return members;
}

double ValueOf(const Due& due) {
  return static_cast<double>(due.part) / static_cast<double>(due.of);
}

double WeightOf(const Member& member) {
  return static_cast<double>(member.weight);
}

struct ZoneSums {
  double owned = 0, weight = 0;
  size_t group = 0;
};

// Checks that `dues` meets its definition, and that each bound has a reason.
void ExpectLevel(const Members& members, const Dues& dues, double partitions) {
  constexpr double kNear = 1e-6;
  std::map<std::string, ZoneSums> zones;
  double sum = 0, level = 0;
  for (size_t i = 0; i < members.size(); ++i) {
    const double owned = ValueOf(dues.owned[i]);
    sum += owned;
    if (dues.group[i] == 0)
      level = std::max(level, owned / WeightOf(members[i]));
    ZoneSums& zone = zones[members[i].zone];
    zone.owned += owned;
    zone.weight += WeightOf(members[i]);
    zone.group = dues.group[i];
  }
  EXPECT_NEAR(sum, partitions * static_cast<double>(dues.owners), kNear);
  for (size_t i = 0; i < members.size(); ++i) {
    const double owned = ValueOf(dues.owned[i]);
    const double weight = WeightOf(members[i]);
    const ZoneSums& zone = zones.at(members[i].zone);
    EXPECT_EQ(dues.group[i], zone.group);
    const double unheld =
        zone.group == 0 ? level * weight : partitions * weight / zone.weight;
    EXPECT_NEAR(owned, std::min(partitions, unheld), kNear);
  }
  const bool down = zones.size() >= dues.owners;
  for (const auto& [name, zone] : zones) {
    if (zone.group != 0) {
      EXPECT_NEAR(zone.owned, partitions, kNear);
      EXPECT_EQ(down, level * zone.weight > partitions);
    } else if (down) {
      EXPECT_LE(zone.owned, partitions + kNear);
    } else {
      EXPECT_GE(zone.owned, partitions - kNear);
    }
  }
}

TEST(PartitionReferenceTest, DuesAreLevelButForTheBoundsThatHoldThem) {
  std::mt19937_64 random(1);
  int held_zones = 0, held = 0;
  for (int round = 0; round < 5000; ++round) {
    SCOPED_TRACE(round);
    const Members members =
        RandomMembers(random, 1 + Draw(random, 12), 1 + Draw(random, 6));
    const int64_t partitions = 16 << Draw(random, 3);
    const Dues dues = DuesOf(members, partitions, 1 + Draw(random, 8));
    ExpectLevel(members, dues, static_cast<double>(partitions));
    held_zones += dues.group_total.size() > 1;
    held += dues.held;
  }
  EXPECT_GT(held_zones, 1000);
  EXPECT_GT(held, held_zones);
  EXPECT_LT(held, 4500);
}

TEST(PartitionReferenceTest, WithoutBoundsDuesAreInProportionToWeight) {
  const Members members = {{"a", 1, ""}, {"b", 2, ""}, {"c", 3, ""}};
  const Dues dues = DuesOf(members, 16, 2);
  EXPECT_FALSE(dues.held);
  for (size_t i = 0; i < 3; ++i) {
    const double part = WeightOf(members[i]) / 6;
    EXPECT_DOUBLE_EQ(ValueOf(dues.owned[i]), 32 * part);
    EXPECT_DOUBLE_EQ(ValueOf(dues.primaries[i]), 16 * part);
  }
  EXPECT_TRUE(DuesOf({{"a", 9, ""}, {"b", 1, ""}, {"c", 1, ""}}, 16, 2).held);
}

// Calls `take` with every table whose rows are in `rows`.
template <typename Take>
void ForEachTable(const std::vector<Ids>& rows, size_t partitions,
                  const Take& take, Table table = {}) {
  if (table.size() == partitions) return take(table);
  for (const Ids& row : rows) {
    table.push_back(row);
    ForEachTable(rows, partitions, take, table);
    table.pop_back();
  }
}

// Returns all sets of `count` members, in the order of `members`.
std::vector<Ids> AllRows(const Members& members, size_t count) {
  std::vector<Ids> rows;
  for (uint32_t bits = 0; bits < 1u << members.size(); ++bits) {
    Ids row;
    for (size_t i = 0; i < members.size(); ++i) {
      if ((bits >> i & 1) != 0) row.push_back(members[i].id);
    }
    if (row.size() == count) rows.push_back(row);
  }
  return rows;
}

bool GroupsAreWhole(const Members& members, const Dues& dues,
                    const Table& table) {
  std::vector<int64_t> totals(dues.group_total.size());
  for (const Ids& row : table) {
    for (size_t i = 0; i < members.size(); ++i) {
      totals[dues.group[i]] +=
          std::count(row.begin(), row.end(), members[i].id);
    }
  }
  return totals == dues.group_total;
}

int64_t EnumerateLeast(const Members& members, const Dues& dues,
                       const Table& before) {
  int64_t least = std::numeric_limits<int64_t>::max();
  ForEachTable(AllRows(members, dues.owners), before.size(),
               [&](const Table& table) {
                 if (SpreadBreach(members, dues, table).empty() &&
                     EvenBreach(members, dues, table).empty() &&
                     GroupsAreWhole(members, dues, table)) {
                   least = std::min(least, CountMoved(before, table));
                 }
               });
  return least;
}

// Returns a table of slightly other members: some are new, some are gone.
Table RandomTable(std::mt19937_64& random, size_t partitions, size_t owners) {
  Table table(partitions);
  for (Ids& row : table) {
    Ids ids = {"n0", "n1", "n2", "n3", "gone"};
    std::shuffle(ids.begin(), ids.end(), random);
    row.assign(ids.begin(), ids.begin() + std::min<size_t>(owners, 5));
  }
  return table;
}

TEST(PartitionReferenceTest, NoTableOfAllMovesLessThanTheLeast) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 1500; ++round) {
    const size_t partitions = 2 + Draw(random, 2);
    const Members members =
        RandomMembers(random, 1 + Draw(random, 5), 1 + Draw(random, 4));
    const Dues dues =
        DuesOf(members, static_cast<int64_t>(partitions), 1 + Draw(random, 4));
    const Table before = RandomTable(random, partitions, Draw(random, 4));
    const Least least = LeastMoved(members, dues, before);
    ASSERT_EQ(least.moved, EnumerateLeast(members, dues, before)) << round;
    EXPECT_EQ(CountMoved(before, least.table), least.moved);
    EXPECT_EQ(SpreadBreach(members, dues, least.table), "");
    EXPECT_EQ(EvenBreach(members, dues, least.table), "");
    EXPECT_LE(LeastGained(members, dues, before), least.moved);
  }
}

TEST(PartitionReferenceTest, PrimariesCanBeWhatSomeChoiceMakesThem) {
  std::mt19937_64 random(3);
  int possible = 0;
  for (int round = 0; round < 2000; ++round) {
    const Members members = RandomMembers(random, 4, 1);
    const std::vector<Ids> rows = AllRows(members, 1 + Draw(random, 3));
    Table table;
    for (int p = 0; p < 4; ++p)
      table.push_back(rows[Draw(random, rows.size())]);
    std::vector<int64_t> at_least, at_most;
    for (int i = 0; i < 4; ++i) {
      at_least.push_back(Draw(random, 2));
      at_most.push_back(at_least.back() + Draw(random, 2));
    }
    bool found = false;
    ForEachTable(AllRows(members, 1), 4, [&](const Table& primaries) {
      bool fits = true;
      for (size_t i = 0; i < 4; ++i) {
        int64_t count = 0;
        for (const Ids& row : primaries) count += row[0] == members[i].id;
        fits &= count >= at_least[i] && count <= at_most[i];
      }
      for (size_t p = 0; p < 4; ++p) {
        fits &=
            std::count(table[p].begin(), table[p].end(), primaries[p][0]) == 1;
      }
      found |= fits;
    });
    possible += found;
    ASSERT_EQ(PrimariesCanBe(members, table, at_least, at_most), found);
  }
  EXPECT_GT(possible, 200);
  EXPECT_LT(possible, 1800);
}

TEST(PartitionReferenceTest, BreachesAreSeen) {
  const Members members = {{"a", 1, "x"}, {"b", 1, "x"}, {"c", 1, "y"}};
  const Dues dues = DuesOf(members, 2, 2);  // y is held at 2: a 1, b 1, c 2
  const Table good = {{"a", "c"}, {"c", "b"}};
  EXPECT_EQ(SpreadBreach(members, dues, good), "");
  EXPECT_EQ(EvenBreach(members, dues, good), "");
  EXPECT_NE(SpreadBreach(members, dues, {{"a", "b"}, {"c", "b"}}), "");
  EXPECT_NE(SpreadBreach(members, dues, {{"c", "c"}, {"c", "b"}}), "");
  EXPECT_NE(SpreadBreach(members, dues, {{"c"}, {"c", "b"}}), "");
  EXPECT_NE(SpreadBreach(members, dues, {{"c", "d"}, {"c", "b"}}), "");
  EXPECT_NE(EvenBreach(members, dues, {{"a", "c"}, {"a", "c"}}), "");
  const Members twins = {{"a", 1, ""}, {"b", 1, ""}};
  const Dues even = DuesOf(twins, 2, 2);
  EXPECT_EQ(PrimariesBreach(twins, even, {{"a", "b"}, {"b", "a"}}), "");
  EXPECT_NE(PrimariesBreach(twins, even, {{"a", "b"}, {"a", "b"}}), "");
}

}  // namespace
}  // namespace clockwise
