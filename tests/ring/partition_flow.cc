#include "tests/ring/partition_flow.h"

#include <algorithm>
#include <deque>
#include <limits>

namespace clockwise {
namespace {

constexpr int64_t kFar = std::numeric_limits<int64_t>::max();

}  // namespace

size_t CheapestFlow::AddEdge(size_t from, size_t to, int64_t capacity,
                             int64_t cost) {
  const size_t edge = edges_.size();
  edges_.push_back({to, capacity, cost});
  edges_.push_back({from, 0, -cost});
  edges_from_[from].push_back(edge);
  edges_from_[to].push_back(edge + 1);
  return edge;
}

CheapestFlow::Sent CheapestFlow::Send(size_t source, size_t sink) {
  Sent sent;
  while (MeasureDistances(source, sink)) {
    tried_.assign(edges_from_.size(), 0);
    on_path_.assign(edges_from_.size(), false);
    const int64_t went = Push(source, sink, kFar);
    sent.flow += went;
    sent.cost += went * distances_[sink];
  }
  return sent;
}

bool CheapestFlow::MeasureDistances(size_t source, size_t sink) {
  distances_.assign(edges_from_.size(), kFar);
  distances_[source] = 0;
  std::vector<bool> waiting(edges_from_.size(), false);
  std::deque<size_t> queue = {source};
  while (!queue.empty()) {
    const size_t vertex = queue.front();
    queue.pop_front();
    waiting[vertex] = false;
    for (const size_t number : edges_from_[vertex]) {
      const Edge& edge = edges_[number];
      const int64_t distance = distances_[vertex] + edge.cost;
      if (edge.left == 0 || distance >= distances_[edge.to]) continue;
      distances_[edge.to] = distance;
      if (waiting[edge.to]) continue;
      waiting[edge.to] = true;
      // Expands edges of cost 0 first. There are few different costs, so few
      // vertices are visited twice.
      edge.cost > 0 ? queue.push_back(edge.to) : queue.push_front(edge.to);
    }
  }
  return distances_[sink] != kFar;
}

int64_t CheapestFlow::Push(size_t vertex, size_t sink, int64_t wanted) {
  if (vertex == sink) return wanted;
  on_path_[vertex] = true;  // edges of cost 0 may form cycles
  int64_t went = 0;
  for (size_t& i = tried_[vertex]; i < edges_from_[vertex].size(); ++i) {
    const size_t number = edges_from_[vertex][i];
    const Edge edge = edges_[number];
    if (edge.left == 0 || on_path_[edge.to] ||
        distances_[edge.to] != distances_[vertex] + edge.cost) {
      continue;
    }
    const int64_t part =
        Push(edge.to, sink, std::min(wanted - went, edge.left));
    edges_[number].left -= part;
    edges_[number ^ 1].left += part;
    went += part;
    if (went == wanted) break;
  }
  on_path_[vertex] = false;
  return went;
}

}  // namespace clockwise
