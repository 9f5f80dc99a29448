// Sends a bad value in each field of each request. Every INVALID_ARGUMENT must
// have a BadRequest that names the field at fault. The methods and fields are
// read from the service's descriptor, so new ones are tested too.
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/text_format.h"
#include "service/api/validate.h"
#include "tests/support/raw_call.h"
#include "tests/support/serving.h"

namespace clockwise {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// A valid request of each method that needs more than an empty one. None of
// them changes the ring.
const std::map<std::string, const char*>& ValidRequests() {
  static const auto& requests = *new std::map<std::string, const char*>{
      {"BatchLocate", "keys: 'k'"},
      {"LocateStream", "keys: 'k'"},
      {"AddNode", "node { id: 'x' } validate_only: true"},
      {"UpdateNode", "node { id: 'n1' weight: 2 } validate_only: true"},
      {"RemoveNode", "node_id: 'n1' validate_only: true"},
      {"ApplyChanges", "changes { add { id: 'x' } } validate_only: true"},
      {"CompareEpochs", "from_epoch: 1"},
      {"CreateRing", "spec { name: 'new' } validate_only: true"},
      {"EndMigration", "validate_only: true"},
  };
  return requests;
}

// True for fields that a HASHED ring ignores, so that no value is bad.
bool HasNoBadValue(const std::string& path) {
  return path == "spec.partition_bits";
}

// Sets a value that no field allows. Returns false if the type has none.
bool SetBad(Message& message, const FieldDescriptor& field) {
  const auto& set = *message.GetReflection();
  const std::string text(70'000, '\n');
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      if (field.is_repeated()) {
        set.AddString(&message, &field, text);
      } else {
        set.SetString(&message, &field, text);
      }
      return true;
    case FieldDescriptor::CPPTYPE_UINT32:
      if (field.is_repeated()) return false;
      set.SetUInt32(&message, &field, 4'000'000'000);
      return true;
    case FieldDescriptor::CPPTYPE_ENUM:
      if (field.is_repeated()) return false;
      set.SetEnumValue(&message, &field, 99);
      return true;
    default:  // every 64-bit number and every bool is valid
      return false;
  }
}

// A field of a request, by the fields that lead to it.
using Path = std::vector<const FieldDescriptor*>;

void FindPaths(const google::protobuf::Descriptor& type, const Path& above,
               std::vector<Path>& paths) {
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    Path path = above;
    path.push_back(&field);
    if (field.is_map()) continue;  // tests/ring and tests/api test their rules
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
        field.message_type()->full_name() != "google.protobuf.FieldMask") {
      FindPaths(*field.message_type(), path, paths);
    } else {
      paths.push_back(path);
    }
  }
}

// Sets a bad value at `path` in a request. Returns the name of the field as
// BadRequest must have it; "" if no value of its type is bad.
std::string Spoil(const Path& path, Message& request) {
  Message* message = &request;
  std::string name;
  for (const FieldDescriptor* field : path) {
    absl::StrAppend(&name, name.empty() ? "" : ".", field->name());
    const auto& access = *message->GetReflection();
    if (field == path.back() &&
        field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      if (!SetBad(*message, *field)) return "";
      const int size =
          field->is_repeated() ? access.FieldSize(*message, field) : 0;
      if (size > 0) absl::StrAppend(&name, "[", size - 1, "]");
      return name;
    }
    if (field->is_repeated()) {
      if (access.FieldSize(*message, field) == 0) {
        access.AddMessage(message, field);
      }
      message = access.MutableRepeatedMessage(message, field, 0);
      absl::StrAppend(&name, "[0]");
    } else {
      message = access.MutableMessage(message, field);
    }
  }
  // A field mask names a field that no message has.
  const FieldDescriptor* paths =
      message->GetDescriptor()->FindFieldByName("paths");
  message->GetReflection()->AddString(message, paths, "colour");
  return name;
}

