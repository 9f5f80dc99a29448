#include "client/cli/tables/ring_tables.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/cli/tables/table.h"
#include "client/cli/text.h"
#include "service/api/json.h"

namespace clockwise::cli {
namespace {

// Returns enough decimals for three digits of a fair share.
int Decimals(size_t nodes) { return nodes < 100 ? 2 : nodes < 1000 ? 3 : 4; }

uint32_t WeightOf(const v1::Node& node) {
  return node.has_weight() ? node.weight() : 1;
}

double ShareOf(const v1::Snapshot& snapshot, int index) {
  return index < snapshot.shares_size() ? snapshot.shares(index) : 0;
}

// Returns "rack=a,unit=7", in the order of the names.
std::string LabelsText(const v1::Node& node) {
  const std::map<std::string, std::string> sorted(node.labels().begin(),
                                                  node.labels().end());
  return absl::StrJoin(sorted, ",", absl::PairFormatter("="));
}

}  // namespace

std::vector<double> FairShares(const v1::Snapshot& snapshot) {
  const bool weighted = snapshot.spec().layout() != v1::LAYOUT_MODULO;
  std::vector<double> shares;
  double sum = 0;
  for (const v1::Node& node : snapshot.nodes()) {
    shares.push_back(weighted ? WeightOf(node) : 1.0);
    sum += shares.back();
  }
  for (double& share : shares) share /= sum;
  return shares;
}

std::string NodeTable(const v1::Snapshot& snapshot, bool wide,
                      const Terminal& terminal) {
  constexpr auto kRight = Table::Align::kRight;
  std::vector<Table::Column> columns = {{"NODE"},          {"ADDRESS"},
                                        {"ZONE"},          {"WEIGHT", kRight},
                                        {"SHARE", kRight}, {"FAIR", kRight}};
  if (wide) columns.insert(columns.end(), {{"LABELS"}, {"HASH KEY"}});
  Table table(columns);
  const std::vector<double> fair = FairShares(snapshot);
  const int decimals = Decimals(fair.size());
  for (int i = 0; i < snapshot.nodes_size(); ++i) {
    const v1::Node& node = snapshot.nodes(i);
    const double share = ShareOf(snapshot, i);
    std::vector<std::string> row = {
        node.id(),
        node.address(),
        node.zone(),
        absl::StrCat(WeightOf(node)),
        Percent(share, decimals),
        Percent(fair[static_cast<size_t>(i)], decimals)};
    if (wide) {
      row.push_back(LabelsText(node));
      row.push_back(node.hash_key());
    }
    table.AddRow(row, share);
  }
  return table.Render(terminal);
}

std::string NodeText(const v1::Snapshot& snapshot, int index) {
  const v1::Node& node = snapshot.nodes(index);
  const std::pair<absl::string_view, std::string> fields[] = {
      {"node", node.id()},
      {"address", node.address()},
      {"zone", node.zone()},
      {"weight", absl::StrCat(WeightOf(node))},
      {"labels", LabelsText(node)},
      {"hash key", node.hash_key()},
      {"points", node.points().empty()
                     ? ""
                     : absl::StrCat(node.points_size(), " explicit")},
      {"vnodes", node.virtual_node_count() == 0
                     ? ""
                     : absl::StrCat(node.virtual_node_count())},
      {"share", Percent(ShareOf(snapshot, index))},
      {"fair share", Percent(FairShares(snapshot)[static_cast<size_t>(index)])},
      {"ring",
       absl::StrCat(snapshot.spec().name(), " at epoch ", snapshot.epoch())}};
  std::string text;
  for (const auto& [name, value] : fields) {
    if (value.empty()) continue;
    absl::StrAppendFormat(&text, "%-11s %s\n", name, Printable(value));
  }
  return text;
}

namespace {

// Returns a node as JSON with its shares, without a newline.
absl::StatusOr<std::string> JsonWithShares(const v1::Node& node, double share,
                                           double fair_share) {
  auto json = ToJson(node);
  if (!json.ok()) return json;
  json->pop_back();  // the brace
  absl::StrAppendFormat(&*json, R"(,"share":%.9g,"fairShare":%.9g})", share,
                        fair_share);
  return json;
}

}  // namespace

absl::StatusOr<std::string> RingJson(const v1::Snapshot& snapshot) {
  // The nodes are converted one by one, because their shares are not fields of
  // the message.
  v1::GetRingResponse rest;
  *rest.mutable_snapshot() = snapshot;
  rest.mutable_snapshot()->clear_nodes();
  rest.mutable_snapshot()->clear_shares();
  auto json = ToJson(rest);
  if (!json.ok()) return json;
  const std::vector<double> fair = FairShares(snapshot);
  std::string nodes = "\"nodes\":[";
  for (int i = 0; i < snapshot.nodes_size(); ++i) {
    auto node = JsonWithShares(snapshot.nodes(i), ShareOf(snapshot, i),
                               fair[static_cast<size_t>(i)]);
    if (!node.ok()) return node;
    absl::StrAppend(&nodes, i == 0 ? "" : ",", *node);
  }
  nodes += ']';
  // Quotes in texts are escaped, so these are the names of the fields.
  return absl::StrCat(absl::StrReplaceAll(*json, {{"\"nodes\":[]", nodes},
                                                  {",\"shares\":[]", ""}}),
                      "\n");
}

absl::StatusOr<std::string> NodeJson(const v1::Snapshot& snapshot, int index) {
  auto json = JsonWithShares(snapshot.nodes(index), ShareOf(snapshot, index),
                             FairShares(snapshot)[static_cast<size_t>(index)]);
  if (json.ok()) *json += '\n';
  return json;
}

std::vector<Spread> SpreadOver(const v1::Snapshot& snapshot,
                               const std::map<std::string, uint64_t>& keys_of) {
  double keys = 0;
  for (const auto& [id, count] : keys_of) keys += static_cast<double>(count);
  const auto share = [keys](uint64_t count) {
    return keys == 0 ? 0 : static_cast<double>(count) / keys;
  };
  std::map<std::string, uint64_t> left = keys_of;
  const std::vector<double> fair = FairShares(snapshot);
  std::vector<Spread> spread;
  for (int i = 0; i < snapshot.nodes_size(); ++i) {
    const v1::Node& node = snapshot.nodes(i);
    const auto found = left.find(node.id());
    const uint64_t count = found == left.end() ? 0 : found->second;
    if (found != left.end()) left.erase(found);
    spread.push_back({node.id(), node.zone(), WeightOf(node), count,
                      share(count), fair[static_cast<size_t>(i)]});
  }
  for (const auto& [id, count] : left) {
    spread.push_back({id, "", 0, count, share(count), 0});
  }
  return spread;
}

std::string SpreadTable(const std::vector<Spread>& spread,
                        const Terminal& terminal) {
  constexpr auto kRight = Table::Align::kRight;
  Table table({{"NODE"},
               {"ZONE"},
               {"WEIGHT", kRight},
               {"KEYS", kRight},
               {"SHARE", kRight},
               {"FAIR", kRight}});
  const int decimals = Decimals(spread.size());
  const Spread* fullest = nullptr;
  const auto load = [](const Spread& s) { return s.share / s.fair_share; };
  for (const Spread& s : spread) {
    table.AddRow(
        {s.node_id, s.zone, s.weight == 0 ? "-" : absl::StrCat(s.weight),
         absl::StrCat(s.keys), Percent(s.share, decimals),
         s.weight == 0 ? "-" : Percent(s.fair_share, decimals)},
        s.share);
    if (s.weight == 0) continue;
    if (fullest == nullptr || load(s) > load(*fullest)) fullest = &s;
  }
  std::string text = table.Render(terminal);
  if (fullest != nullptr && fullest->keys > 0) {
    absl::StrAppendFormat(&text, "fullest: %s with %.3f of its fair share\n",
                          fullest->node_id, load(*fullest));
  }
  return text;
}

std::string SpreadJson(const std::vector<Spread>& spread, uint64_t keys,
                       uint64_t epoch) {
  std::vector<std::string> nodes;
  nodes.reserve(spread.size());
  for (const Spread& s : spread) {
    nodes.push_back(absl::StrFormat(
        R"({"nodeId":%s,"zone":%s,"weight":%d,"keys":"%d","share":%.9g,)"
        R"("fairShare":%.9g})",
        JsonString(s.node_id), JsonString(s.zone), s.weight, s.keys, s.share,
        s.fair_share));
  }
  return absl::StrCat("{\"keys\":\"", keys, "\",\"epoch\":\"", epoch,
                      "\",\"nodes\":[", absl::StrJoin(nodes, ","), "]}\n");
}

std::string Hex(uint64_t number) { return absl::StrFormat("%016x", number); }

std::string UtcText(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0) return "";
  return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC",
                          absl::FromUnixSeconds(time.seconds()),
                          absl::UTCTimeZone());
}

std::string ActorText(absl::string_view actor, absl::string_view stated_actor) {
  if (stated_actor.empty()) return std::string(actor);
  return absl::StrCat(actor, " (as ", stated_actor, ")");
}

}  // namespace clockwise::cli
