#include "tests/ring/partition_reference.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "tests/ring/partition_flow.h"

namespace clockwise {
namespace {

using Counts = std::map<std::string, int64_t>;

Counts CountOwned(const Table& table) {
  Counts counts;
  for (const Ids& row : table) {
    for (const std::string& id : row) ++counts[id];
  }
  return counts;
}

bool Has(const Ids& row, const std::string& id) {
  return std::find(row.begin(), row.end(), id) != row.end();
}

// Checks that each member's count is its fair share, rounded down or up.
std::string RoundingBreach(const Members& members, const std::vector<Due>& dues,
                           Counts counts, const std::string& what) {
  for (size_t i = 0; i < members.size(); ++i) {
    const int64_t count = counts[members[i].id];
    const int64_t floor = dues[i].Floor();
    if (count == floor || (count == floor + 1 && !dues[i].IsWhole())) continue;
    return absl::StrCat(members[i].id, " ", what, " ", count,
                        " partitions, due are ", dues[i].part, "/", dues[i].of,
                        "; ");
  }
  return "";
}

// The vertices of the network of LeastMoved. A partition sends one unit to each
// of `dues.zones` zones from its "base" vertex, and its other owners to any
// zones from its "more" vertex. Each zone of the partition sends to its
// members. A member sends its fair share, rounded down, to the sink, and one
// more through its group.
struct Vertices {
  size_t partitions, zones, members;

