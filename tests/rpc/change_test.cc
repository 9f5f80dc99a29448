// Tests changes, rings and history over gRPC: codes and fields. Their effect is
// tested in tests/membership.
#include <algorithm>
#include <string>
#include <vector>

#include "service/limits.h"
#include "tests/support/serving.h"

namespace clockwise {
namespace {

using Stub = v1::PlacementService::Stub;

class ChangeTest : public Serving {
 protected:
  grpc::Status AddNode(const v1::AddNodeRequest& request) {
    v1::AddNodeResponse response;
    const grpc::Status status = Call(&Stub::AddNode, request, response);
    change_ = response.change();
    return status;
  }
  grpc::Status Update(const v1::UpdateNodeRequest& request) {
    v1::UpdateNodeResponse response;
    const grpc::Status status = Call(&Stub::UpdateNode, request, response);
    change_ = response.change();
    return status;
  }
  grpc::Status Remove(const std::string& id) {
    v1::RemoveNodeRequest request;
    request.set_node_id(id);
    v1::RemoveNodeResponse response;
    const grpc::Status status = Call(&Stub::RemoveNode, request, response);
    change_ = response.change();
    return status;
  }
  static v1::AddNodeRequest Node(const std::string& id) {
    v1::AddNodeRequest request;
    request.mutable_node()->set_id(id);
    return request;
  }

