#include "client/cli/commands/migration.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/failure.h"
#include "client/cli/key_sample.h"
#include "client/cli/simulation.h"
#include "client/cli/tables/table.h"
#include "client/cli/text.h"
#include "client/lib/mirror.h"
#include "service/api/refusal.h"
#include "service/limits.h"
#include "service/ring/compare_layouts.h"
#include "service/ring/layout_settings.h"
#include "service/ring/next_ring.h"
#include "service/ring/partition_moves.h"
#include "service/ring/spread.h"

namespace clockwise::cli {
namespace {

using NodesByOrdinal = std::vector<v1::Node>;

// Returns the nodes in the order in which they joined, without the data that
// only the old layout uses.
NodesByOrdinal NodesOf(const Ring& ring) {
  NodesByOrdinal nodes;
  for (const NodePtr& node : ring.nodes()) nodes.push_back(*node);
  std::stable_sort(nodes.begin(), nodes.end(),
                   [](const v1::Node& a, const v1::Node& b) {
                     return a.ordinal() < b.ordinal();
                   });
  for (v1::Node& node : nodes) {
    if (!ring.rule().own()) node.clear_hash_key();
    node.clear_points();
    node.clear_virtual_node_count();
    node.clear_ordinal();
  }
  return nodes;
}

absl::StatusOr<std::shared_ptr<const Ring>> NewRing(const v1::RingSpec& spec,
                                                    const NodesByOrdinal& nodes,
                                                    const Ring& before) {
  auto joined = JoinedNodes(nodes);
  if (!joined.ok()) return joined.status();
  return FirstRing(spec, *std::move(joined), &before);
}

v1::Comparison ReportOf(const Ring& before, const Ring& after) {
  const Ownership was = Measure(before);
  const Ownership is = Measure(after);
  const Comparison comparison = CompareLayouts(before, was, after, is);
  v1::Comparison report;
  report.set_moved_ratio(comparison.moved_ratio);
  report.set_minimum_moved_ratio(comparison.minimum_moved_ratio);
  report.set_handover_ratio(comparison.handover_ratio);
  FillLists(comparison, report);
  const auto shares = ShareChanges(before, was, after, is);
  report.mutable_share_changes()->Assign(shares.begin(), shares.end());
  *report.mutable_balance_before() = BalanceOf(before, was);
  *report.mutable_balance_after() = BalanceOf(after, is);
  *report.mutable_primary_balance_before() = PrimaryBalanceOf(before, was);
  *report.mutable_primary_balance_after() = PrimaryBalanceOf(after, is);
  report.set_zone_shortfall_before(ZoneShortfall(before));
  report.set_zone_shortfall_after(ZoneShortfall(after));
  report.set_partition_count(static_cast<uint32_t>(PartitionsOf(after.spec())));
  report.set_zone_count(CountZones(after));
  for (std::string& id : CappedIds(after, is)) {
    report.add_capped_ids(std::move(id));
  }
  return report;
}

using Count = std::pair<std::pair<std::string, std::string>, uint64_t>;

std::vector<Count> MostFirst(const KeyMoves& moves) {
  std::vector<Count> counts(moves.from_to.begin(), moves.from_to.end());
  std::stable_sort(
      counts.begin(), counts.end(),
      [](const Count& a, const Count& b) { return a.second > b.second; });
  return counts;
}

}  // namespace

absl::StatusOr<Migration> PlanMigration(const v1::Snapshot& snapshot,
                                        const v1::RingSpec& spec) {
  auto view = client::FromSnapshot(snapshot, nullptr);
  if (!view.ok()) return view.status();
  Migration migration;
  // The view owns the ring.
  migration.before = std::shared_ptr<const Ring>(*view, &(*view)->ring());
  const NodesByOrdinal nodes = NodesOf(*migration.before);
  const std::string ring =
      absl::StrCat("ring ", Quoted(snapshot.spec().name()));
  if (nodes.empty()) {
    return BadUsage(
        absl::StrCat(ring, " has no nodes; a migration requires at least one"));
  }
  if (nodes.size() > limits::kMaxChangesPerRequest) {
    return BadUsage(absl::StrCat(ring, " has ", nodes.size(),
                                 " nodes; a migration can have at most ",
                                 limits::kMaxChangesPerRequest));
  }
  auto normal = NormalizeSpec(spec);
  if (!normal.ok()) return BadUsage(normal.status().message());
  auto after = NewRing(*normal, nodes, *migration.before);
  if (!after.ok()) return BadUsage(after.status().message());
  migration.after = *std::move(after);
  migration.alike = HashAlike(*migration.before, *migration.after);
  migration.nodes = nodes;
  *migration.report.mutable_comparison() =
      ReportOf(*migration.before, *migration.after);
  migration.report.set_from_epoch(snapshot.epoch());
  migration.report.set_incarnation(snapshot.incarnation());
  return migration;
}

absl::StatusOr<KeyMoves> CountKeys(const Migration& migration,
                                   const std::string& source) {
  const auto primary = [](const Ring& ring, absl::string_view key) {
    return ring.PrimaryOf(ring.Hash(key));
  };
  std::map<std::pair<uint32_t, uint32_t>, uint64_t> counts;
  KeyMoves moves;
  absl::Status failure = ReadKeys(source, [&](absl::string_view key) {
    ++moves.keys;
    ++counts[{primary(*migration.before, key), primary(*migration.after, key)}];
    return absl::OkStatus();
  });
  if (!failure.ok()) return failure;
  for (const auto& [nodes, keys] : counts) {
    const std::string& from = migration.before->nodes()[nodes.first]->id();
    const std::string& to = migration.after->nodes()[nodes.second]->id();
    if (from == to) continue;
    moves.moved += keys;
    moves.from_to[{from, to}] += keys;
  }
  return moves;
}

std::string TransferCounts(const KeyMoves& moves, const Terminal& terminal) {
  constexpr size_t kMaxRows = 12;
  if (moves.from_to.empty()) return "";
  Table table({{"FROM"}, {"TO"}, {"KEYS", Table::Align::kRight}});
  size_t rows = 0;
  uint64_t rest = 0;
  for (const auto& [nodes, keys] : MostFirst(moves)) {
    if (++rows > kMaxRows) {
      rest += keys;
      continue;
    }
    table.AddRow({nodes.first, nodes.second, Grouped(keys)},
                 static_cast<double>(keys));
  }
  std::string text = table.Render(terminal);
  if (rows > kMaxRows) {
    absl::StrAppend(&text, "and ", Grouped(rows - kMaxRows),
                    " more pairs: ", Grouped(rest), " keys\n");
  }
  return text;
}

std::string KeyMovesJson(const KeyMoves& moves) {
  std::string text = absl::StrCat(
      "{\"keys\":", moves.keys, ",\"moved\":", moves.moved, ",\"transfers\":[");
  const char* comma = "";
  for (const auto& [nodes, keys] : MostFirst(moves)) {
    absl::StrAppend(&text, comma, "{\"from\":", JsonString(nodes.first),
                    ",\"to\":", JsonString(nodes.second), ",\"keys\":", keys,
                    "}");
    comma = ",";
  }
  return absl::StrCat(text, "]}\n");
}

}  // namespace clockwise::cli
