// Tests a ring with a migration: look-ups also return the previous owners until
// the migration ends.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/support/serving.h"

namespace clockwise {
namespace {

using Stub = v1::PlacementService::Stub;

class MigrationTest : public Serving {
 protected:
  void SetUp() override {
    Serving::SetUp();
    for (const char* id : {"a", "b", "c", "d", "e", "f"}) Add(id);
  }

  grpc::Status Create(const std::string& name, v1::Layout layout,
                      const std::string& from) {
    v1::CreateRingRequest request;
    request.mutable_spec()->set_name(name);
    request.mutable_spec()->set_layout(layout);
    request.mutable_spec()->set_replica_count(1);
    request.mutable_spec()->set_migrating_from(from);
    v1::CreateRingResponse response;
    return Call(&Stub::CreateRing, request, response);
  }

  // Creates the new ring, with the nodes of the old one.
  void Migrate(const std::string& name, v1::Layout layout) {
    ASSERT_TRUE(Create(name, layout, "default").ok());
    v1::ApplyChangesRequest apply;
    apply.set_ring(name);
    for (const char* id : {"a", "b", "c", "d", "e", "f"}) {
      apply.add_changes()->mutable_add()->set_id(id);
    }
    v1::ApplyChangesResponse response;
    ASSERT_TRUE(Call(&Stub::ApplyChanges, apply, response).ok());
  }

  v1::LocateResponse Locate(const std::string& ring, const std::string& key,
                            uint32_t replicas = 0) {
    v1::LocateRequest request;
    request.set_ring(ring);
    request.set_key(key);
    request.set_replica_count(replicas);
    v1::LocateResponse response;
    EXPECT_TRUE(Call(&Stub::Locate, request, response).ok());
    return response;
  }

  grpc::Status End(v1::EndMigrationRequest request, v1::Change& change) {
    v1::EndMigrationResponse response;
    const grpc::Status status = Call(&Stub::EndMigration, request, response);
    change = response.change();
    return status;
  }

  grpc::Status Delete(const std::string& ring) {
    v1::DeleteRingRequest request;
    request.set_ring(ring);
    request.set_force(true);
    v1::DeleteRingResponse response;
    return Call(&Stub::DeleteRing, request, response);
  }

