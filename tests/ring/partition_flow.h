// CheapestFlow sends as much as a network carries from one vertex to another,
// at the least cost. Thread-compatible.
//
// Shortest augmenting paths, taken together while they cost the same: slow, and
// short enough to be believed; partition_reference_test.cc tries it against
// enumeration.
#ifndef CLOCKWISE_TESTS_RING_PARTITION_FLOW_H_
#define CLOCKWISE_TESTS_RING_PARTITION_FLOW_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace clockwise {

class CheapestFlow {
 public:
  explicit CheapestFlow(size_t vertices) : edges_from_(vertices) {}

  // Returns the edge's number, for FlowOf.
  size_t AddEdge(size_t from, size_t to, int64_t capacity, int64_t cost = 0);

  struct Sent {
    int64_t flow = 0;
    int64_t cost = 0;
  };
  // Once, after all edges are there.
  Sent Send(size_t source, size_t sink);

  int64_t FlowOf(size_t edge) const { return edges_[edge ^ 1].left; }

 private:
  struct Edge {
    size_t to = 0;
    int64_t left = 0;  // capacity not yet used
    int64_t cost = 0;
  };
  // Least costs from `source`; whether `sink` can be reached.
  bool MeasureDistances(size_t source, size_t sink);
  // Sends up to `wanted` on along shortest paths; what went.
  int64_t Push(size_t vertex, size_t sink, int64_t wanted);

  std::vector<std::vector<size_t>> edges_from_;
  std::vector<Edge> edges_;  // each with its reverse behind it
  std::vector<int64_t> distances_;
  std::vector<size_t> tried_;  // by vertex: edges that lead no further
  std::vector<bool> on_path_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_RING_PARTITION_FLOW_H_
