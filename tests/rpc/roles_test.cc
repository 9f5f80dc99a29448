// Tests every method of the service with every role, over TLS. The methods are
// read from the service's descriptor, so that new ones are tested too.
#include <atomic>
#include <chrono>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/access/audit_log.h"
#include "service/access/policy.h"
#include "service/api/methods.h"
#include "service/api/refusal.h"
#include "service/rpc/access_gate.h"
#include "service/tls/tls_material.h"
#include "tests/support/delete_ring.h"
#include "tests/support/membership_fixture.h"
#include "tests/support/raw_call.h"
#include "tests/support/serving.h"
#include "tests/support/test_authority.h"

namespace clockwise {
namespace {

using Credentials = std::shared_ptr<grpc::ChannelCredentials>;
using Channel = std::shared_ptr<grpc::Channel>;

// SHA-256 of "reader", "operator" and "admin", by sha256sum.
constexpr char kTokens[] =
    "reader "
    "3d0941964aa3ebdcb00ccef58b1bb399f9f898465e9886d5aec7f31090a0fb30\n"
    "operator "
    "06e55b633481f7bb072957eabcf110c972e86691c3cfedabe088024bffe42f23\n"
    "stranger "
    "8aca4f36774f82a67c507cb9c96679482e2cc767f2d38502269557a566b092fb\n"
    "admin "
    "8c6976e5b5410415bde908bd4dee15dfb167a9c873fc4bb8a81f6f2ab448a918\n";
constexpr char kPolicy[] = R"({"grants": [
    {"token": "stranger", "role": "ADMIN", "rings": ["elsewhere-*"]},
    {"token": "reader", "role": "READER", "rings": ["*"]},
    {"token": "operator", "role": "OPERATOR", "rings": ["*"]},
    {"token": "admin", "role": "ADMIN", "rings": ["*"]}]})";

struct Caller {
  const char* token;
  const char* role;  // as in roles.tsv; "": for no existing ring
  Role rank;
};
constexpr Caller kCallers[] = {{"stranger", "", Role::kNone},
                               {"reader", "READER", Role::kReader},
                               {"operator", "OPERATOR", Role::kOperator},
                               {"admin", "ADMIN", Role::kAdmin}};

struct Promise {
  Role role = Role::kNone;
  std::string scope;
};

// Returns the roles that roles.tsv requires, by method.
std::map<std::string, Promise> Promises() {
  std::map<std::string, Promise> promises;
  std::ifstream file(CLOCKWISE_ROLES);
  std::string line;
  while (std::getline(file, line)) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream fields(line);
    std::string method;
    std::string role;
    std::string scope;
    fields >> method >> role >> scope;
    for (const Caller& caller : kCallers) {
      if (role == caller.role) promises[method] = {caller.rank, scope};
    }
  }
  return promises;
}

const google::protobuf::ServiceDescriptor& Service() {
  return *google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(
      "clockwise.v1.PlacementService");
}

std::vector<std::string> MethodsOfTheService() {
  std::vector<std::string> names;
  for (int i = 0; i < Service().method_count(); ++i) {
    names.push_back(Service().method(i)->name());
  }
  return names;
}

CallType TypeOf(const google::protobuf::MethodDescriptor& method) {
  if (method.client_streaming()) return CallType::kBidiStream;
  return method.server_streaming() ? CallType::kServerStream : CallType::kUnary;
}

class RolesTest : public Serving {
 protected:
  void SetUp() override {
    Serving::SetUp();
    policy_ = authority_.Policy(kPolicy, kTokens);
    ASSERT_NE(policy_, nullptr);
    StartGuarded();
  }

  // Starts or restarts the guarded server. A restart clears its failed
  // attempts.
  void StartGuarded() {
    const auto own = authority_.Issue("server", "IP:127.0.0.1");
    RpcServer::Options options = ServerOptions(guarded_stats_);
    options.tls = *OpenTls({own.certificate, own.key, ""});
    options.policy = policy_;
    options.audit = audit_.get();
    options.limits = limits_;
    options.facts.store = "etcd:10.0.0.1:2379";
    options.facts.servers = [] {
      Store::ServerList list;
      list.servers.emplace_back().set_address("10.0.0.2:7400");
      list.count = 1;
      list.listed = absl::UnavailableError("etcd at 10.0.0.1:2379 failed");
      return list;
    };
    guarded_ = nullptr;
    auto server = RpcServer::Start(options);
    ASSERT_TRUE(server.ok()) << server.status();
    guarded_ = *std::move(server);
  }

