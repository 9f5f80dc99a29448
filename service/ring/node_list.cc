#include "service/ring/node_list.h"

#include <algorithm>
#include <utility>

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

void PutNode(NodeList& nodes, NodePtr node) {
  const size_t i = LowerBound(nodes, node->id());
  if (i < nodes.size() && nodes[i]->id() == node->id()) {
    nodes[i] = std::move(node);
  } else {
    nodes.insert(nodes.begin() + static_cast<ptrdiff_t>(i), std::move(node));
  }
}

void TakeNode(NodeList& nodes, absl::string_view id) {
  const size_t i = LowerBound(nodes, id);
  if (i < nodes.size() && nodes[i]->id() == id) {
    nodes.erase(nodes.begin() + static_cast<ptrdiff_t>(i));
  }
}

bool IsSorted(const NodeList& nodes) {
  return std::is_sorted(
      nodes.begin(), nodes.end(),
      [](const NodePtr& a, const NodePtr& b) { return a->id() <= b->id(); });
}

}  // namespace clockwise
