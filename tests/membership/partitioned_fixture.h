// A Membership whose ring "default" is PARTITIONED, and random histories for
// it.
#ifndef CLOCKWISE_TESTS_MEMBERSHIP_PARTITIONED_FIXTURE_H_
#define CLOCKWISE_TESTS_MEMBERSHIP_PARTITIONED_FIXTURE_H_

#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/support/delete_ring.h"
#include "tests/support/membership_fixture.h"
#include "tests/support/partition_mirror.h"

namespace clockwise {

class PartitionedTest : public MembershipTest {
 protected:
  // Deletes the ring and creates it again, without nodes.
  void MakeRing(uint32_t bits, uint32_t replicas) {
    v1::RingSpec spec;
    spec.set_layout(v1::LAYOUT_PARTITIONED);
    spec.set_partition_bits(bits);
    spec.set_replica_count(replicas);
    ASSERT_TRUE(DeleteRing(*membership_, "default").ok());
    ASSERT_TRUE(membership_->CreateRing(spec).ok());
  }

  // Calls `history` with the random numbers of many rings. Each ring is new and
  // has 16 to 64 partitions, 1 to 3 owners and 0 to 3 zones.
  template <typename History>
  void ForEachHistory(uint64_t first_seed, int histories,
                      const History& history) {
    for (int i = 0; i < histories; ++i) {
      const uint64_t seed = first_seed + static_cast<uint64_t>(i);
      SCOPED_TRACE("seed " + std::to_string(seed));
      std::mt19937_64 random(seed);
      zones_ = static_cast<uint32_t>(i / 3 % 4);
      MakeRing(4 + static_cast<uint32_t>(random() % 3),
               1 + static_cast<uint32_t>(i % 3));
      history(random);
      if (HasFailure()) return;
    }
  }

  // Returns one to three valid changes of the ring. There are few names, so
  // that removed nodes return. Sometimes all nodes are removed.
  ChangeRequest RandomChange(std::mt19937_64& random) const {
    std::vector<ChangeRequest> changes;
    std::set<std::string> touched;
    if (random() % 25 == 0 && !Ids().empty()) {
      for (const std::string& id : Ids()) changes.push_back(Remove(id));
      return Many(changes);
    }
    for (uint64_t i = random() % 3; i < 3; ++i) {
      const std::string id = "n" + std::to_string(random() % 9);
      if (!touched.insert(id).second) continue;
      v1::Node node = RequestNode(id, RandomWeight(random), RandomZone(random));
      node.set_address("10.0.0." + std::to_string(random() % 3));
      if (Node(id).id().empty()) {
        changes.push_back(Add(node));
        continue;
      }
      switch (random() % 5) {
        case 0:
        case 1:
          changes.push_back(Remove(id));
          break;
        case 2:
          changes.push_back(Update(node, {"address"}));
          break;
        case 3:
          changes.push_back(Update(node, {"weight"}));
          break;
        default:
          changes.push_back(Update(node, {"zone", "weight"}));
      }
    }
    return changes.size() == 1 ? changes[0] : Many(changes);
  }

  v1::Snapshot Snapshot() const { return SnapshotOfState(*State()); }
  static v1::Snapshot SnapshotOfState(const RingState& state) {
    return SnapshotOf(state, state.measured, state.epoch, true);
  }
  static v1::Snapshot SnapshotAt(const RingState& state, uint64_t epoch) {
    const absl::StatusOr<MeasuredRing> ring = RingAt(state, epoch, "epoch");
    EXPECT_TRUE(ring.ok()) << ring.status();
    return ring.ok() ? SnapshotOf(state, *ring, epoch, true) : v1::Snapshot();
  }

  uint32_t zones_ = 0;

 private:
  static uint32_t RandomWeight(std::mt19937_64& random) {
    return static_cast<uint32_t>(random() % 10 == 0 ? 50 : 1 + random() % 4);
  }
  std::string RandomZone(std::mt19937_64& random) const {
    return zones_ == 0 ? "" : "z" + std::to_string(random() % zones_);
  }
};

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_MEMBERSHIP_PARTITIONED_FIXTURE_H_