  Channel Guarded(const std::string& token) {
    grpc::SslCredentialsOptions ssl;
    std::ifstream in(authority_.ca());
    ssl.pem_root_certs.assign(std::istreambuf_iterator<char>(in), {});
    Credentials credentials = grpc::SslCredentials(ssl);
    if (!token.empty()) {
      credentials = grpc::CompositeChannelCredentials(
          credentials, grpc::AccessTokenCredentials(token));
    }
    grpc::ChannelArguments arguments;
    arguments.SetInt("grpc.use_local_subchannel_pool", 1);
    return grpc::CreateCustomChannel(guarded_->address(), credentials,
                                     arguments);
  }

  TestAuthority authority_;
  std::shared_ptr<PolicySource> policy_;
  ServingLimits limits_;
  std::unique_ptr<AuditLog> audit_;
  RpcStats guarded_stats_;
  std::unique_ptr<RpcServer> guarded_;
};

TEST(MethodsTest, TheTableHasARowForEachMethodOfTheService) {
  std::vector<std::string> rows;
  for (const MethodRow& row : kMethods) {
    rows.push_back(row.name);
    const auto* method = Service().FindMethodByName(row.name);
    if (method == nullptr) continue;  // the comparison below fails
    EXPECT_EQ(row.type, TypeOf(*method)) << row.name;
  }
  EXPECT_THAT(rows,
              ::testing::UnorderedElementsAreArray(MethodsOfTheService()));
}

TEST(MethodsTest, EachRowHasTheRoleAndTheScopeThatArePromised) {
  const auto promises = Promises();
  EXPECT_EQ(promises.size(), kMethods.size());
  for (const MethodRow& row : kMethods) {
    const auto promise = promises.find(row.name);
    ASSERT_NE(promise, promises.end()) << row.name << " is not in roles.tsv";
    EXPECT_EQ(row.role, promise->second.role) << row.name;
    EXPECT_EQ(row.scope, promise->second.scope == "one"   ? CallScope::kOneRing
                         : promise->second.scope == "all" ? CallScope::kAllRings
                                                          : CallScope::kNoRing)
        << row.name;
  }
}

TEST_F(RolesTest, EachMethodRequiresItsRole) {
  const auto promises = Promises();
  for (const Caller& caller : kCallers) {
    const Channel channel = Guarded(caller.token);
    for (const std::string& method : MethodsOfTheService()) {
      const Promise promise = promises.at(method);
      const RawAnswer answer = RawCall(channel, method, "");
      const grpc::StatusCode code = answer.status.error_code();
      const std::string what = std::string(caller.token) + " calls " + method +
                               ": " + answer.status.error_message();
      EXPECT_NE(code, grpc::StatusCode::UNAUTHENTICATED) << what;
      EXPECT_NE(code, grpc::StatusCode::UNIMPLEMENTED) << what;
      if (promise.scope == "all") {
        EXPECT_EQ(code, grpc::StatusCode::OK) << what;
        // The admin has deleted the ring before this call.
        if (caller.rank == Role::kAdmin) continue;
        EXPECT_EQ(answer.message.find("default") != std::string::npos,
                  caller.rank >= promise.role)
            << what;
      } else {
        EXPECT_EQ(code == grpc::StatusCode::PERMISSION_DENIED,
                  caller.rank < promise.role)
            << what;
      }
    }
  }
}

TEST_F(RolesTest, ACallerThatShowsNothingOrAnUnknownTokenMayDoNothing) {
  for (const std::string& method : MethodsOfTheService()) {
    StartGuarded();  // resets the guesses of the previous method
    for (const char* token : {"", "guess"}) {
      EXPECT_EQ(RawCall(Guarded(token), method, "").status.error_code(),
                grpc::StatusCode::UNAUTHENTICATED)
          << '"' << token << "\" calls " << method;
    }
  }
}

TEST(GateTest, AMethodWithoutARowIsRefusedWhateverThePolicy) {
  const auto none = static_cast<Method>(kMethods.size());
  grpc::CallbackServerContext context;
  const AccessGate gate(nullptr, false);
  AccessGate::Caller caller;
  EXPECT_EQ(gate.Admit(context, none, "", caller).code(),
            absl::StatusCode::kUnimplemented);
  EXPECT_EQ(gate.Check(context, none, "").code(),
            absl::StatusCode::kUnimplemented);
  EXPECT_EQ(gate.Readable(context, none).status().code(),
            absl::StatusCode::kUnimplemented);
  EXPECT_TRUE(gate.Check(context, Method::kLocate, "").ok());
}

