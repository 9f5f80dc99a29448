// PartitionHistory is a random sequence of changes to the nodes of one
// PARTITIONED ring: nodes join, leave, and change weight or zone, several at
// once. Thread-compatible.
//
// A seed produces the same history on every machine. Rings are small and
// crowded, so that partitions conflict.
#ifndef CLOCKWISE_TESTS_RING_PARTITION_HISTORY_H_
#define CLOCKWISE_TESTS_RING_PARTITION_HISTORY_H_

#include <cstdint>
#include <random>
#include <string>

#include "gtest/gtest.h"
#include "service/ring/node_list.h"
#include "tests/support/ring_builders.h"

namespace clockwise {

// Returns a spec with these values and no other defaults.
v1::RingSpec PartitionedSpec(uint32_t partition_bits, uint32_t replicas);

// Returns the ring without nodes, the start of all histories.
RingPtr EmptyRing(const v1::RingSpec& spec);

// Returns the ring of `nodes` that follows `before`. It must build.
RingPtr FollowedBy(const RingPtr& before, const NodeList& nodes);
RingPtr FollowedBy(const RingPtr& before, const Nodes& nodes);

// Returns the ring of `nodes` that follows the ring without nodes.
RingPtr FirstRing(uint32_t partition_bits, uint32_t replicas,
                  const Nodes& nodes);

class PartitionHistory {
 public:
  explicit PartitionHistory(uint64_t seed);

  const v1::RingSpec& spec() const { return spec_; }
  uint32_t steps() const { return steps_; }  // 4 to 8

  // Makes the next step: one to four changes, which may cancel out. The first
  // step adds several nodes.
  void Step();
  const NodeList& nodes() const { return nodes_; }
  // True if the last step changed the zone of a node that stayed.
  bool rezoned() const { return rezoned_; }

  // The seed, the spec and all steps so far, in one line.
  const std::string& told() const { return told_; }

 private:
  void ChangeOne(NodeChanges& changes);
  void Put(NodeChanges& changes, const v1::Node& node, const char* what);
  uint32_t RandomWeight();
  std::string RandomZone();

  std::mt19937_64 random_;
  v1::RingSpec spec_;
  uint32_t steps_ = 0;
  uint32_t zones_ = 0;
  uint32_t max_weight_ = 0;
  bool huge_weights_ = false;
  size_t most_nodes_ = 0;
  NodeList nodes_;
  bool rezoned_ = false;
  std::string told_;
};

// Runs the history of `seed`. Calls `take` with the history and the rings
// before and after each step. Stops when a test fails.
template <typename Take>
void ForEachStep(uint64_t seed, const Take& take) {
  PartitionHistory history(seed);
  RingPtr before = EmptyRing(history.spec());
  for (uint32_t step = 0; step < history.steps(); ++step) {
    history.Step();
    const RingPtr after = FollowedBy(before, history.nodes());
    take(history, before, after);
    if (::testing::Test::HasFatalFailure()) return;
    before = after;
  }
}

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_RING_PARTITION_HISTORY_H_
