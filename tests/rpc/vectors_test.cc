// Tests over gRPC that each key has the owner that other systems pick.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/support/serving.h"
#include "tests/support/vector_file.h"
#include "tests/support/vector_rings.h"

namespace clockwise {
namespace {

using profile::ReadVectors;
using profile::Unescaped;
using profile::VectorCase;
using Stub = v1::PlacementService::Stub;

class RpcVectorsTest : public Serving,
                       public testing::WithParamInterface<std::string> {
 protected:
  // Creates the ring as an operator would.
  std::string Make(const VectorRing& ring) {
    v1::CreateRingRequest create;
    *create.mutable_spec() = ring.spec;
    create.mutable_spec()->set_name(absl::StrCat("ring-", ++rings_));
    v1::CreateRingResponse created;
    EXPECT_TRUE(Call(&Stub::CreateRing, create, created).ok());
    v1::ApplyChangesRequest apply;
    apply.set_ring(create.spec().name());
    for (const v1::Node& node : ring.nodes) {
      *apply.add_changes()->mutable_add() = node;
    }
    v1::ApplyChangesResponse applied;
    const grpc::Status status = Call(&Stub::ApplyChanges, apply, applied);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return apply.ring();
  }

  // Returns the owners of each key, primary first, separated by spaces.
  std::vector<std::string> OwnersOf(const std::string& ring,
                                    const std::vector<std::string>& keys,
                                    uint32_t replicas) {
    v1::BatchLocateRequest request;
    request.set_ring(ring);
    request.set_replica_count(replicas);
    for (const std::string& key : keys) request.add_keys(key);
    v1::BatchLocateResponse response;
    const grpc::Status status = Call(&Stub::BatchLocate, request, response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    std::vector<std::string> owners(keys.size());
    int next = 0;
    for (std::string& of_key : owners) {
      for (uint32_t i = 0; i < response.replica_count(); ++i) {
        const auto node = static_cast<int>(response.owners(next++));
        absl::StrAppend(&of_key, i == 0 ? "" : " ",
                        response.nodes(node).node_id());
      }
    }
    return owners;
  }

 private:
  int rings_ = 0;
};

TEST_P(RpcVectorsTest, EachKeyHasTheOwnerThatTheSystemPicks) {
  const profile::VectorFile vectors = ReadVectors(GetParam());
  for (const VectorCase& vector : vectors.cases) {
    if (vector.params.contains("down")) continue;  // not guaranteed
    SCOPED_TRACE(vector.id);
    const std::string ring = Make(*RingOf(vector, GetParam()));
    EXPECT_EQ(OwnersOf(ring, vectors.keys, 1), vector.owners);
  }
}

INSTANTIATE_TEST_SUITE_P(Of, RpcVectorsTest, testing::ValuesIn(OwnerFiles()),
                         [](const testing::TestParamInfo<std::string>& file) {
                           std::string name = file.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST_F(RpcVectorsTest, CassandrasReplicasAreTheServersByBothStrategies) {
  int compared = 0;
  for (const VectorCase& vector : ReadVectors("cassandra").cases) {
    const auto simple = RingOf(vector, "cassandra");
    if (!simple.has_value()) continue;
    SCOPED_TRACE(vector.id);
    std::vector<std::string> keys;
    std::vector<std::string> by_simple;
    std::vector<std::string> by_topology;
    for (const auto& row : vector.rows) {
      keys.push_back(Unescaped(row.at(0)));
      by_simple.push_back(row.at(3));
      by_topology.push_back(row.at(4));
    }
    EXPECT_EQ(OwnersOf(Make(*simple), keys, 0), by_simple);
    EXPECT_EQ(OwnersOf(Make(WithTopology(*simple, vector)), keys, 0),
              by_topology);
    compared += static_cast<int>(keys.size());
  }
  EXPECT_GT(compared, 500);
}

TEST_F(RpcVectorsTest, RedisSlots) {
  VectorRing ring;
  ring.spec.set_layout(v1::LAYOUT_REDIS_CLUSTER);
  for (uint64_t node = 0; node < 64; ++node) {
    ring.nodes.push_back(NewNode(absl::StrCat(node)));
    for (uint64_t slot = node; slot < 16384; slot += 64) {
      ring.nodes.back().add_points(slot);
    }
  }
  std::vector<std::string> keys;
  std::vector<std::string> owners;
  for (const VectorCase& vector : ReadVectors("redis-cluster").cases) {
    for (const auto& row : vector.rows) {
      keys.push_back(Unescaped(row.at(0)));
      owners.push_back(absl::StrCat(std::stoul(row.at(1)) % 64));
    }
  }
  EXPECT_GT(keys.size(), 800);
  EXPECT_EQ(OwnersOf(Make(ring), keys, 1), owners);
}

}  // namespace
}  // namespace clockwise
