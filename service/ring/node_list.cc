#include "service/ring/node_list.h"

#include <algorithm>

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

bool IsSorted(const NodeList& nodes) {
  return std::is_sorted(
      nodes.begin(), nodes.end(),
      [](const NodePtr& a, const NodePtr& b) { return a->id() <= b->id(); });
}

}  // namespace clockwise
