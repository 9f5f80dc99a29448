// TableModel holds the partition table that the store of one ring must have,
// and builds commits that change both. Thread-compatible.
#ifndef CLOCKWISE_TESTS_STORE_TABLE_MODEL_H_
#define CLOCKWISE_TESTS_STORE_TABLE_MODEL_H_

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/store/store_testing.h"

namespace clockwise {

// Returns the head of a new PARTITIONED ring with 2^`bits` partitions.
inline RingHead TableHeadOf(const std::string& ring, uint32_t bits,
                            uint64_t incarnation = 7) {
  RingHead head = HeadOf(ring, incarnation);
  head.spec.set_layout(v1::LAYOUT_PARTITIONED);
  head.spec.clear_virtual_node_count();
  head.spec.set_partition_bits(bits);
  head.spec.set_replica_count(3);
  return head;
}

class TableModel {
 public:
  explicit TableModel(std::string ring, uint32_t bits)
      : ring_(std::move(ring)), partitions_(size_t{1} << bits) {}

  const OrdinalTable& table() const { return table_; }
  size_t width() const { return table_.size() / partitions_; }
  uint64_t epoch() const { return epoch_; }

  // Returns the next epoch's commit, which changes the table into `to`.
  Commit Become(OrdinalTable to) {
    Commit commit = CommitOf(ring_, ++epoch_);
    const size_t from_width = width();
    const size_t to_width = to.size() / partitions_;
    stored::v1::PartitionMoves& moves = *commit.record.mutable_partitions();
    for (size_t row = 0; row < partitions_; ++row) {
      const uint32_t* from = table_.data() + row * from_width;
      const uint32_t* then = to.data() + row * to_width;
      if (std::vector<uint32_t>(from, from + from_width) ==
          std::vector<uint32_t>(then, then + to_width)) {
        continue;
      }
      moves.add_partitions(static_cast<uint32_t>(row));
      moves.mutable_before()->Add(from, from + from_width);
      moves.mutable_after()->Add(then, then + to_width);
    }
    table_ = std::move(to);
    return commit;
  }

  // Returns a commit that assigns `width` new owners to each partition.
  Commit Fill(std::mt19937_64& random, size_t width) {
    OrdinalTable to(partitions_ * width);
    for (uint32_t& owner : to) owner = static_cast<uint32_t>(random());
    return Become(std::move(to));
  }

  // Returns a commit that changes an owner of about `count` partitions, either
  // scattered or all in a row.
  Commit MoveSome(std::mt19937_64& random, size_t count) {
    OrdinalTable to = table_;
    const bool in_a_row = random() % 2 == 0;
    size_t row = random() % partitions_;
    for (size_t i = 0; i < count; ++i) {
      row = (in_a_row ? row + 1 : random()) % partitions_;
      to[row * width() + random() % width()] = static_cast<uint32_t>(random());
    }
    return Become(std::move(to));
  }

 private:
  std::string ring_;
  size_t partitions_;
  OrdinalTable table_;
  uint64_t epoch_ = 1;
};

// Returns a commit with exactly the moves in the arguments.
inline Commit MovesOf(const std::string& ring, uint64_t epoch,
                      const std::vector<uint32_t>& partitions,
                      const std::vector<uint32_t>& after) {
  Commit commit = CommitOf(ring, epoch, {NodeOf("of the commit")});
  stored::v1::PartitionMoves& moves = *commit.record.mutable_partitions();
  moves.mutable_partitions()->Assign(partitions.begin(), partitions.end());
  moves.mutable_after()->Assign(after.begin(), after.end());
  return commit;
}

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_STORE_TABLE_MODEL_H_
