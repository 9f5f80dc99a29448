// NodeCounts counts the keys that were located on each node of a ring. Any
// number of threads may count. A node keeps its count across epochs, because
// the counts of one epoch share their cells with those of the next.
#ifndef CLOCKWISE_SERVICE_MEMBERSHIP_NODE_COUNTS_H_
#define CLOCKWISE_SERVICE_MEMBERSHIP_NODE_COUNTS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "service/ring/node_list.h"
#include "service/runtime/thread_counts.h"

namespace clockwise {

class NodeCounts {
 public:
  NodeCounts() = default;
  // Counts for `nodes`. A node that is also in `nodes_before` keeps its count
  // from `before`; the other counts start at 0. O(nodes).
  NodeCounts(const NodeList& nodes, const NodeCounts& before,
             const NodeList& nodes_before);

  size_t size() const { return cells_.size(); }
  void Add(size_t node, uint64_t amount = 1) const {
    const uint32_t cell = cells_[node].number;
    blocks_[cell / kBlock]->Add(cell % kBlock, amount);
  }
  uint64_t Of(size_t node) const {
    return Sum(cells_[node].number) - cells_[node].zero;
  }

 private:
  static constexpr uint32_t kBlock = 1024;
  struct Cell {
    uint32_t number;
    uint64_t zero;  // value of the cell when the node got it
  };
  uint64_t Sum(uint32_t cell) const {
    return blocks_[cell / kBlock]->Sum(cell % kBlock);
  }

  std::vector<std::shared_ptr<ThreadCounts>> blocks_;
  std::vector<Cell> cells_;  // by node
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_MEMBERSHIP_NODE_COUNTS_H_
