#include "client/cli/tables/ring_tables.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "client/cli/tables/table.h"
#include "client/cli/text.h"

namespace clockwise::cli {
namespace {

// Returns enough decimals for three digits of a fair share.
int Decimals(size_t nodes) { return nodes < 100 ? 2 : nodes < 1000 ? 3 : 4; }

uint32_t WeightOf(const v1::Node& node) {
  return node.has_weight() ? node.weight() : 1;
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

std::string NodeTable(const v1::Snapshot& snapshot, const Terminal& terminal) {
  constexpr auto kRight = Table::Align::kRight;
  Table table({{"NODE"},
               {"ADDRESS"},
               {"ZONE"},
               {"WEIGHT", kRight},
               {"SHARE", kRight},
               {"FAIR", kRight}});
  const std::vector<double> fair = FairShares(snapshot);
  const int decimals = Decimals(fair.size());
  for (int i = 0; i < snapshot.nodes_size(); ++i) {
    const v1::Node& node = snapshot.nodes(i);
    const double share = i < snapshot.shares_size() ? snapshot.shares(i) : 0;
    table.AddRow({node.id(), node.address(), node.zone(),
                  absl::StrCat(WeightOf(node)), Percent(share, decimals),
                  Percent(fair[static_cast<size_t>(i)], decimals)},
                 share);
  }
  return table.Render(terminal);
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

}  // namespace clockwise::cli