  size_t source() const { return 0; }
  size_t sink() const { return 1; }
  size_t base(size_t partition) const { return 2 + partition; }
  size_t more(size_t partition) const { return base(partitions) + partition; }
  size_t zone(size_t partition, size_t zone) const {
    return more(partitions) + partition * zones + zone;
  }
  size_t member(size_t i) const { return zone(partitions, 0) + i; }
  size_t group(size_t i) const { return member(members) + i; }
};

void AddMembers(const Dues& dues, const Vertices& vertices,
                CheapestFlow& network) {
  std::vector<int64_t> ones = dues.group_total;
  for (size_t i = 0; i < dues.owned.size(); ++i) {
    const Due& due = dues.owned[i];
    network.AddEdge(vertices.member(i), vertices.sink(), due.Floor());
    ones[dues.group[i]] -= due.Floor();
    if (due.IsWhole()) continue;
    network.AddEdge(vertices.member(i), vertices.group(dues.group[i]), 1);
  }
  for (size_t group = 0; group < ones.size(); ++group) {
    network.AddEdge(vertices.group(group), vertices.sink(), ones[group]);
  }
}

}  // namespace

std::string SpreadBreach(const Members& members, const Dues& dues,
                         const Table& table) {
  std::map<std::string, std::string> zone_of;
  for (const Member& member : members) zone_of[member.id] = member.zone;
  for (size_t p = 0; p < table.size(); ++p) {
    const std::set<std::string> ids(table[p].begin(), table[p].end());
    std::set<std::string> zones;
    for (const std::string& id : ids) {
      if (!zone_of.contains(id)) return absl::StrCat(id, " is no node; ");
      zones.insert(zone_of[id]);
    }
    if (table[p].size() == dues.owners && ids.size() == dues.owners &&
        zones.size() >= dues.zones) {
      continue;
    }
    return absl::StrCat("partition ", p, " has ", absl::StrJoin(table[p], ","),
                        " in ", zones.size(), " zones, due are ", dues.owners,
                        " owners in ", dues.zones, "; ");
  }
  return "";
}

std::string EvenBreach(const Members& members, const Dues& dues,
                       const Table& table) {
  return RoundingBreach(members, dues.owned, CountOwned(table), "owns");
}

bool PrimariesCanBe(const Members& members, const Table& table,
                    const std::vector<int64_t>& at_least,
                    const std::vector<int64_t>& at_most) {
  const size_t source = 0, sink = 1, spare = 2;
  const size_t first_member = 3, first_row = first_member + members.size();
  CheapestFlow network(first_row + table.size());
  std::map<std::string, size_t> vertex_of;
  int64_t more = static_cast<int64_t>(table.size());
  for (size_t i = 0; i < members.size(); ++i) {
    vertex_of[members[i].id] = first_member + i;
    network.AddEdge(first_member + i, sink, at_least[i]);
    network.AddEdge(first_member + i, spare, at_most[i] - at_least[i]);
    more -= at_least[i];
  }
  if (more < 0) return false;
  network.AddEdge(spare, sink, more);
  for (size_t p = 0; p < table.size(); ++p) {
    network.AddEdge(source, first_row + p, 1);
    for (const std::string& id : table[p]) {
      network.AddEdge(first_row + p, vertex_of.at(id), 1);
    }
  }
  // All partitions can be sent only if every at_least is reached.
  return network.Send(source, sink).flow == static_cast<int64_t>(table.size());
}

std::string PrimariesBreach(const Members& members, const Dues& dues,
                            const Table& table) {
  Counts counts;
  for (const Ids& row : table) {
    if (!row.empty()) ++counts[row.front()];
  }
  if (!dues.held) {
    return RoundingBreach(members, dues.primaries, counts, "is primary of");
  }
  std::vector<int64_t> at_least, at_most;
  std::string breach;
  for (size_t i = 0; i < members.size(); ++i) {
    const Due& due = dues.primaries[i];
    const int64_t whole = due.IsWhole() ? 1 : 0;
    at_least.push_back(std::max<int64_t>(0, due.Floor() - whole));
    at_most.push_back(due.Floor() + 1);
    const int64_t count = counts[members[i].id];
    if (count >= at_least[i] && count <= at_most[i]) continue;
    absl::StrAppend(&breach, members[i].id, " is primary of ", count,
                    " partitions, due are ", due.part, "/", due.of,
                    ", which these owners can come within one of; ");
  }
  if (breach.empty() || !PrimariesCanBe(members, table, at_least, at_most)) {
    return "";
  }
  return breach;
}

int64_t CountMoved(const Table& before, const Table& after) {
  int64_t moved = 0;
  for (size_t p = 0; p < after.size(); ++p) {
    for (const std::string& id : after[p]) moved += !Has(before[p], id);
  }
  return moved;
}

Least LeastMoved(const Members& members, const Dues& dues,
                 const Table& before) {
  std::map<std::string, size_t> zone_numbers;
  for (const Member& member : members) zone_numbers.emplace(member.zone, 0);
  size_t zones = 0;
  for (auto& [name, number] : zone_numbers) number = zones++;
  const Vertices vertices = {before.size(), zones, members.size()};
  CheapestFlow network(vertices.group(dues.group_total.size()));
  const int64_t base = static_cast<int64_t>(dues.zones);
  const int64_t more = static_cast<int64_t>(dues.owners) - base;
  std::vector<std::vector<size_t>> edges(before.size());
  for (size_t p = 0; p < before.size(); ++p) {
    network.AddEdge(vertices.source(), vertices.base(p), base);
    network.AddEdge(vertices.source(), vertices.more(p), more);
    for (size_t zone = 0; zone < zones; ++zone) {
      network.AddEdge(vertices.base(p), vertices.zone(p, zone), 1);
      network.AddEdge(vertices.more(p), vertices.zone(p, zone), more);
    }
    for (size_t i = 0; i < members.size(); ++i) {
      const size_t zone = zone_numbers.at(members[i].zone);
      edges[p].push_back(
          network.AddEdge(vertices.zone(p, zone), vertices.member(i), 1,
                          Has(before[p], members[i].id) ? 0 : 1));
    }
  }
  AddMembers(dues, vertices, network);
  const CheapestFlow::Sent sent =
      network.Send(vertices.source(), vertices.sink());
  EXPECT_EQ(sent.flow, static_cast<int64_t>(before.size() * dues.owners))
      << "there is always a table that is spread and even";
  Least least = {sent.cost, Table(before.size())};
  for (size_t p = 0; p < before.size(); ++p) {
    for (size_t i = 0; i < members.size(); ++i) {
      if (network.FlowOf(edges[p][i]) == 0) continue;
      least.table[p].push_back(members[i].id);
    }
  }
  return least;
}

int64_t LeastGained(const Members& members, const Dues& dues,
                    const Table& before) {
  Counts owned = CountOwned(before);
  int64_t gained = 0;
  // Per group: the number of members that must own one more than their rounded
  // share, minus those that own it already and can keep it.
  std::vector<int64_t> ones = dues.group_total;
  for (size_t i = 0; i < members.size(); ++i) {
    const Due& due = dues.owned[i];
    const int64_t had = owned[members[i].id];
    gained += std::max<int64_t>(0, due.Floor() - had);
    ones[dues.group[i]] -= due.Floor();
    if (!due.IsWhole() && had > due.Floor()) --ones[dues.group[i]];
  }
  for (const int64_t more : ones) gained += std::max<int64_t>(0, more);
  return gained;
}

Members MembersOf(const Ring& ring) {
  Members members;
  for (const NodePtr& node : ring.nodes()) {
    members.push_back({node->id(), node->weight(), node->zone()});
  }
  return members;
}

Table TableOf(const Ring& ring) {
  Table table(size_t{1} << ring.spec().partition_bits());
  for (size_t i = 0; i < ring.slot_nodes().size(); ++i) {
    table.at(i / ring.owners_per_slot())
        .push_back(ring.nodes().at(ring.slot_nodes()[i])->id());
  }
  return table;
}

Dues DuesIn(const Ring& ring) {
  return DuesOf(MembersOf(ring), int64_t{1} << ring.spec().partition_bits(),
                ring.spec().replica_count());
}

}  // namespace clockwise