TEST_F(RolesTest, AMethodWithoutARowIsRefusedWithAPolicyToo) {
  const AccessGate gate(policy_, false);
  grpc::CallbackServerContext context;
  EXPECT_EQ(gate.Check(context, static_cast<Method>(-1), "").code(),
            absl::StatusCode::kUnimplemented);
}

TEST_F(RolesTest, AWatchEndsWithItsCallersRole) {
  const auto stub = v1::PlacementService::NewStub(Guarded("reader"));
  grpc::ClientContext context;
  SetDeadline(context);
  const auto stream = stub->Watch(&context, v1::WatchRequest());
  v1::WatchResponse message;
  ASSERT_TRUE(stream->Read(&message));
  std::ofstream(authority_.Path("policy")) << R"({"grants": []})";
  absl::Status why;
  ASSERT_EQ(policy_->Reload(why), PolicySource::Outcome::kReplaced) << why;
  while (stream->Read(&message)) {
  }
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

// Rings of two teams: "secret", and "team-*", whose admin has no right on
// "secret".
constexpr char kTeams[] = R"({"grants": [
    {"token": "stranger", "role": "ADMIN", "rings": ["team-*"]},
    {"token": "reader", "role": "READER", "rings": ["team-*", "secret"]},
    {"token": "operator", "role": "READER", "rings": ["team-*"]},
    {"token": "admin", "role": "ADMIN", "rings": ["secret", "team-*"]}]})";

class TeamsTest : public RolesTest {
 protected:
  using Stub = v1::PlacementService::Stub;

  Store& store() override { return observed_; }

  void SetUp() override {
    RolesTest::SetUp();
    SetPolicy(kTeams);
    v1::RingSpec spec;
    spec.set_name("secret");
    ASSERT_TRUE(membership_->CreateRing(spec).ok());
    Add("hidden-node", "", "secret");
  }

  void SetPolicy(const std::string& json) {
    std::ofstream(authority_.Path("policy")) << json;
    absl::Status why;
    ASSERT_EQ(policy_->Reload(why), PolicySource::Outcome::kReplaced) << why;
  }

  template <typename Method, typename Request, typename Response>
  grpc::Status CallAs(const std::string& token, Method method,
                      const Request& request, Response& response) {
    const auto stub = v1::PlacementService::NewStub(Guarded(token));
    grpc::ClientContext context;
    SetDeadline(context);
    return (stub.get()->*method)(&context, request, &response);
  }

  grpc::Status Migrate(const std::string& token, const std::string& from) {
    v1::CreateRingRequest request;
    request.mutable_spec()->set_name("team-new");
    request.mutable_spec()->set_migrating_from(from);
    v1::CreateRingResponse response;
    return CallAs(token, &Stub::CreateRing, request, response);
  }

  ObservedStore observed_{store_};
};

TEST_F(TeamsTest, AMigrationRequiresAdminOnItsSource) {
  for (const char* token : {"stranger", "reader"}) {
    EXPECT_EQ(Migrate(token, "secret").error_code(),
              grpc::StatusCode::PERMISSION_DENIED)
        << token;
  }
  EXPECT_EQ(Migrate("stranger", "team-none").error_code(),
            grpc::StatusCode::NOT_FOUND);
  // The error does not say whether the source exists.
  std::string there = Migrate("stranger", "secret").error_message();
  const std::string missing = Migrate("stranger", "sacred").error_message();
  there.replace(there.find("secret"), 6, "sacred");
  EXPECT_EQ(there, missing);
  v1::DeleteRingRequest request;
  request.set_ring("secret");
  request.set_force(true);
  v1::DeleteRingResponse deleted;
  EXPECT_TRUE(CallAs("admin", &Stub::DeleteRing, request, deleted).ok());
}

