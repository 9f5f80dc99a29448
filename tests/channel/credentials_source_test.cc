#include "service/channel/credentials_source.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "service/limits.h"
#include "tests/support/test_authority.h"

namespace clockwise {
namespace {

using std::chrono::seconds;

class CredentialsSourceTest : public ::testing::Test {
 protected:
  CredentialsSourceTest() { Write(token_file_, "secret\n"); }

  static void Write(const std::string& path, const std::string& text) {
    std::ofstream(path) << text;
  }
  static void Copy(const std::string& from, const std::string& to) {
    std::filesystem::copy_file(
        from, to, std::filesystem::copy_options::overwrite_existing);
  }
  std::shared_ptr<CredentialsSource> Open() {
    auto source = CredentialsSource::Open(
        {pair_.certificate, pair_.key, authority_.ca()}, token_file_,
        [this](const absl::Status& outcome) { outcomes_.push_back(outcome); });
    EXPECT_TRUE(source.ok()) << source.status();
    return *std::move(source);
  }
  // The credentials of a call that comes `after` the opening.
  static auto At(CredentialsSource& source, seconds after) {
    return source.Current(CredentialsSource::Clock::now() + after);
  }

  TestAuthority authority_;
  const TestAuthority::Pair pair_ = authority_.Issue("a", "DNS:a.example");
  const TestAuthority::Pair other_ = authority_.Issue("b", "DNS:b.example");
  const std::string token_file_ = authority_.Path("token");
  std::vector<absl::Status> outcomes_;
};

TEST_F(CredentialsSourceTest, UnchangedFilesGiveTheSameCredentials) {
  const auto source = Open();
  const auto first = At(*source, seconds(0));
  EXPECT_EQ(At(*source, seconds(5)), first);
  EXPECT_EQ(At(*source, seconds(10)), first);
  EXPECT_TRUE(outcomes_.empty());
  const auto plaintext = CredentialsSource::Plaintext();
  EXPECT_EQ(At(*plaintext, seconds(0)), At(*plaintext, seconds(5)));
}

TEST_F(CredentialsSourceTest, FilesAreReadAtMostOnceASecond) {
  const auto source = Open();
  const auto first = At(*source, seconds(5));
  Write(token_file_, "other\n");
  EXPECT_EQ(At(*source, seconds(5)), first);
  EXPECT_NE(At(*source, seconds(7)), first);
  EXPECT_EQ(outcomes_, std::vector<absl::Status>{absl::OkStatus()});
}

TEST_F(CredentialsSourceTest, AnInvalidPairIsReportedOnceAndThePreviousKept) {
  const auto source = Open();
  const auto first = At(*source, seconds(0));
  Copy(other_.key, pair_.key);  // of another certificate
  EXPECT_EQ(At(*source, seconds(5)), first);
  EXPECT_EQ(At(*source, seconds(10)), first);
  ASSERT_EQ(outcomes_.size(), 1u);
  EXPECT_TRUE(absl::IsInvalidArgument(outcomes_[0])) << outcomes_[0];
  Copy(other_.certificate, pair_.certificate);
  EXPECT_NE(At(*source, seconds(15)), first);
  ASSERT_EQ(outcomes_.size(), 2u);
  EXPECT_TRUE(outcomes_[1].ok()) << outcomes_[1];
}

TEST_F(CredentialsSourceTest, AnEmptyTokenIsReportedAndThePreviousKept) {
  const auto source = Open();
  const auto first = At(*source, seconds(0));
  Write(token_file_, "\nsecret\n");
  EXPECT_EQ(At(*source, seconds(5)), first);
  ASSERT_EQ(outcomes_.size(), 1u);
  EXPECT_EQ(outcomes_[0].message().find("secret"), std::string::npos);
  // The previous token again: nothing has changed.
  Write(token_file_, "secret\n");
  EXPECT_EQ(At(*source, seconds(10)), first);
  EXPECT_EQ(outcomes_.size(), 1u);
}

TEST_F(CredentialsSourceTest, InvalidFilesCannotBeOpened) {
  const auto code = [](const TlsFiles& files, const std::string& token = "") {
    return CredentialsSource::Open(files, token).status().code();
  };
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_EQ(code({"", "", ""}), absl::StatusCode::kOk);  // the system's roots
  EXPECT_EQ(code({pair_.certificate, other_.key, authority_.ca()}), kInvalid);
  EXPECT_EQ(code({"", "", authority_.Path("none")}), kInvalid);
  EXPECT_EQ(code({}, authority_.Path("none")), kInvalid);
  for (const std::string& text :
       {std::string(), std::string("\n"), std::string(" \t\r\n"),
        std::string(limits::kMaxTokenBytes + 1, 'x')}) {
    Write(token_file_, text);
    EXPECT_EQ(code({}, token_file_), kInvalid) << text.size() << " bytes";
  }
  Write(token_file_, std::string(limits::kMaxTokenBytes, 'x') + "\r\n");
  EXPECT_EQ(code({}, token_file_), absl::StatusCode::kOk);
}

}  // namespace
}  // namespace clockwise
