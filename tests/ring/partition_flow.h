// CheapestFlow computes a maximum flow of minimum cost in a network.
// Thread-compatible.
//
// It augments along shortest paths, all paths of one length at a time. It is
// slow, and short enough to check by reading. partition_reference_test.cc
// compares it with enumeration.
#ifndef CLOCKWISE_TESTS_RING_PARTITION_FLOW_H_
#define CLOCKWISE_TESTS_RING_PARTITION_FLOW_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace clockwise {

class CheapestFlow {
 public:
  explicit CheapestFlow(size_t vertices) : edges_from_(vertices) {}

  // Adds an edge. Returns its number, for FlowOf.
  size_t AddEdge(size_t from, size_t to, int64_t capacity, int64_t cost = 0);

  struct Sent {
    int64_t flow = 0;
    int64_t cost = 0;
  };
  // Sends the flow. Call it once, after all edges were added.
  Sent Send(size_t source, size_t sink);

  int64_t FlowOf(size_t edge) const { return edges_[edge ^ 1].left; }

 private:
  struct Edge {
    size_t to = 0;
    int64_t left = 0;  // unused capacity
    int64_t cost = 0;
  };
  // Computes the least costs from `source`. True if `sink` is reachable.
  bool MeasureDistances(size_t source, size_t sink);
  // Sends up to `wanted` along shortest paths. Returns the amount sent.
  int64_t Push(size_t vertex, size_t sink, int64_t wanted);

  std::vector<std::vector<size_t>> edges_from_;
  std::vector<Edge> edges_;  // each is followed by its reverse
  std::vector<int64_t> distances_;
  std::vector<size_t> tried_;  // by vertex: edges that lead nowhere
  std::vector<bool> on_path_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_RING_PARTITION_FLOW_H_