class BadFieldsTest : public Serving {
 protected:
  // Sets the id of a node that the request has because of `path`, so that only
  // the field that is tested is bad.
  static void Complete(const Path& path, Message& request) {
    Message* message = &request;
    // These two require the name of a ring. The tested field is refused first.
    for (const char* type : {"DeleteRingRequest", "UndeleteRingRequest"}) {
      if (request.GetDescriptor()->name() != type) continue;
      const auto* ring = request.GetDescriptor()->FindFieldByName("ring");
      if (path[0] != ring) {
        request.GetReflection()->SetString(&request, ring, "r");
      }
    }
    for (const FieldDescriptor* field : path) {
      if (const auto* id = message->GetDescriptor()->FindFieldByName("id");
          id != nullptr && message != &request &&
          message->GetReflection()->GetString(*message, id).empty()) {
        message->GetReflection()->SetString(message, id, "n1");
      }
      if (message->GetDescriptor()->name() == "NodeUpdate") {
        auto& update = dynamic_cast<v1::NodeUpdate&>(*message);
        if (update.node().id().empty()) update.mutable_node()->set_id("n1");
      }
      if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return;
      message = field->is_repeated()
                    ? message->GetReflection()->MutableRepeatedMessage(message,
                                                                       field, 0)
                    : message->GetReflection()->MutableMessage(message, field);
    }
  }

  void TestField(const std::string& method, Message& request,
                 const Path& path) {
    const std::string field = Spoil(path, request);
    Complete(path, request);
    const grpc::Status status =
        RawCall(channel_, method, request.SerializeAsString()).status;
    const std::string what =
        absl::StrCat(method, ", ", field, ": ", status.error_message());
    if (status.error_code() == grpc::StatusCode::INVALID_ARGUMENT) {
      ++refused_;
      EXPECT_FALSE(FieldOf(status).empty()) << what;
      if (!field.empty()) {
        EXPECT_EQ(FieldOf(status), field) << what;
      }
    } else if (!field.empty() && !HasNoBadValue(field)) {
      ADD_FAILURE() << what << ": is not INVALID_ARGUMENT";
    }
  }

  int refused_ = 0;
};

TEST_F(BadFieldsTest, EveryInvalidFieldIsNamed) {
  Add("n1");
  const auto* service =
      google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(
          "clockwise.v1.PlacementService");
  for (int i = 0; i < service->method_count(); ++i) {
    const auto& method = *service->method(i);
    std::vector<Path> paths;
    FindPaths(*method.input_type(), {}, paths);
    const auto valid = ValidRequests().find(method.name());
    const std::string text =
        valid == ValidRequests().end() ? "" : valid->second;
    for (const Path& path : paths) {
      const std::unique_ptr<Message> request(
          google::protobuf::MessageFactory::generated_factory()
              ->GetPrototype(method.input_type())
              ->New());
      ASSERT_TRUE(
          google::protobuf::TextFormat::ParseFromString(text, request.get()));
      TestField(method.name(), *request, path);
    }
  }
  EXPECT_GT(refused_, 80);
  EXPECT_EQ((*membership_->Find(""))->epoch, 2u) << "all were refused";
}

// Errors that are about the whole ring after the change, or about the history.
TEST_F(BadFieldsTest, FieldsThatOnlyTheRingCanJudgeAreNamedToo) {
  v1::CreateRingRequest create;
  create.mutable_spec()->set_name("k");
  create.mutable_spec()->set_layout(v1::LAYOUT_KETAMA);
  for (const char* id : {"a", "b"}) {
    v1::Node& node = *create.add_nodes();
    node.set_id(id);
    node.set_hash_key("same");
  }
  v1::CreateRingResponse created;
  using Stub = v1::PlacementService::Stub;
  grpc::Status status = Call(&Stub::CreateRing, create, created);
  EXPECT_EQ(ReasonOf(status), "NODES_UNPLACEABLE");
  EXPECT_EQ(FieldOf(status), "nodes[1].hash_key");
  create.mutable_nodes()->RemoveLast();
  ASSERT_TRUE(Call(&Stub::CreateRing, create, created).ok());

  v1::AddNodeRequest add;
  add.set_ring("k");
  add.mutable_node()->set_id("b");
  add.mutable_node()->set_hash_key("same");
  v1::AddNodeResponse added;
  EXPECT_EQ(FieldOf(Call(&Stub::AddNode, add, added)), "node.hash_key");

  create.mutable_spec()->set_layout(v1::LAYOUT_REDIS_CLUSTER);
  create.mutable_spec()->set_name("slots");
  create.mutable_nodes(0)->add_points(5);
  status = Call(&Stub::CreateRing, create, created);
  EXPECT_EQ(ReasonOf(status), "NODES_UNPLACEABLE");
  EXPECT_EQ(FieldOf(status), "nodes");

  v1::GetRingRequest get;
  get.set_epoch(9);
  v1::GetRingResponse ring;
  EXPECT_EQ(FieldOf(Call(&Stub::GetRing, get, ring)), "epoch");
}

