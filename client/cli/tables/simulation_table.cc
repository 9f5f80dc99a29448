#include "client/cli/tables/simulation_table.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/tables/table.h"
#include "client/cli/text.h"
#include "service/ring/layout.h"

namespace clockwise::cli {
namespace {

// Returns the name in the spelling of the options: "hashed 160".
std::string NameOf(const v1::RingSpec& spec) {
  const LayoutRule* rule = FindLayout(spec.layout());
  std::string name = rule == nullptr ? "?" : rule->name();
  if (spec.virtual_node_count() > 0)
    absl::StrAppend(&name, " ", spec.virtual_node_count());
  return name;
}

size_t Added(const NodesAround& nodes) {
  return static_cast<size_t>(std::count_if(
      nodes.after.begin(), nodes.after.end(), [&](const NodePtr& node) {
        return FindNode(nodes.before, node->id()) == nullptr;
      }));
}

std::string BalanceJson(const char* name, const v1::Balance& balance) {
  return absl::StrFormat(
      R"("%s":{"peakToMean":%.9g,"stddev":%.9g,"minToMean":%.9g},)", name,
      balance.peak_to_mean(), balance.stddev(), balance.min_to_mean());
}

}  // namespace

std::string ChangeText(const NodesAround& nodes) {
  const size_t added = Added(nodes);
  const size_t removed = nodes.before.size() + added - nodes.after.size();
  std::string text =
      absl::StrCat(Grouped(nodes.before.size()),
                   nodes.before.size() == 1 ? " node" : " nodes");
  if (removed > 0) {
    if (added > 0) absl::StrAppend(&text, ", ", Grouped(added), " added");
    absl::StrAppend(&text, ", ", Grouped(removed), " removed");
  } else if (added > 0) {
    absl::StrAppend(&text, ", then ", Grouped(added), " more");
  }
  return text;
}

std::string FiguresTable(const NodesAround& nodes,
                         const std::vector<Figures>& figures,
                         const Terminal& terminal) {
  constexpr auto kRight = Table::Align::kRight;
  const uint64_t keys = figures.front().keys.keys;
  std::vector<Table::Column> columns = {
      {"LAYOUT"},        {"PEAK/MEAN", kRight}, {"STDDEV", kRight},
      {"MOVED", kRight}, {"LEAST", kRight},     {"MOVED/LEAST", kRight}};
  if (keys > 0) {
    columns.push_back({"KEYS: PEAK", kRight});
    columns.push_back({"MOVED", kRight});
  }
  Table table(columns);
  for (const Figures& row : figures) {
    std::vector<std::string> cells = {
        NameOf(row.spec),
        absl::StrFormat("%.3f", row.balance_after.peak_to_mean()),
        absl::StrFormat("%.4f", row.balance_after.stddev()),
        Percent(row.moved_ratio),
        Percent(row.minimum_moved_ratio),
        row.minimum_moved_ratio > 0
            ? absl::StrFormat("%.3f", row.moved_to_minimum())
            : "-"};
    if (keys > 0) {
      cells.push_back(absl::StrFormat("%.3f", row.keys.peak_to_mean));
      cells.push_back(Percent(row.keys.moved_ratio));
    }
    table.AddRow(cells);
  }
  std::string text =
      absl::StrCat(ChangeText(nodes), "\n", table.Render(terminal));
  absl::StrAppend(
      &text,
      "PEAK/MEAN, STDDEV: the nodes' shares after the change, over the fair "
      "share.\nLEAST: the minimum that any placement with these shares moves. "
      "All are exact.\n");
  if (keys > 0) {
    absl::StrAppend(
        &text, "KEYS: ", Grouped(keys),
        " keys, located in both rings; random variation adds to PEAK.\n");
  }
  return text;
}

std::string FiguresJson(const Figures& figures) {
  const LayoutRule* rule = FindLayout(figures.spec.layout());
  std::string json = absl::StrCat(
      "{\"layout\":", JsonString(rule == nullptr ? "" : rule->name()));
  if (figures.spec.virtual_node_count() > 0) {
    absl::StrAppend(&json,
                    ",\"virtualNodes\":", figures.spec.virtual_node_count());
  }
  if (figures.spec.partition_bits() > 0) {
    absl::StrAppend(&json,
                    ",\"partitionBits\":", figures.spec.partition_bits());
  }
  absl::StrAppend(
      &json, ",\"replicas\":", figures.spec.replica_count(),
      ",\"nodesBefore\":", figures.nodes_before,
      ",\"nodesAfter\":", figures.nodes_after, ",",
      BalanceJson("balanceBefore", figures.balance_before),
      BalanceJson("balanceAfter", figures.balance_after),
      BalanceJson("primaryBalanceBefore", figures.primary_balance_before),
      BalanceJson("primaryBalanceAfter", figures.primary_balance_after),
      absl::StrFormat(R"("movedRatio":%.9g,"minimumMovedRatio":%.9g,)",
                      figures.moved_ratio, figures.minimum_moved_ratio),
      "\"movedToMinimum\":",
      figures.minimum_moved_ratio > 0
          ? absl::StrFormat("%.9g", figures.moved_to_minimum())
          : "null");
  if (figures.keys.keys > 0) {
    absl::StrAppendFormat(
        &json, R"(,"keys":{"count":"%d","peakToMean":%.9g,"movedRatio":%.9g})",
        figures.keys.keys, figures.keys.peak_to_mean, figures.keys.moved_ratio);
  }
  return absl::StrCat(json, "}\n");
}

}  // namespace clockwise::cli
