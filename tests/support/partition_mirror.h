// What somebody knows of a PARTITIONED ring who has read the comments of
// placement.proto and no more: tables as rows of node ids, a follower of
// snapshots and deltas, and the figures of a change counted row by row.
#ifndef CLOCKWISE_TESTS_SUPPORT_PARTITION_MIRROR_H_
#define CLOCKWISE_TESTS_SUPPORT_PARTITION_MIRROR_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "clockwise/v1/placement.pb.h"
#include "gtest/gtest.h"

namespace clockwise {

// The owners of each partition, by id, primary first.
using OwnerRows = std::vector<std::vector<std::string>>;

// Of the snapshot of a PARTITIONED ring.
OwnerRows RowsOf(const v1::Snapshot& snapshot);

// Follows a ring from a snapshot by deltas. Thread-compatible.
class PartitionMirror {
 public:
  explicit PartitionMirror(const v1::Snapshot& snapshot);

  // A delta that breaks a promise of the proto fails the test.
  void Apply(const v1::Delta& delta);

  uint64_t epoch() const { return epoch_; }
  const OwnerRows& rows() const { return rows_; }
  const std::map<std::string, v1::Node>& nodes() const { return nodes_; }

 private:
  uint64_t epoch_;
  size_t replicas_;
  std::map<std::string, v1::Node> nodes_;
  OwnerRows rows_;
};

// What a change from `before` to `after` moves, counted.
struct CountedMoves {
  CountedMoves(const OwnerRows& before, const OwnerRows& after);

  double Ratio(uint64_t owner_slots) const;  // of those after

  uint64_t moved = 0;      // owner slots that get a node
  uint64_t handovers = 0;  // partitions whose primary owned them before
  uint64_t slots = 0;      // owner slots after
  // By who owned it (""; nobody) and who owns it. Joining owners are paired, in
  // their order, with those that leave.
  std::map<std::pair<std::string, std::string>, uint64_t> transfers;
};

// Partitions with two owners in one zone; 0 if no node has a zone.
uint32_t CountShortfall(const v1::Snapshot& snapshot);

// How many partitions each node owns.
std::map<std::string, uint64_t> CountOwned(const OwnerRows& rows);

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_SUPPORT_PARTITION_MIRROR_H_
