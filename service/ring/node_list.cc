#include "service/ring/node_list.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"

namespace clockwise {

size_t LowerBound(const NodeList& nodes, absl::string_view id) {
  const auto at = std::lower_bound(
      nodes.begin(), nodes.end(), id,
      [](const NodePtr& node, auto wanted) { return node->id() < wanted; });
  return static_cast<size_t>(at - nodes.begin());
}

NodePtr FindNode(const NodeList& nodes, absl::string_view id) {
  const size_t i = LowerBound(nodes, id);
  return i < nodes.size() && nodes[i]->id() == id ? nodes[i] : nullptr;
}

NodeList WithChanges(const NodeList& nodes, const NodeChanges& changes) {
  NodeList changed;
  changed.reserve(nodes.size() + changes.size());
  auto node = nodes.begin();
  for (const auto& [id, replacement] : changes) {
    for (; node != nodes.end() && (*node)->id() < id; ++node) {
      changed.push_back(*node);
    }
    if (node != nodes.end() && (*node)->id() == id) ++node;
    if (replacement != nullptr) changed.push_back(replacement);
  }
  changed.insert(changed.end(), node, nodes.end());
  return changed;
}

Zones NumberZones(const NodeList& nodes) {
  Zones zones;
  absl::flat_hash_map<absl::string_view, uint32_t> numbers;
  zones.of_node.reserve(nodes.size());
  for (const NodePtr& node : nodes) {
    const auto [at, inserted] = numbers.try_emplace(node->zone(), zones.count);
    if (inserted) ++zones.count;
    zones.of_node.push_back(at->second);
  }
  return zones;
}

std::vector<uint32_t> IndexesAfter(const NodeList& before,
                                   const NodeList& after) {
  std::vector<uint32_t> indexes;
  indexes.reserve(before.size());
  size_t j = 0;
  for (const NodePtr& node : before) {
    // Most nodes are the same object, so their IDs need not be read.
    bool found = j < after.size() && after[j] == node;
    if (!found) {
      while (j < after.size() && after[j]->id() < node->id()) ++j;
      found = j < after.size() && after[j]->id() == node->id();
    }
    indexes.push_back(found ? static_cast<uint32_t>(j++) : kGone);
  }
  return indexes;
}

bool IsSorted(const NodeList& nodes) {
  return std::is_sorted(
      nodes.begin(), nodes.end(),
      [](const NodePtr& a, const NodePtr& b) { return a->id() <= b->id(); });
}

}  // namespace clockwise
