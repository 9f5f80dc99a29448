// Tests the client library over TLS, with certificates and tokens.
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "tests/client/lib/client_fixture.h"
#include "tests/support/test_authority.h"

namespace clockwise {
namespace {

// SHA-256 of "secret", by sha256sum.
constexpr char kSecret[] =
    "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";

class TlsTest : public ClientFixture {
 protected:
  std::unique_ptr<RpcServer> SecureServer(
      TestAuthority& authority, bool mutual = true,
      const std::string& listen = "127.0.0.1:0") {
    const auto own = authority.Issue("server", "IP:127.0.0.1");
    RpcServer::Options options = ServerOptions(more_stats_, listen);
    options.tls =
        *OpenTls({own.certificate, own.key, mutual ? authority.ca() : ""});
    options.policy = policy_;
    auto server = RpcServer::Start(options);
    EXPECT_TRUE(server.ok()) << server.status();
    return *std::move(server);
  }

  void SetPolicy(const std::string& json, const std::string& tokens = "") {
    policy_ = authority_.Policy(json, tokens);
    ASSERT_NE(policy_, nullptr);
  }

  Options WithCertificate(const TestAuthority::Pair& pair) {
    Options options = Quick();
    options.tls.ca_file = authority_.ca();
    options.tls.cert_file = pair.certificate;
    options.tls.key_file = pair.key;
    return options;
  }

  TestAuthority authority_;
  std::shared_ptr<PolicySource> policy_;
};

TEST_F(TlsTest, AMirrorAndChangesOverMutualTls) {
  SetPolicy(R"({"grants": [{"san": "dns:ops.example", "role": "OPERATOR",
                            "rings": ["*"]}]})");
  const auto server = SecureServer(authority_);
  const auto client =
      NewClient({server->address()},
                WithCertificate(authority_.Issue("ops", "DNS:ops.example")));
  ASSERT_TRUE(client->WaitForEpoch(1, seconds(10)).ok());
  Node node;
  node.id = "a";
  ASSERT_TRUE(client->AddNode(node).ok());
  ASSERT_TRUE(client->WaitForEpoch(2, seconds(10)).ok());
  EXPECT_EQ(client->Locate("k")->primary().id, "a");
  EXPECT_EQ(client->LocateRemote("k")->owners[0].id, "a");
}

TEST_F(TlsTest, WhoMayReadMayNotChange) {
  SetPolicy(R"({"grants": [{"san": "dns:web.example", "role": "READER",
                            "rings": ["*"]}]})");
  const auto server = SecureServer(authority_);
  const auto client =
      NewClient({server->address()},
                WithCertificate(authority_.Issue("web", "DNS:web.example")));
  ASSERT_TRUE(client->WaitForEpoch(1, seconds(10)).ok());
  Node node;
  node.id = "a";
  const auto change = client->AddNode(node);
  EXPECT_EQ(change.status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ReasonOfFailure(change.status()), "PERMISSION_DENIED");
}

TEST_F(TlsTest, ATokenGoesByTlsAlone) {
  SetPolicy(R"({"grants": [{"token": "t", "role": "READER",
                            "rings": ["*"]}]})",
            std::string("t ") + kSecret + "\n");
  const auto server = SecureServer(authority_, /*mutual=*/false);
  Options options = Quick();
  options.tls.token_file = authority_.Path("token");
  std::ofstream(options.tls.token_file) << "secret\n";
  const auto refused = Client::Create({server->address()}, options);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
  options.tls.ca_file = authority_.ca();
  const auto client = NewClient({server->address()}, options);
  EXPECT_TRUE(client->WaitForEpoch(1, seconds(10)).ok());
  std::ofstream(options.tls.token_file) << "guess\n";
  const auto other = NewClient({server->address()}, options);
  EXPECT_FALSE(other->WaitForEpoch(1, milliseconds(300)).ok());
}

TEST_F(TlsTest, AServerOfAnotherAuthorityIsNotBelieved) {
  TestAuthority others;
  const auto server = SecureServer(others, /*mutual=*/false);
  Options options = Quick();
  options.tls.ca_file = authority_.ca();
  const auto client = NewClient({server->address()}, options);
  EXPECT_FALSE(client->WaitForEpoch(1, milliseconds(500)).ok());
}

TEST_F(TlsTest, FilesThatAreNotInOrderAreRefused) {
  const auto web = authority_.Issue("web", "DNS:web.example");
  const auto ops = authority_.Issue("ops", "DNS:ops.example");
  const std::string none;
  const auto expect_error = [](const Options& options,
                               const std::string& named) {
    const auto client = Client::Create({"127.0.0.1:1"}, options);
    EXPECT_EQ(client.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_NE(client.status().message().find(named), std::string::npos)
        << client.status() << " does not name " << named;
  };
  expect_error(WithCertificate({web.certificate, ops.key}), ops.key + ": ");
  expect_error(WithCertificate({web.certificate, none}), web.certificate);
  expect_error(WithCertificate({none, web.key}), web.key);
  expect_error(WithCertificate({"none", web.key}), "none: ");
  Options options = Quick();
  options.tls.token_file = authority_.Path("token");
  expect_error(options, options.tls.token_file);  // without TLS
  options.tls.ca_file = authority_.ca();
  expect_error(options, options.tls.token_file + ": cannot open");
  std::ofstream(options.tls.token_file) << "\n";
  expect_error(options, options.tls.token_file + ":1: ");
  options.tls.token_file = authority_.Path("");  // a folder
  expect_error(options, options.tls.token_file + ": cannot read");
}

// Both sides switch to another authority: there is a new server at the same
// address, and the client stays the same.
TEST_F(TlsTest, AClientTakesNewFilesWithItsNextConnection) {
  auto server = SecureServer(authority_);
  const std::string address = server->address();
  const auto web = authority_.Issue("web", "DNS:web.example");
  const auto client = NewClient({address}, WithCertificate(web));
  ASSERT_TRUE(client->WaitForEpoch(1, seconds(10)).ok());
  server.reset();
  TestAuthority next;
  server = SecureServer(next, /*mutual=*/true, address);
  Add("a");  // through the plain server of the same rings
  EXPECT_FALSE(client->WaitForEpoch(2, milliseconds(300)).ok());
  const auto renewed = next.Issue("web", "DNS:web.example");
  const auto copy = [](const std::string& from, const std::string& to) {
    std::filesystem::copy_file(
        from, to, std::filesystem::copy_options::overwrite_existing);
  };
  copy(renewed.key, web.key);
  copy(renewed.certificate, web.certificate);
  copy(next.ca(), authority_.ca());
  EXPECT_TRUE(client->WaitForEpoch(2, seconds(10)).ok());
}

}  // namespace
}  // namespace clockwise