  static std::vector<std::string> Ids(
      const google::protobuf::RepeatedPtrField<v1::Owner>& owners) {
    std::vector<std::string> ids;
    for (const v1::Owner& owner : owners) ids.push_back(owner.node_id());
    return ids;
  }
};

TEST_F(MigrationTest, LocateNamesTheOwnersInBothRingsAndBothEpochs) {
  Migrate("next", v1::LAYOUT_MODULO);
  Add("g");  // to the old ring
  for (int i = 0; i < 200; ++i) {
    const std::string key = absl::StrCat("key-", i);
    const v1::LocateResponse before = Locate("", key, 2);
    const v1::LocateResponse both = Locate("next", key, 2);
    EXPECT_EQ(Ids(both.previous_owners()), Ids(before.owners()));
    EXPECT_EQ(both.previous_owners(0).address(), before.owners(0).address());
    EXPECT_EQ(both.owners_size(), 2);
    EXPECT_EQ(both.epoch(), 2);
    EXPECT_EQ(both.previous().ring(), "default");
    EXPECT_EQ(both.previous().epoch(), before.epoch());
    EXPECT_EQ(both.previous().incarnation(), before.incarnation());
    EXPECT_EQ(both.previous().fingerprint(), before.fingerprint());
    EXPECT_EQ(before.has_previous(), false);
  }
}

TEST_F(MigrationTest, BatchLocateNamesThemAsLocateDoes) {
  Migrate("next", v1::LAYOUT_MODULO);
  v1::BatchLocateRequest request;
  request.set_ring("next");
  request.set_replica_count(3);
  for (int i = 0; i < 200; ++i) request.add_keys(absl::StrCat("key-", i));
  v1::BatchLocateResponse batch;
  ASSERT_TRUE(Call(&Stub::BatchLocate, request, batch).ok());
  EXPECT_EQ(batch.previous().ring(), "default");
  EXPECT_EQ(batch.previous().epoch(), 7);
  ASSERT_EQ(batch.previous_replica_count(), 3);
  ASSERT_EQ(batch.previous_owners_size(), 600);
  for (int i = 0; i < request.keys_size(); ++i) {
    std::vector<std::string> owners;
    for (int r = 0; r < 3; ++r) {
      const auto node = static_cast<int>(batch.previous_owners(i * 3 + r));
      owners.push_back(batch.previous_nodes(node).node_id());
    }
    const v1::LocateResponse one = Locate("next", request.keys(i), 3);
    EXPECT_EQ(owners, Ids(one.previous_owners()));
  }
}

TEST_F(MigrationTest, APartitionedRingKeepsTheOwnersOfAHashedOne) {
  Migrate("next", v1::LAYOUT_PARTITIONED);
  int moved = 0;
  constexpr int kKeys = 4000;
  for (int i = 0; i < kKeys; ++i) {
    const v1::LocateResponse both = Locate("next", absl::StrCat("key-", i));
    if (both.owners(0).node_id() != both.previous_owners(0).node_id()) ++moved;
  }
  // The shares of six nodes with 160 points differ by a few percent. An
  // independent table would move five sixths of the keys.
  EXPECT_LT(moved, kKeys / 8);
  EXPECT_GT(moved, 0);
}

TEST_F(MigrationTest, EndingItIsAChangeOfItsOwnThatMovesNothing) {
  Migrate("next", v1::LAYOUT_PARTITIONED);
  const v1::LocateResponse before = Locate("next", "k");
  v1::EndMigrationRequest request;
  request.set_ring("next");
  request.set_request_id("end-1");
  request.set_reason("all copied");
  request.set_validate_only(true);
  v1::Change plan;
  ASSERT_TRUE(End(request, plan).ok());
  EXPECT_EQ(plan.epoch(), 3);
  EXPECT_EQ(Locate("next", "k").epoch(), 2);
  request.set_validate_only(false);
  v1::Change change;
  ASSERT_TRUE(End(request, change).ok());
  EXPECT_EQ(change.epoch(), 3);
  EXPECT_EQ(change.ended_migration_from(), "default");
  EXPECT_EQ(change.comparison().moved_ratio(), 0);
  EXPECT_EQ(change.reason(), "all copied");
  const v1::LocateResponse after = Locate("next", "k");
  EXPECT_EQ(after.epoch(), 3);
  EXPECT_FALSE(after.has_previous());
  EXPECT_EQ(after.previous_owners_size(), 0);
  EXPECT_EQ(Ids(after.owners()), Ids(before.owners()));
  EXPECT_EQ(after.fingerprint(), before.fingerprint());
  // A retry returns the first response; another request changes nothing.
  v1::Change again;
  ASSERT_TRUE(End(request, again).ok());
  EXPECT_EQ(again.SerializeAsString(), change.SerializeAsString());
  request.set_request_id("end-2");
  ASSERT_TRUE(End(request, again).ok());
  EXPECT_EQ(again.epoch(), 3);
  EXPECT_EQ(again.ended_migration_from(), "");
}

TEST_F(MigrationTest, AnEpochThatPassedEndsNothing) {
  Migrate("next", v1::LAYOUT_HASHED);
  v1::EndMigrationRequest request;
  request.set_ring("next");
  request.set_expected_epoch(1);
  v1::Change change;
  const grpc::Status status = End(request, change);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(ReasonOf(status), "EPOCH_CONFLICT");
  EXPECT_TRUE(Locate("next", "k").has_previous());
}

TEST_F(MigrationTest, ARingThatAnotherMigratesFromIsNotDeleted) {
  Migrate("next", v1::LAYOUT_HASHED);
  const grpc::Status status = Delete("default");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(ReasonOf(status), "RING_IN_USE");
  v1::EndMigrationRequest request;
  request.set_ring("next");
  v1::Change change;
  ASSERT_TRUE(End(request, change).ok());
  EXPECT_TRUE(Delete("default").ok());
}

TEST_F(MigrationTest, TheRingThatItComesFromMustBeThere) {
  const grpc::Status status = Create("next", v1::LAYOUT_HASHED, "nowhere");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(ReasonOf(status), "RING_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Create("next", v1::LAYOUT_HASHED, "next")),
            "FIELD_INVALID");
}

TEST_F(MigrationTest, OfAnEmptyRingThereAreNoPreviousOwners) {
  ASSERT_TRUE(Create("empty", v1::LAYOUT_HASHED, "").ok());
  ASSERT_TRUE(Create("next", v1::LAYOUT_HASHED, "empty").ok());
  Add("a", "", "next");
  const v1::LocateResponse response = Locate("next", "k");
  EXPECT_EQ(Ids(response.owners()), std::vector<std::string>{"a"});
  EXPECT_EQ(response.previous_owners_size(), 0);
  EXPECT_EQ(response.previous().epoch(), 1);
}

TEST_F(MigrationTest, ADuplicateOfAnotherNodeIsRefusedAndChangesNothing) {
  ASSERT_TRUE(Create("n", v1::LAYOUT_NGINX, "").ok());
  Add("a", "", "n");
  v1::AddNodeRequest request;
  request.set_ring("n");
  request.mutable_node()->set_id("b");
  request.mutable_node()->set_hash_key("a");
  v1::AddNodeResponse response;
  const grpc::Status status = Call(&Stub::AddNode, request, response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(ReasonOf(status), "NODES_UNPLACEABLE");
  EXPECT_EQ(
      status.error_message(),
      "node \"b\": hash_key: \"a\" is also the hash_key of node \"a\"; use "
      "another");
  EXPECT_EQ(Locate("n", "k").epoch(), 2);
}

}  // namespace
}  // namespace clockwise