TEST_F(TeamsTest, PreviousOwnersAreForReadersOfTheSourceOnly) {
  ASSERT_TRUE(Migrate("admin", "secret").ok());
  Add("new-node", "", "team-new");
  for (const auto& [token, sees] :
       {std::pair("reader", true), std::pair("operator", false)}) {
    v1::LocateRequest request;
    request.set_ring("team-new");
    v1::LocateResponse one;
    ASSERT_TRUE(CallAs(token, &Stub::Locate, request, one).ok());
    EXPECT_EQ(one.owners(0).node_id(), "new-node");
    EXPECT_EQ(one.previous_owners_size(), sees ? 1 : 0) << token;
    EXPECT_EQ(one.previous().epoch(), sees ? 2 : 0) << token;
    EXPECT_EQ(one.previous().incarnation() != 0, sees) << token;
    v1::BatchLocateRequest batch;
    batch.set_ring("team-new");
    batch.add_keys("k");
    v1::BatchLocateResponse many;
    ASSERT_TRUE(CallAs(token, &Stub::BatchLocate, batch, many).ok());
    EXPECT_EQ(many.previous_nodes_size(), sees ? 1 : 0) << token;
    for (const char* method : {"LocateStream", "Watch", "GetRing", "ListRings",
                               "GetStatus", "CompareEpochs", "ListChanges"}) {
      const std::string bytes = std::string(method) == "LocateStream"
                                    ? batch.SerializeAsString()
                                    : "\x0a\x08team-new";
      const RawAnswer answer =
          RawCall(Guarded(token), method,
                  std::string(method) == "ListRings" ||
                          std::string(method) == "GetStatus"
                      ? ""
                      : bytes);
      EXPECT_TRUE(answer.answered) << method;
      if (!sees) {
        EXPECT_THAT(answer.message,
                    ::testing::Not(::testing::HasSubstr("hidden-node")))
            << method;
      }
    }
  }
}

TEST_F(TeamsTest, ALookupThatWaitedIsCheckedAgain) {
  const auto stub = v1::PlacementService::NewStub(Guarded("reader"));
  grpc::ClientContext context;
  SetDeadline(context);
  v1::LocateRequest request;
  request.set_ring("secret");
  request.set_min_epoch(3);
  v1::LocateResponse response;
  grpc::CompletionQueue queue;
  const auto call = stub->AsyncLocate(&context, request, &queue);
  grpc::Status status;
  call->Finish(&response, &status, nullptr);
  // A call of the same connection that is answered came after it.
  request.set_min_epoch(0);
  v1::LocateResponse second;
  grpc::ClientContext other;
  SetDeadline(other);
  ASSERT_TRUE(stub->Locate(&other, request, &second).ok());
  SetPolicy(R"({"grants": []})");
  Add("late-node", "", "secret");
  void* tag = nullptr;
  bool ok = false;
  ASSERT_TRUE(queue.Next(&tag, &ok));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED)
      << status.error_message();
}

// The change of the second call waits behind that of the first. The role is
// taken away meanwhile.
TEST_F(TeamsTest, AQueuedChangeIsCheckedAgain) {
  const std::string log = authority_.Path("audit");
  audit_ = *AuditLog::Open({log, 1'000'000});
  limits_.queued_calls = 1;
  StartGuarded();
  std::atomic<bool> hangs = true;
  std::atomic<int> hanging = 0;
  observed_.before = [&] {
    ++hanging;
    while (hangs) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return absl::OkStatus();
  };
  std::thread first([&] {
    v1::AddNodeRequest request;
    request.set_ring("secret");
    request.mutable_node()->set_id("first");
    v1::AddNodeResponse response;
    EXPECT_TRUE(CallAs("admin", &Stub::AddNode, request, response).ok());
  });
  while (hanging == 0) std::this_thread::yield();
  // One call has a place in the queue. As soon as the other is rejected, it is
  // certain that the first one waits there.
  const auto stub = v1::PlacementService::NewStub(Guarded("admin"));
  grpc::CompletionQueue queue;
  struct {
    grpc::ClientContext context;
    v1::AddNodeResponse response;
    grpc::Status status;
    std::unique_ptr<grpc::ClientAsyncResponseReader<v1::AddNodeResponse>> call;
  } calls[2];
  v1::AddNodeRequest request;
  request.set_ring("secret");
  request.mutable_node()->set_id("late");
  for (auto& one : calls) {
    SetDeadline(one.context);
    one.call = stub->AsyncAddNode(&one.context, request, &queue);
    one.call->Finish(&one.response, &one.status, &one);
  }
  void* tag = nullptr;
  bool ok = false;
  ASSERT_TRUE(queue.Next(&tag, &ok));
  const auto& waiting = tag == &calls[0] ? calls[1] : calls[0];
  EXPECT_EQ(ReasonOf((tag == &calls[0] ? calls[0] : calls[1]).status),
            "OVERLOADED");
  SetPolicy(R"({"grants": []})");
  hangs = false;
  first.join();
  ASSERT_TRUE(queue.Next(&tag, &ok));
  EXPECT_EQ(ReasonOf(waiting.status), "PERMISSION_DENIED");
  const StatePtr state = membership_->Find("secret").value();
  EXPECT_NE(FindNode(state->ring().nodes(), "first"), nullptr);
  EXPECT_EQ(FindNode(state->ring().nodes(), "late"), nullptr);
  guarded_ = nullptr;  // the line of the call is written
  std::ifstream in(log + ".refused");
  const std::string refused{std::istreambuf_iterator<char>(in), {}};
  EXPECT_THAT(refused, ::testing::HasSubstr("\"PERMISSION_DENIED\""));
}