  v1::Change change_;
};

TEST_F(ChangeTest, ARingIsCreatedWithItsNodesOrPlanned) {
  v1::CreateRingRequest request;
  request.mutable_spec()->set_name("cache");
  request.add_nodes()->set_id("a");
  request.add_nodes()->set_id("b");
  request.set_reason("import");
  request.set_request_id("import-1");
  request.set_validate_only(true);
  v1::CreateRingResponse planned;
  ASSERT_TRUE(Call(&Stub::CreateRing, request, planned).ok());
  EXPECT_EQ(planned.ring().incarnation(), 0u);
  request.set_validate_only(false);
  v1::CreateRingResponse created;
  ASSERT_TRUE(Call(&Stub::CreateRing, request, created).ok());
  EXPECT_EQ(created.ring().epoch(), 2u);
  EXPECT_EQ(created.ring().node_count(), 2u);
  EXPECT_EQ(created.ring().fingerprint(), planned.ring().fingerprint());
  EXPECT_EQ(created.change().reason(), "import");
  EXPECT_EQ(created.change().request_id(), "import-1");
  EXPECT_NE(created.change().actor(), "");
  v1::CreateRingResponse again;
  ASSERT_TRUE(Call(&Stub::CreateRing, request, again).ok());
  EXPECT_EQ(again.SerializeAsString(), created.SerializeAsString());
}

TEST_F(ChangeTest, TooManyFirstNodesAreCountedBeforeTheyAreParsed) {
  v1::CreateRingRequest request;
  request.mutable_spec()->set_name("cache");
  for (size_t i = 0; i <= limits::kMaxChangesPerRequest; ++i) {
    request.add_nodes();
  }
  v1::CreateRingResponse response;
  const grpc::Status status = Call(&Stub::CreateRing, request, response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(FieldOf(status), "nodes");
}

TEST_F(ChangeTest, AChangeTellsEpochActorReasonAndMoves) {
  v1::AddNodeRequest request = Node("n1");
  request.set_reason("first");
  request.set_request_id("r1");
  request.set_include_moves(true);
  ASSERT_TRUE(AddNode(request).ok());
  EXPECT_EQ(change_.epoch(), 2u);
  EXPECT_EQ(change_.reason(), "first");
  EXPECT_EQ(change_.request_id(), "r1");
  EXPECT_NE(change_.actor().find("127.0.0.1"), std::string::npos);
  EXPECT_EQ(change_.accept_time().seconds(), 1'700'000'000);
  EXPECT_EQ(change_.comparison().moved_ratio(), 1.0);
  ASSERT_EQ(change_.comparison().moves_size(), 1);
  EXPECT_EQ(change_.comparison().moves(0).start(),
            change_.comparison().moves(0).end());
  EXPECT_EQ(change_.comparison().moves(0).to_ids(0), "n1");
}

TEST_F(ChangeTest, RefusalsNameTheField) {
  const auto field_of_node = [this](auto set) {
    v1::AddNodeRequest request = Node("n1");
    set(*request.mutable_node());
    const grpc::Status status = AddNode(request);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(ReasonOf(status), "FIELD_INVALID");
    return FieldOf(status);
  };
  EXPECT_EQ(field_of_node([](v1::Node& n) { n.set_id(""); }), "node.id");
  EXPECT_EQ(field_of_node([](v1::Node& n) { n.set_id("a b"); }), "node.id");
  EXPECT_EQ(field_of_node([](v1::Node& n) { n.set_weight(65536); }),
            "node.weight");
  EXPECT_EQ(field_of_node([](v1::Node& n) { n.set_zone("a\nb"); }),
            "node.zone");
  EXPECT_EQ(field_of_node([](v1::Node& n) { n.add_points(1); }), "node.points");
  EXPECT_EQ(FieldOf(Remove("")), "node_id");
  EXPECT_EQ(FieldOf(AddNode({})), "node.id");
  Add("n1");
  v1::UpdateNodeRequest update;
  update.mutable_node()->set_id("n1");
  update.mutable_update_mask()->add_paths("hash_key");
  EXPECT_EQ(FieldOf(Update(update)), "update_mask");
  v1::ApplyChangesRequest many;
  many.add_changes()->set_remove("n1");
  many.add_changes()->mutable_add()->set_id("!");
  v1::ApplyChangesResponse response;
  EXPECT_EQ(FieldOf(Call(&Stub::ApplyChanges, many, response)),
            "changes[1].add.id");
  EXPECT_EQ((*membership_->Find(""))->epoch, 2u) << "all or nothing";
}

TEST_F(ChangeTest, ErrorsNameAnUnknownNodeAndAnExistingOne) {
  const grpc::Status unknown = Remove("n9");
  EXPECT_EQ(unknown.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(ReasonOf(unknown), "NODE_NOT_FOUND");
  EXPECT_EQ(FieldOf(unknown), "node_id");
  ASSERT_TRUE(AddNode(Node("n1")).ok());
  ASSERT_TRUE(AddNode(Node("n1")).ok()) << "the identical node again is OK";
  EXPECT_EQ(change_.epoch(), 2u);
  v1::AddNodeRequest other = Node("n1");
  other.mutable_node()->set_weight(2);
  const grpc::Status exists = AddNode(other);
  EXPECT_EQ(exists.error_code(), grpc::StatusCode::ALREADY_EXISTS);
  EXPECT_EQ(ReasonOf(exists), "NODE_EXISTS");
  EXPECT_EQ(FieldOf(exists), "node.id");
}

TEST_F(ChangeTest, AStaleExpectedEpochIsAborted) {
  Add("n1");
  v1::AddNodeRequest request = Node("n2");
  request.set_expected_epoch(1);
  const grpc::Status status = AddNode(request);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(ReasonOf(status), "EPOCH_CONFLICT");
  request.set_expected_epoch(2);
  EXPECT_TRUE(AddNode(request).ok());
}

TEST_F(ChangeTest, APlanChangesNothingAndEqualsTheChange) {
  Add("n1");
  v1::AddNodeRequest request = Node("n2");
  request.set_include_moves(true);
  request.set_request_id("once");
  request.set_validate_only(true);
  ASSERT_TRUE(AddNode(request).ok());
  const v1::Change plan = change_;
  EXPECT_EQ((*membership_->Find(""))->epoch, 2u);
  request.set_validate_only(false);
  request.set_expected_epoch(2);
  ASSERT_TRUE(AddNode(request).ok());
  EXPECT_EQ(plan.SerializeAsString(), change_.SerializeAsString());
}

TEST_F(ChangeTest, RingsAreMadeListedAndDeleted) {
  v1::CreateRingRequest create;
  create.mutable_spec()->set_name("b");
  create.mutable_spec()->set_layout(v1::LAYOUT_MODULO);
  v1::CreateRingResponse created;
  ASSERT_TRUE(Call(&Stub::CreateRing, create, created).ok());
  EXPECT_EQ(created.ring().epoch(), 1u);
  ASSERT_TRUE(Call(&Stub::CreateRing, create, created).ok())
      << "an identical request is OK";
  create.mutable_spec()->set_layout(v1::LAYOUT_HASHED);
  grpc::Status status = Call(&Stub::CreateRing, create, created);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ALREADY_EXISTS);
  EXPECT_EQ(ReasonOf(status), "RING_EXISTS");
  create.mutable_spec()->set_layout(static_cast<v1::Layout>(99));
  status = Call(&Stub::CreateRing, create, created);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(ReasonOf(status), "LAYOUT_UNSUPPORTED");

  v1::ListRingsRequest list;
  list.set_page_size(1);
  v1::ListRingsResponse rings;
  ASSERT_TRUE(Call(&Stub::ListRings, list, rings).ok());
  ASSERT_EQ(rings.rings_size(), 1);
  EXPECT_EQ(rings.rings(0).spec().name(), "b");
  list.set_page_token(rings.next_page_token());
  ASSERT_TRUE(Call(&Stub::ListRings, list, rings).ok());
  EXPECT_EQ(rings.rings(0).spec().name(), "default");
  EXPECT_EQ(rings.next_page_token(), "");

  v1::DeleteRingRequest remove;
  v1::DeleteRingResponse removed;
  status = Call(&Stub::DeleteRing, remove, removed);
  EXPECT_EQ(FieldOf(status), "ring") << "the default ring must be named";
  remove.set_ring("b");
  EXPECT_TRUE(Call(&Stub::DeleteRing, remove, removed).ok());
  EXPECT_EQ(Call(&Stub::DeleteRing, remove, removed).error_code(),
            grpc::StatusCode::NOT_FOUND);
}

TEST_F(ChangeTest, DeletedRingsAreListedAndRestored) {
  v1::CreateRingRequest create;
  create.mutable_spec()->set_name("b");
  create.add_nodes()->set_id("n1");
  v1::CreateRingResponse created;
  v1::DeleteRingRequest remove;
  remove.set_ring("b");
  v1::DeleteRingResponse removed;
  ASSERT_TRUE(Call(&Stub::CreateRing, create, created).ok());
  grpc::Status status = Call(&Stub::DeleteRing, remove, removed);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(ReasonOf(status), "FORCE_REQUIRED");
  EXPECT_EQ(FieldOf(status), "force");
  remove.set_force(true);
  remove.set_request_id("first");
  ASSERT_TRUE(Call(&Stub::DeleteRing, remove, removed).ok());
  EXPECT_EQ(removed.ring().node_count(), 1u);
  v1::DeleteRingResponse again;
  ASSERT_TRUE(Call(&Stub::DeleteRing, remove, again).ok());
  EXPECT_EQ(again.DebugString(), removed.DebugString());
  ASSERT_TRUE(Call(&Stub::CreateRing, create, created).ok());
  remove.set_request_id("second");
  ASSERT_TRUE(Call(&Stub::DeleteRing, remove, again).ok());

  v1::ListRingsRequest list;
  list.set_deleted(true);
  list.set_page_size(1);
  v1::ListRingsResponse page;
  std::vector<std::string> ids;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(Call(&Stub::ListRings, list, page).ok());
    ASSERT_EQ(page.rings_size(), 1);
    ids.push_back(page.rings(0).deletion().request_id());
    list.set_page_token(page.next_page_token());
  }
  std::sort(ids.begin(), ids.end());  // deleted at one time
  EXPECT_EQ(ids, (std::vector<std::string>{"first", "second"}));
  EXPECT_EQ(page.next_page_token(), "");
  list.set_page_token("b");
  EXPECT_EQ(FieldOf(Call(&Stub::ListRings, list, page)), "page_token");

  v1::UndeleteRingRequest restore;
  v1::UndeleteRingResponse restored;
  EXPECT_EQ(FieldOf(Call(&Stub::UndeleteRing, restore, restored)), "ring");
  restore.set_ring("b");
  restore.set_incarnation(removed.ring().incarnation());
  ASSERT_TRUE(Call(&Stub::UndeleteRing, restore, restored).ok());
  EXPECT_EQ(restored.ring().epoch(), 3u);
  EXPECT_EQ(restored.change().undeleted().request_id(), "first");
  EXPECT_EQ(ReasonOf(Call(&Stub::UndeleteRing, restore, restored)),
            "RING_EXISTS");
}

TEST_F(ChangeTest, AllowUpdateMakesOneCallOfANodeThatReturns) {
  v1::AddNodeRequest request = Node("n1");
  request.set_allow_update(true);
  request.mutable_node()->set_address("10.0.0.1:80");
  request.mutable_node()->set_weight(2);
  ASSERT_TRUE(AddNode(request).ok());
  EXPECT_EQ(change_.added_ids_size(), 1);
  request.mutable_node()->set_address("10.0.0.9:80");
  request.mutable_node()->clear_weight();
  ASSERT_TRUE(AddNode(request).ok());
  EXPECT_EQ(change_.epoch(), 3u);
  EXPECT_EQ(change_.added_ids_size(), 0);
  ASSERT_EQ(change_.upserted_size(), 1);
  EXPECT_EQ(change_.upserted(0).address(), "10.0.0.9:80");
  EXPECT_EQ(change_.upserted(0).weight(), 2u);
  ASSERT_TRUE(AddNode(request).ok());
  EXPECT_EQ(change_.epoch(), 3u);
  request.mutable_node()->set_hash_key("another");
  EXPECT_EQ(FieldOf(AddNode(request)), "node.hash_key");
}

TEST_F(ChangeTest, HistoryTellsAddedNodesFromUpdatedOnes) {
  Add("n1");
  v1::ApplyChangesRequest request;
  request.set_request_id("once");
  request.add_changes()->mutable_add()->set_id("n2");
  v1::Node& updated = *request.add_changes()->mutable_update()->mutable_node();
  updated.set_id("n1");
  updated.set_weight(2);
  for (const char* answer : {"first", "repeated"}) {
    v1::ApplyChangesResponse response;
    ASSERT_TRUE(Call(&Stub::ApplyChanges, request, response).ok());
    EXPECT_EQ(response.change().upserted_size(), 2) << answer;
    ASSERT_EQ(response.change().added_ids_size(), 1) << answer;
    EXPECT_EQ(response.change().added_ids(0), "n2") << answer;
  }
  v1::ListChangesResponse page;
  ASSERT_TRUE(Call(&Stub::ListChanges, v1::ListChangesRequest(), page).ok());
  ASSERT_EQ(page.changes_size(), 2);
  ASSERT_EQ(page.changes(0).added_ids_size(), 1);
  EXPECT_EQ(page.changes(0).added_ids(0), "n2");
}

TEST_F(ChangeTest, HistoryIsPagedNewestFirst) {
  for (int i = 0; i < 25; ++i) Add("n" + std::to_string(i));
  v1::ListChangesRequest request;
  request.set_page_size(8);
  std::vector<uint64_t> epochs;
  v1::ListChangesResponse page;
  do {
    ASSERT_TRUE(Call(&Stub::ListChanges, request, page).ok());
    for (const auto& change : page.changes()) epochs.push_back(change.epoch());
    request.set_page_token(page.next_page_token());
  } while (!page.next_page_token().empty());
  ASSERT_EQ(epochs.size(), 20u) << "history_changes";
  for (size_t i = 0; i < epochs.size(); ++i) EXPECT_EQ(epochs[i], 26 - i);
  request.set_page_token("elsewhere");
  EXPECT_EQ(FieldOf(Call(&Stub::ListChanges, request, page)), "page_token");
  request.clear_page_token();
  request.set_page_size(limits::kMaxPageSize + 1);
  EXPECT_EQ(FieldOf(Call(&Stub::ListChanges, request, page)), "page_size");
}

TEST_F(ChangeTest, OldRingsAreKeptAsLongAsHistory) {
  for (int i = 0; i < 25; ++i) Add("n" + std::to_string(i));
  v1::GetRingRequest request;
  v1::GetRingResponse response;
  request.set_include_points(true);
  ASSERT_TRUE(Call(&Stub::GetRing, request, response).ok());
  EXPECT_EQ(response.snapshot().nodes_size(), 25);
  EXPECT_EQ(response.snapshot().point_positions_size(), 25 * 160);
  EXPECT_EQ(response.snapshot().point_nodes_size(), 25 * 160);
  request.set_epoch(6);
  ASSERT_TRUE(Call(&Stub::GetRing, request, response).ok());
  EXPECT_EQ(response.snapshot().nodes_size(), 5);
  for (const uint64_t epoch : {5, 27}) {
    request.set_epoch(epoch);
    const grpc::Status status = Call(&Stub::GetRing, request, response);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::OUT_OF_RANGE);
    EXPECT_EQ(ReasonOf(status), "EPOCH_OUT_OF_HISTORY");
  }
  v1::CompareEpochsRequest compare;
  compare.set_from_epoch(25);
  v1::CompareEpochsResponse compared;
  ASSERT_TRUE(Call(&Stub::CompareEpochs, compare, compared).ok());
  EXPECT_EQ(compared.to_epoch(), 26u);
  EXPECT_GT(compared.comparison().moves_size(), 0);
  EXPECT_DOUBLE_EQ(compared.comparison().moved_ratio(),
                   compared.comparison().minimum_moved_ratio());
  compare.set_from_epoch(1);
  EXPECT_EQ(Call(&Stub::CompareEpochs, compare, compared).error_code(),
            grpc::StatusCode::OUT_OF_RANGE);
}

}  // namespace
}  // namespace clockwise
