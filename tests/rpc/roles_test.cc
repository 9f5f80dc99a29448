// Every method × every role, over TLS, from C++.
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "service/access/policy.h"
#include "service/tls/tls_material.h"
#include "tests/rpc/serving.h"
#include "tests/test_authority.h"

namespace clockwise {
namespace {

using Stub = v1::PlacementService::Stub;
using Credentials = std::shared_ptr<grpc::ChannelCredentials>;

// SHA-256 of "reader", "operator" and "admin", by sha256sum.
constexpr char kTokens[] =
    "reader "
    "3d0941964aa3ebdcb00ccef58b1bb399f9f898465e9886d5aec7f31090a0fb30\n"
    "operator "
    "06e55b633481f7bb072957eabcf110c972e86691c3cfedabe088024bffe42f23\n"
    "admin "
    "8c6976e5b5410415bde908bd4dee15dfb167a9c873fc4bb8a81f6f2ab448a918\n";
constexpr char kPolicy[] = R"({"grants": [
    {"token": "reader", "role": "READER", "rings": ["*"]},
    {"token": "operator", "role": "OPERATOR", "rings": ["*"]},
    {"token": "admin", "role": "ADMIN", "rings": ["*"]}]})";

struct MethodCall {
  std::string name;
  Role takes;
  std::function<grpc::Status(Stub&, grpc::ClientContext*)> make;
};

template <typename Method, typename Request, typename Response>
MethodCall Unary(const std::string& name, Role takes, Method method,
                 Request request, Response) {
  return {name, takes, [=](Stub& stub, grpc::ClientContext* context) {
            Response response;
            return (stub.*method)(context, request, &response);
          }};
}

#define UNARY(name, takes) \
  Unary(#name, takes, &Stub::name, v1::name##Request(), v1::name##Response())

std::vector<MethodCall> Calls() {
  std::vector<MethodCall> calls = {
      UNARY(Locate, Role::kReader),         UNARY(BatchLocate, Role::kReader),
      UNARY(GetRing, Role::kReader),        UNARY(CompareEpochs, Role::kReader),
      UNARY(ListChanges, Role::kReader),    UNARY(ListRings, Role::kReader),
      UNARY(GetStatus, Role::kReader),      UNARY(AddNode, Role::kOperator),
      UNARY(UpdateNode, Role::kOperator),   UNARY(RemoveNode, Role::kOperator),
      UNARY(ApplyChanges, Role::kOperator), UNARY(CreateRing, Role::kAdmin),
      UNARY(DeleteRing, Role::kAdmin),      UNARY(EndMigration, Role::kAdmin),
  };
  calls.push_back(
      {"Watch", Role::kReader, [](Stub& stub, grpc::ClientContext* context) {
         auto stream = stub.Watch(context, v1::WatchRequest());
         v1::WatchResponse message;
         if (stream->Read(&message)) context->TryCancel();
         return stream->Finish();
       }});
  calls.push_back({"LocateStream", Role::kReader,
                   [](Stub& stub, grpc::ClientContext* context) {
                     auto stream = stub.LocateStream(context);
                     stream->Write(v1::BatchLocateRequest());
                     stream->WritesDone();
                     v1::BatchLocateResponse message;
                     while (stream->Read(&message)) {
                     }
                     return stream->Finish();
                   }});
  return calls;
}

class RolesTest : public Serving {
 protected:
  void SetUp() override {
    Serving::SetUp();
    const std::string policy = authority_.Path("policy");
    std::ofstream(policy) << kPolicy;
    const std::string tokens = authority_.Path("tokens");
    std::ofstream(tokens) << kTokens;
    auto source = OpenPolicy({policy, tokens});
    ASSERT_TRUE(source.ok()) << source.status();
    policy_ = *std::move(source);
    const auto own = authority_.Issue("server", "IP:127.0.0.1");
    RpcServer::Options options;
    options.listen = "127.0.0.1:0";
    options.heartbeat = heartbeat_;
    options.membership = membership_.get();
    options.stats = &guarded_stats_;
    options.tls = *OpenTls({own.certificate, own.key, ""});
    options.policy = policy_;
    auto server = RpcServer::Start(options);
    ASSERT_TRUE(server.ok()) << server.status();
    guarded_ = *std::move(server);
  }

  std::unique_ptr<Stub> Guarded(const std::string& token) {
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
    return v1::PlacementService::NewStub(
        grpc::CreateCustomChannel(guarded_->address(), credentials, arguments));
  }

  static grpc::StatusCode CodeOf(const MethodCall& call, Stub& stub) {
    grpc::ClientContext context;
    SetDeadline(context);
    return call.make(stub, &context).error_code();
  }

  TestAuthority authority_;
  std::shared_ptr<PolicySource> policy_;
  RpcStats guarded_stats_;
  std::unique_ptr<RpcServer> guarded_;
};

TEST_F(RolesTest, EachMethodTakesItsRole) {
  const std::pair<const char*, Role> callers[] = {{"reader", Role::kReader},
                                                  {"operator", Role::kOperator},
                                                  {"admin", Role::kAdmin}};
  ASSERT_EQ(Calls().size(), kMethods.size());
  for (const auto& [token, role] : callers) {
    const auto stub = Guarded(token);
    for (const MethodCall& call : Calls()) {
      const grpc::StatusCode code = CodeOf(call, *stub);
      EXPECT_EQ(code == grpc::StatusCode::PERMISSION_DENIED, role < call.takes)
          << token << " calls " << call.name << ": " << code;
      EXPECT_NE(code, grpc::StatusCode::UNAUTHENTICATED) << call.name;
    }
  }
}

TEST_F(RolesTest, WhoShowsNothingOrSomethingUnknownMayDoNothing) {
  for (const char* token : {"", "guess"}) {
    const auto stub = Guarded(token);
    for (const MethodCall& call : Calls()) {
      EXPECT_EQ(CodeOf(call, *stub), grpc::StatusCode::UNAUTHENTICATED)
          << '"' << token << "\" calls " << call.name;
    }
  }
}

TEST_F(RolesTest, AWatchEndsWithItsCallersRole) {
  const auto stub = Guarded("reader");
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

}  // namespace
}  // namespace clockwise
