#include "tests/support/partition_mirror.h"

#include <algorithm>
#include <set>

namespace clockwise {
namespace {

bool Contains(const std::vector<std::string>& ids, const std::string& id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

}  // namespace

OwnerRows RowsOf(const v1::Snapshot& snapshot) {
  const size_t partitions = size_t{1} << snapshot.spec().partition_bits();
  const size_t width =
      std::min<size_t>(snapshot.spec().replica_count(),
                       static_cast<size_t>(snapshot.nodes_size()));
  OwnerRows rows(partitions);
  if (static_cast<size_t>(snapshot.partition_owners_size()) !=
      partitions * width) {
    ADD_FAILURE() << snapshot.partition_owners_size() << " owners of "
                  << partitions << " partitions";
    return rows;
  }
  int at = 0;
  for (std::vector<std::string>& row : rows) {
    for (size_t i = 0; i < width; ++i) {
      const auto node = static_cast<int>(snapshot.partition_owners(at++));
      row.push_back(snapshot.nodes(node).id());
    }
  }
  return rows;
}

PartitionMirror::PartitionMirror(const v1::Snapshot& snapshot)
    : epoch_(snapshot.epoch()),
      replicas_(snapshot.spec().replica_count()),
      rows_(RowsOf(snapshot)) {
  for (const v1::Node& node : snapshot.nodes()) nodes_[node.id()] = node;
}

void PartitionMirror::Apply(const v1::Delta& delta) {
  ASSERT_EQ(delta.from_epoch(), epoch_);
  epoch_ = delta.epoch();
  for (const std::string& id : delta.removed_ids()) {
    EXPECT_EQ(nodes_.erase(id), 1u) << id;
  }
  for (const v1::Node& node : delta.upserted()) nodes_[node.id()] = node;

  const int width = static_cast<int>(std::min(replicas_, nodes_.size()));
  ASSERT_EQ(delta.moved_owners_size(), width * delta.moved_partitions_size());
  std::set<std::string> named;
  for (const std::string& id : delta.owner_ids()) {
    EXPECT_TRUE(nodes_.contains(id)) << id;
    EXPECT_TRUE(named.insert(id).second) << id << " is named twice";
  }
  std::set<uint32_t> moved;
  for (int i = 0; i < delta.moved_partitions_size(); ++i) {
    const uint32_t partition = delta.moved_partitions(i);
    ASSERT_LT(partition, rows_.size());
    EXPECT_TRUE(moved.insert(partition).second) << partition << " moves twice";
    std::vector<std::string> owners;
    for (int j = 0; j < width; ++j) {
      const uint32_t owner = delta.moved_owners(i * width + j);
      ASSERT_LT(owner, static_cast<uint32_t>(delta.owner_ids_size()));
      owners.push_back(delta.owner_ids(static_cast<int>(owner)));
    }
    EXPECT_NE(owners, rows_[partition]) << partition << " has not changed";
    rows_[partition] = owners;
  }
}

CountedMoves::CountedMoves(const OwnerRows& before, const OwnerRows& after) {
  for (size_t row = 0; row < after.size(); ++row) {
    const std::vector<std::string>& from = before[row];
    const std::vector<std::string>& to = after[row];
    slots += to.size();
    if (!from.empty() && !to.empty() && from[0] != to[0] &&
        Contains(from, to[0])) {
      ++handovers;
    }
    std::vector<std::string> leaving;
    for (const std::string& id : from) {
      if (!Contains(to, id)) leaving.push_back(id);
    }
    size_t next = 0;
    for (const std::string& id : to) {
      if (Contains(from, id)) continue;
      ++moved;
      ++transfers[{next < leaving.size() ? leaving[next++] : "", id}];
    }
  }
}

double CountedMoves::Ratio(uint64_t owner_slots) const {
  if (slots == 0) return 0;
  return static_cast<double>(owner_slots) / static_cast<double>(slots);
}

uint32_t CountShortfall(const v1::Snapshot& snapshot) {
  std::map<std::string, std::string> zones;
  bool any = false;
  for (const v1::Node& node : snapshot.nodes()) {
    zones[node.id()] = node.zone();
    any |= !node.zone().empty();
  }
  if (!any) return 0;
  uint32_t shortfall = 0;
  for (const std::vector<std::string>& row : RowsOf(snapshot)) {
    std::set<std::string> distinct;
    for (const std::string& id : row) distinct.insert(zones.at(id));
    shortfall += distinct.size() < row.size() ? 1 : 0;
  }
  return shortfall;
}

std::map<std::string, uint64_t> CountOwned(const OwnerRows& rows) {
  std::map<std::string, uint64_t> owned;
  for (const std::vector<std::string>& row : rows) {
    for (const std::string& id : row) ++owned[id];
  }
  return owned;
}

}  // namespace clockwise
