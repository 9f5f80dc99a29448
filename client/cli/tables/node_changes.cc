#include "client/cli/tables/node_changes.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"

namespace clockwise::cli {
namespace {

// Maximum number of nodes, labels or transfers in one line.
constexpr size_t kMostNamed = 6;

// Collects the fields of a node that differ.
class Differences {
 public:
  explicit Differences(const char* arrow) : arrow_(arrow) {}

  void Compare(absl::string_view field, absl::string_view from,
               absl::string_view to) {
    if (from == to) return;
    facts_.push_back(absl::StrCat(field, " ", from.empty() ? "none" : from, " ",
                                  arrow_, " ", to.empty() ? "none" : to));
  }

  void CompareLabels(const v1::Node& before, const v1::Node& after) {
    // Sorted, because the order of a protobuf map is not defined.
    std::set<std::string> names;
    for (const auto& [name, value] : before.labels()) names.insert(name);
    for (const auto& [name, value] : after.labels()) names.insert(name);
    const auto value_in = [](const v1::Node& node, const std::string& name) {
      const auto at = node.labels().find(name);
      return at == node.labels().end() ? std::string() : "=" + at->second;
    };
    for (const std::string& name : names) {
      Compare(absl::StrCat("label ", name), value_in(before, name),
              value_in(after, name));
    }
  }

  std::string Text() && { return JoinSome(std::move(facts_)); }

 private:
  const char* const arrow_;
  std::vector<std::string> facts_;
};

std::string PointsOf(const v1::Node& node) {
  return node.points().empty() ? "" : absl::StrCat(node.points_size());
}

bool SamePoints(const v1::Node& a, const v1::Node& b) {
  return std::equal(a.points().begin(), a.points().end(), b.points().begin(),
                    b.points().end());
}

}  // namespace

std::string JoinSome(std::vector<std::string> parts) {
  const size_t more = parts.size() > kMostNamed ? parts.size() - kMostNamed : 0;
  parts.resize(parts.size() - more);
  std::string text = absl::StrJoin(parts, ", ");
  if (more > 0) absl::StrAppend(&text, " and ", more, " more");
  return text;
}

std::string DescribeAdded(const v1::Node& node) {
  std::string text = absl::StrCat("added ", node.id());
  std::vector<std::string> facts;
  if (!node.address().empty()) facts.push_back(node.address());
  if (!node.zone().empty()) facts.push_back(absl::StrCat("zone ", node.zone()));
  if (node.has_weight() && node.weight() != 1) {
    facts.push_back(absl::StrCat("weight ", node.weight()));
  }
  if (!facts.empty()) {
    absl::StrAppend(&text, " (", absl::StrJoin(facts, ", "), ")");
  }
  return text;
}

std::string DescribeUpdate(const v1::Node& before, const v1::Node& after,
                           const Terminal& terminal) {
  Differences differences(terminal.arrow());
  differences.Compare("address", before.address(), after.address());
  differences.Compare("weight", absl::StrCat(before.weight()),
                      absl::StrCat(after.weight()));
  differences.Compare("zone", before.zone(), after.zone());
  differences.CompareLabels(before, after);
  if (!SamePoints(before, after)) {
    const bool same_count = before.points_size() == after.points_size();
    differences.Compare("points", PointsOf(before),
                        same_count ? absl::StrCat(PointsOf(after), " others")
                                   : PointsOf(after));
  }
  const auto count = [](const v1::Node& node) {
    return node.virtual_node_count() == 0
               ? ""
               : absl::StrCat(node.virtual_node_count());
  };
  differences.Compare("virtual_node_count", count(before), count(after));
  // The node was removed and added with another hash_key between two messages.
  differences.Compare("hash_key", before.hash_key(), after.hash_key());
  const std::string facts = std::move(differences).Text();
  if (facts.empty()) return "";
  return absl::StrCat("changed ", after.id(), " (", facts, ")");
}

std::string DescribeChange(const v1::Change& change, const Terminal& terminal) {
  std::map<absl::string_view, const v1::Node*> before;
  for (const v1::Node& node : change.before()) before[node.id()] = &node;
  const std::set<absl::string_view> added(change.added_ids().begin(),
                                          change.added_ids().end());
  std::vector<std::string> parts;
  for (const v1::Node& node : change.upserted()) {
    const auto old = before.find(node.id());
    if (added.contains(node.id())) {
      parts.push_back(DescribeAdded(node));
    } else if (old != before.end()) {
      parts.push_back(DescribeUpdate(*old->second, node, terminal));
    } else {
      parts.push_back(absl::StrCat("changed ", node.id()));
    }
  }
  for (const std::string& id : change.removed_ids()) {
    parts.push_back(absl::StrCat("removed ", id));
  }
  if (change.has_undeleted()) parts.emplace_back("restored the deleted ring");
  if (!change.ended_migration_from().empty()) {
    parts.push_back(absl::StrCat("ended the migration from ring ",
                                 change.ended_migration_from()));
  }
  return JoinSome(std::move(parts));
}

}  // namespace clockwise::cli
