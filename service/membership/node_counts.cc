#include "service/membership/node_counts.h"

namespace clockwise {

NodeCounts::NodeCounts(const NodeList& nodes, const NodeCounts& before,
                       const NodeList& nodes_before)
    : blocks_(before.blocks_), cells_(nodes.size()) {
  constexpr uint32_t kNone = ~uint32_t{0};
  std::vector<bool> taken(blocks_.size() * kBlock);
  size_t i = 0;
  for (size_t node = 0; node < nodes.size(); ++node) {
    const std::string& id = nodes[node]->id();
    while (i < nodes_before.size() && nodes_before[i]->id() < id) ++i;
    if (i < nodes_before.size() && nodes_before[i]->id() == id) {
      cells_[node] = before.cells_[i];
      taken[cells_[node].number] = true;
    } else {
      cells_[node].number = kNone;
    }
  }
  uint32_t next = 0;
  for (Cell& cell : cells_) {
    if (cell.number != kNone) continue;
    while (next < taken.size() && taken[next]) ++next;
    if (next / kBlock == blocks_.size()) {
      blocks_.push_back(std::make_shared<ThreadCounts>(kBlock));
    }
    cell = {next, Sum(next)};
    ++next;
  }
}

}  // namespace clockwise