TEST_F(BadFieldsTest, ARequestIdThatWasUsedIsNamed) {
  v1::AddNodeRequest add;
  add.mutable_node()->set_id("a");
  add.set_request_id("once");
  v1::AddNodeResponse added;
  using Stub = v1::PlacementService::Stub;
  ASSERT_TRUE(Call(&Stub::AddNode, add, added).ok());
  add.mutable_node()->set_id("b");
  EXPECT_EQ(FieldOf(Call(&Stub::AddNode, add, added)), "request_id");
  add.clear_request_id();
  add.set_expected_epoch(9);
  EXPECT_EQ(FieldOf(Call(&Stub::AddNode, add, added)), "expected_epoch");
  add.clear_expected_epoch();
  add.set_expected_incarnation(9);
  EXPECT_EQ(FieldOf(Call(&Stub::AddNode, add, added)), "expected_incarnation");
}

TEST_F(BadFieldsTest, AFieldThatAnExistingOrDeletedRingForbidsIsNamed) {
  using Stub = v1::PlacementService::Stub;
  v1::CreateRingRequest create;
  create.mutable_spec()->set_name("r");
  create.add_nodes()->set_id("a");
  v1::CreateRingResponse created;
  ASSERT_TRUE(Call(&Stub::CreateRing, create, created).ok());
  create.mutable_nodes(0)->set_id("b");
  EXPECT_EQ(FieldOf(Call(&Stub::CreateRing, create, created)), "nodes");
  create.mutable_spec()->set_virtual_node_count(7);
  EXPECT_EQ(FieldOf(Call(&Stub::CreateRing, create, created)), "spec");

  v1::DeleteRingRequest remove;
  remove.set_ring("r");
  remove.set_request_id("removed");
  v1::DeleteRingResponse removed;
  EXPECT_EQ(FieldOf(Call(&Stub::DeleteRing, remove, removed)), "force");
  remove.set_force(true);
  ASSERT_TRUE(Call(&Stub::DeleteRing, remove, removed).ok());
  remove.set_reason("another");
  EXPECT_EQ(FieldOf(Call(&Stub::DeleteRing, remove, removed)), "request_id");

  v1::UndeleteRingRequest restore;
  restore.set_ring("r");
  restore.set_request_id("restored");
  v1::UndeleteRingResponse restored;
  ASSERT_TRUE(Call(&Stub::UndeleteRing, restore, restored).ok());
  EXPECT_EQ(FieldOf(Call(&Stub::DeleteRing, remove, removed)), "request_id");
  remove.set_request_id("removed again");
  ASSERT_TRUE(Call(&Stub::DeleteRing, remove, removed).ok());
  EXPECT_EQ(FieldOf(Call(&Stub::UndeleteRing, restore, restored)),
            "request_id");
}

// --- The history of changes. ---

TEST_F(BadFieldsTest, TheHistoryHasTheNodesBeforeAndTheStatedActor) {
  v1::AddNodeRequest add;
  add.mutable_node()->set_id("a");
  add.mutable_node()->set_weight(2);
  add.set_allow_update(true);
  add.set_request_id("update");
  Add("a");
  v1::AddNodeResponse first;
  v1::AddNodeResponse again;
  for (v1::AddNodeResponse* response : {&first, &again}) {
    grpc::ClientContext context;
    SetDeadline(context);
    context.AddMetadata(kStatedActorMetadata, "alice@host");
    ASSERT_TRUE(stub_->AddNode(&context, add, response).ok());
  }
  EXPECT_EQ(first.SerializeAsString(), again.SerializeAsString());
  v1::ListChangesResponse page;
  ASSERT_TRUE(Call(&v1::PlacementService::Stub::ListChanges,
                   v1::ListChangesRequest(), page)
                  .ok());
  ASSERT_EQ(page.changes_size(), 2);
  EXPECT_EQ(page.changes(0).stated_actor(), "alice@host");
  ASSERT_EQ(page.changes(0).before_size(), 1);
  EXPECT_EQ(page.changes(0).before(0).weight(), 1u);
  EXPECT_EQ(page.changes(1).stated_actor(), "");
  EXPECT_EQ(page.changes(1).before_size(), 0);
  // The store keeps the nodes before a change once.
  EXPECT_EQ((*membership_->Find(""))->history.back()->change().before_size(),
            0);

  grpc::ClientContext context;
  SetDeadline(context);
  context.AddMetadata(kStatedActorMetadata, std::string(129, 'a'));
  EXPECT_EQ(FieldOf(stub_->AddNode(&context, add, &again)),
            kStatedActorMetadata);
}

}  // namespace
}  // namespace clockwise