TEST_F(TeamsTest, AChangeIsCheckedAgainBeforeItIsSentToTheStore) {
  // The incarnation of the ring is chosen after the call has begun.
  on_random_ = [this] { SetPolicy(R"({"grants": []})"); };
  v1::CreateRingRequest request;
  request.mutable_spec()->set_name("team-new");
  v1::CreateRingResponse response;
  EXPECT_EQ(ReasonOf(CallAs("admin", &Stub::CreateRing, request, response)),
            "PERMISSION_DENIED");
  EXPECT_FALSE(membership_->Find("team-new").ok());
  EXPECT_FALSE(store_.Head("team-new").ok());
}

TEST_F(TeamsTest, TheStoresAddressIsForOperatorsOnly) {
  v1::GetStatusResponse response;
  for (const auto& [token, store] :
       {std::pair("operator", "etcd:"), std::pair("reader", "etcd:"),
        std::pair("stranger", "etcd:10.0.0.1:2379")}) {
    ASSERT_TRUE(
        CallAs(token, &Stub::GetStatus, v1::GetStatusRequest(), response).ok());
    EXPECT_EQ(response.store(), store) << token;
    const int servers = token == std::string("stranger") ? 1 : 0;
    EXPECT_EQ(response.store_servers_size(), servers) << token;
    EXPECT_EQ(response.store_server_count(), servers) << token;
    EXPECT_EQ(response.listing_failure().empty(), servers == 0) << token;
  }
  EXPECT_EQ(guarded_->Status().store(), "etcd:");  // for the HTTP port
  EXPECT_EQ(guarded_->Status().store_servers_size(), 0);
  SetPolicy(R"({"grants": []})");
  ASSERT_TRUE(
      CallAs("admin", &Stub::GetStatus, v1::GetStatusRequest(), response).ok());
  EXPECT_EQ(response.store(), "etcd:");
}

TEST_F(TeamsTest, TheReasonOfDistrustIsForOperatorsOnly) {
  const std::string why = "etcd at 10.0.0.1:2379 was emptied";
  observed_.trust = absl::FailedPreconditionError(why);
  v1::GetStatusResponse response;
  for (const auto& [token, reason] :
       {std::pair("operator", std::string()),
        std::pair("reader", std::string()), std::pair("stranger", why)}) {
    ASSERT_TRUE(
        CallAs(token, &Stub::GetStatus, v1::GetStatusRequest(), response).ok());
    EXPECT_EQ(response.store_distrust(), reason) << token;
    EXPECT_FALSE(response.store_up()) << token;
  }
  EXPECT_EQ(guarded_->Status().store_distrust(), "");  // for the HTTP port
  EXPECT_FALSE(guarded_->Status().store_up());
  EXPECT_EQ(server_->Status().store_distrust(), why);  // without a policy
}

TEST_F(TeamsTest, AnybodySeesThatTheStoreRefusesChangesAndOperatorsSeeWhy) {
  const std::string why = "etcd at 10.0.0.1:2379: permission denied";
  observed_.before = [&] {
    return Refusal(v1::ERROR_REASON_STORE_REFUSED, why);
  };
  EXPECT_FALSE(DeleteRing(*membership_, "secret").ok());
  observed_.before = nullptr;
  v1::GetStatusResponse response;
  for (const auto& [token, reason] :
       {std::pair("reader", std::string()), std::pair("stranger", why)}) {
    ASSERT_TRUE(
        CallAs(token, &Stub::GetStatus, v1::GetStatusRequest(), response).ok());
    EXPECT_EQ(response.store_refusal(), reason) << token;
    EXPECT_TRUE(response.has_store_refusal_time()) << token;
    EXPECT_TRUE(response.store_up()) << token;
  }
  EXPECT_EQ(guarded_->Status().store_refusal(), "");  // for the HTTP port
  EXPECT_TRUE(guarded_->Status().has_store_refusal_time());
}

}  // namespace
}  // namespace clockwise
