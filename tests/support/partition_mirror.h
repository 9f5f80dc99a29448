// A mirror of a PARTITIONED ring that uses only the comments of
// placement.proto: tables as rows of node IDs, a follower of snapshots and
// deltas, and the numbers of a change counted row by row.
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

// The owners of each partition, by ID, primary first.
using OwnerRows = std::vector<std::vector<std::string>>;

// Returns the rows of the snapshot of a PARTITIONED ring.
OwnerRows RowsOf(const v1::Snapshot& snapshot);

// Follows a ring from a snapshot through deltas. Thread-compatible.
class PartitionMirror {
 public:
  explicit PartitionMirror(const v1::Snapshot& snapshot);

  // Applies a delta. Fails the test if it violates a guarantee of the proto.
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

// Counts what a change from `before` to `after` moves.
struct CountedMoves {
  CountedMoves(const OwnerRows& before, const OwnerRows& after);

  double Ratio(uint64_t owner_slots) const;  // of owner slots after

  uint64_t moved = 0;      // owner slots with a new node
  uint64_t handovers = 0;  // partitions whose primary was an owner before
  uint64_t slots = 0;      // owner slots after
  // Owner slots by owner before (empty: none) and owner after. New owners are
  // paired, in their order, with owners that leave.
  std::map<std::pair<std::string, std::string>, uint64_t> transfers;
};

// Returns the number of partitions with two owners in one zone; 0 if no node
// has a zone.
uint32_t CountShortfall(const v1::Snapshot& snapshot);

// Returns the number of partitions of each node.
std::map<std::string, uint64_t> CountOwned(const OwnerRows& rows);

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_SUPPORT_PARTITION_MIRROR_H_
