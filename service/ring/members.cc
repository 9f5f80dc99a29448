#include "service/ring/members.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/limits.h"
#include "service/ring/profile/replication.h"

namespace clockwise {
namespace {

using profile::Member;
using profile::Rule;

// `why` begins with `field`, the name of a field of the node.
absl::Status CannotPlace(const v1::Node& node, absl::string_view field,
                         absl::string_view why) {
  return Refusal(v1::ERROR_REASON_NODES_UNPLACEABLE,
                 absl::StrCat("node ", Quoted(node.id()), ": ", why),
                 absl::StrCat("nodes[\"", node.id(), "\"].", field));
}

// Formats a token: signed in layouts where every 64-bit number is a token.
std::string TokenText(const Rule& rule, uint64_t token) {
  return rule.takes.any_token ? absl::StrCat(static_cast<int64_t>(token))
                              : absl::StrCat(token);
}

absl::Status CheckPoints(const Rule& rule, const v1::Node& node) {
  if (rule.takes.tokens == 0 && !rule.takes.any_token) {
    if (node.points().empty()) return absl::OkStatus();
    return FieldRefusal("points", absl::StrCat("is not used by layout ",
                                               rule.name, "; unset it"));
  }
  if (node.points().empty() && rule.takes.any_token) {
    return FieldRefusal("points", "is empty; set at least one token");
  }
  for (const uint64_t token : node.points()) {
    if (rule.takes.any_token || token < rule.takes.tokens) continue;
    return FieldRefusal("points", absl::StrCat(token, " is not from 0 to ",
                                               rule.takes.tokens - 1));
  }
  return absl::OkStatus();
}

absl::Status CheckWeight(const Rule& rule, const v1::Node& node) {
  const uint32_t most = rule.takes.max_weight;
  if (node.weight() == 0 && !rule.takes.zero_weight) {
    return FieldRefusal("weight", absl::StrCat("0; layout ", rule.name,
                                               " does not support weight 0; "
                                               "use at least 1, or remove the "
                                               "node"));
  }
  if (node.weight() <= most) return absl::OkStatus();
  if (most == 1) {
    return FieldRefusal("weight",
                        absl::StrCat(node.weight(), "; layout ", rule.name,
                                     " does not support weights; use 1"));
  }
  return FieldRefusal("weight",
                      absl::StrCat(node.weight(), " is above ", most,
                                   ", the maximum of layout ", rule.name));
}

Member MemberOf(const v1::RingSpec& spec, const v1::Node& node) {
  Member member;
  member.text = node.hash_key();
  member.weight = node.weight();
  member.own_vnodes = node.virtual_node_count();
  member.tokens.assign(node.points().begin(), node.points().end());
  const auto& localities = spec.settings().locality_weights();
  if (!localities.empty()) {
    member.locality = node.zone();
    member.locality_weight = localities.at(node.zone());
  }
  return member;
}

// Rejects two nodes with the same text: all their points would coincide.
absl::Status CheckTexts(const Rule& rule, const NodeList& nodes) {
  if (rule.order == profile::Order::kById || rule.takes.any_token ||
      rule.takes.tokens > 0) {
    return absl::OkStatus();
  }
  absl::flat_hash_map<absl::string_view, const v1::Node*> seen;
  for (const NodePtr& node : nodes) {
    const auto [at, is_new] = seen.try_emplace(node->hash_key(), node.get());
    if (is_new) continue;
    return CannotPlace(*node, "hash_key",
                       absl::StrCat("hash_key: ", Quoted(node->hash_key()),
                                    " is also the hash_key of node ",
                                    Quoted(at->second->id()), "; use another"));
  }
  return absl::OkStatus();
}

absl::Status CheckTokens(const Rule& rule, const NodeList& nodes) {
  std::vector<std::pair<uint64_t, const v1::Node*>> taken;
  for (const NodePtr& node : nodes) {
    for (const uint64_t token : node->points()) {
      taken.emplace_back(token, node.get());
    }
  }
  std::stable_sort(
      taken.begin(), taken.end(),
      [](const auto& a, const auto& b) { return a.first < b.first; });
  for (size_t i = 1; i < taken.size(); ++i) {
    const auto& [token, node] = taken[i];
    if (token != taken[i - 1].first) continue;
    const v1::Node& other = *taken[i - 1].second;
    return CannotPlace(
        *node, "points",
        absl::StrCat(
            "points: ", TokenText(rule, token),
            &other == node
                ? std::string(" is repeated; remove one of them")
                : absl::StrCat(" is also a point of node ", Quoted(other.id()),
                               "; remove one of them")));
  }
  if (nodes.empty() || taken.size() >= rule.takes.tokens) {
    return absl::OkStatus();
  }
  uint32_t missing = 0;
  while (missing < taken.size() && taken[missing].first == missing) ++missing;
  return Refusal(v1::ERROR_REASON_NODES_UNPLACEABLE,
                 absl::StrCat("points: slot ", missing, " has no node (",
                              taken.size(), " of ", rule.takes.tokens,
                              " have one); assign all slots in one change"),
                 "nodes.points");
}

absl::Status CheckDataCentres(const v1::RingSpec& spec, const NodeList& nodes) {
  const auto& replicas = spec.settings().data_centre_replicas();
  if (replicas.empty() || nodes.empty()) return absl::OkStatus();
  for (const NodePtr& node : nodes) {
    const auto at =
        replicas.find(profile::ParseLocation(node->zone()).data_centre);
    if (at != replicas.end() && at->second > 0) return absl::OkStatus();
  }
  return CannotPlace(*nodes[0], "zone",
                     absl::StrCat("zone: ", Quoted(nodes[0]->zone()),
                                  ": no node is in a data centre that has "
                                  "replicas in data_centre_replicas"));
}

}  // namespace

absl::Status CheckNode(const v1::RingSpec& spec, const v1::Node& node) {
  const Rule& rule = *FindLayout(spec.layout())->traits;
  if (absl::Status status = CheckWeight(rule, node); !status.ok()) {
    return status;
  }
  if (node.virtual_node_count() != 0 && !rule.takes.own_vnodes) {
    return FieldRefusal(
        "virtual_node_count",
        absl::StrCat("is not used by layout ", rule.name, "; unset it"));
  }
  uint32_t number = 0;
  if (rule.takes.numeric_text &&
      (!absl::SimpleAtoi(node.hash_key(), &number) || number == 0 ||
       absl::StrCat(number) != node.hash_key())) {
    return FieldRefusal("hash_key",
                        absl::StrCat(Quoted(node.hash_key()),
                                     " is not a server id of HAProxy; use a "
                                     "number from 1 to 4294967295"));
  }
  const auto& localities = spec.settings().locality_weights();
  if (!localities.empty() && !localities.contains(node.zone())) {
    return FieldRefusal("zone", absl::StrCat(Quoted(node.zone()),
                                             " is not in locality_weights"));
  }
  return CheckPoints(rule, node);
}

std::vector<uint32_t> ConfiguredOrder(const LayoutRule& rule,
                                      const NodeList& nodes) {
  std::vector<uint32_t> order(nodes.size());
  std::iota(order.begin(), order.end(), 0);
  if (rule.own()) return order;
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return nodes[a]->ordinal() < nodes[b]->ordinal();
  });
  return order;
}

absl::StatusOr<std::vector<Member>> MembersOf(
    const v1::RingSpec& spec, const LayoutRule& rule, const NodeList& nodes,
    const std::vector<uint32_t>& order) {
  std::vector<Member> members;
  members.reserve(nodes.size());
  for (const uint32_t index : order) {
    const v1::Node& node = *nodes[index];
    absl::Status status = CheckNode(spec, node);
    if (!status.ok()) {
      return CannotPlace(node, FieldOf(status), status.message());
    }
    members.push_back(MemberOf(spec, node));
  }
  for (absl::Status status :
       {CheckTexts(*rule.traits, nodes), CheckTokens(*rule.traits, nodes),
        CheckDataCentres(spec, nodes)}) {
    if (!status.ok()) return status;
  }
  return members;
}

}  // namespace clockwise
