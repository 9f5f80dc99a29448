#include "service/access/policy.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "service/limits.h"

namespace clockwise {
namespace {

// The SHA-256 of "secret", computed with sha256sum.
constexpr char kSecret[] =
    "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";

const PolicyFiles kFiles{"/etc/policy", "/etc/tokens"};

Policy Read(const std::string& json, const std::string& tokens = "") {
  auto policy = Policy::Parse(json, tokens, kFiles);
  EXPECT_TRUE(policy.ok()) << policy.status();
  return policy.ok() ? *std::move(policy) : Policy();
}

std::string WhyNot(const std::string& json, const std::string& tokens = "") {
  return std::string(Policy::Parse(json, tokens, kFiles).status().message());
}

Identity Names(std::vector<std::string> names) {
  Identity identity;
  identity.names = std::move(names);
  return identity;
}

TEST(PolicyTest, WhatIsWrongIsToldInOneLine) {
  for (const char* text : {"-----BEGIN", "{\n\"grants\": [\n}", "[1]"}) {
    const auto policy = Policy::Parse(text, "", kFiles);
    ASSERT_FALSE(policy.ok());
    EXPECT_EQ(policy.status().message().find('\n'), std::string::npos)
        << policy.status();
  }
}

TEST(PatternTest, AStarStandsForAnyCharacters) {
  for (const char* pattern :
       {"*", "**", "a*", "*c", "a*c", "*b*", "abc", "a**c", "*a*b*c*"}) {
    EXPECT_TRUE(MatchesPattern(pattern, "abc")) << pattern;
  }
  for (const char* pattern : {"", "b*", "*b", "ab", "abcd", "a*d", "*abca*"}) {
    EXPECT_FALSE(MatchesPattern(pattern, "abc")) << pattern;
  }
  EXPECT_TRUE(MatchesPattern("", ""));
  EXPECT_TRUE(MatchesPattern("*", ""));
  EXPECT_TRUE(MatchesPattern("*.b.*.d", "a.b.b.c.d"));
}

TEST(PatternTest, ManyStarsTakeNoLongerThanTheyMay) {
  const std::string text(5000, 'a');
  std::string pattern;
  for (int i = 0; i < 500; ++i) pattern += "a*";
  EXPECT_FALSE(MatchesPattern(pattern + "b", text));
}

TEST(PolicyTest, WhatNoGrantAllowsIsDenied) {
  const Policy policy = Read("{}");
  EXPECT_EQ(policy.On("default", Names({"dns:a"})).role, Role::kNone);
  EXPECT_EQ(policy.On("default", Identity()).role, Role::kNone);
  EXPECT_EQ(policy.NameOf("secret"), "");
}

TEST(PolicyTest, TheGreatestRoleOnTheRingCounts) {
  const Policy policy = Read(R"({"grants": [
      {"san": "dns:*.example", "role": "READER", "rings": ["*"]},
      {"san": "dns:ops.example", "role": "ADMIN", "rings": ["a", "b-*"]},
      {"san": "uri:spiffe://x/*", "role": "OPERATOR", "rings": ["a"]}]})");
  const Identity ops = Names({"dns:ops.example", "uri:spiffe://x/y"});
  EXPECT_EQ(policy.On("a", ops).role, Role::kAdmin);
  EXPECT_EQ(policy.On("a", ops).name, "dns:ops.example");
  EXPECT_EQ(policy.On("b-1", ops).role, Role::kAdmin);
  EXPECT_EQ(policy.On("c", ops).role, Role::kReader);
  EXPECT_EQ(policy.On("a", Names({"uri:spiffe://x/z"})).role, Role::kOperator);
  EXPECT_EQ(policy.On("a", Names({"dns:spiffe://x/z"})).role, Role::kNone);
}

TEST(PolicyTest, ATokenIsKnownByItsDigest) {
  const Policy policy =
      Read(R"({"grants": [{"token": "t", "role": "READER", "rings": ["*"]}]})",
           std::string("# comment\n\n  t\t") + kSecret + "\r\nother " +
               std::string(64, 'A') + "\n");
  EXPECT_EQ(policy.NameOf("secret"), "t");
  EXPECT_EQ(policy.NameOf("Secret"), "");
  EXPECT_EQ(policy.NameOf(""), "");
  Identity identity;
  identity.token = "t";
  EXPECT_EQ(policy.On("r", identity).role, Role::kReader);
  EXPECT_EQ(policy.On("r", identity).name, "token:t");
  identity.token = "other";
  EXPECT_EQ(policy.On("r", identity).role, Role::kNone);
}

TEST(PolicyTest, WhatIsWrongIsSaidWithoutTellingATokensLine) {
  EXPECT_NE(WhyNot("{").find("not a valid AccessPolicy in JSON"),
            std::string::npos);
  EXPECT_NE(WhyNot(R"({"grant": []})").find("grant"), std::string::npos);
  const auto grant = [](const std::string& fields) {
    return "{\"grants\": [{" + fields + "}]}";
  };
  EXPECT_EQ(
      WhyNot(grant(R"("san": "dns:a", "rings": ["*"])")),
      "/etc/policy: grants[0].role: is missing; set READER, OPERATOR or ADMIN");
  for (const char* role : {"reader", "UNSPECIFIED", "ROLE_READER", "1"}) {
    EXPECT_EQ(WhyNot(grant(absl::StrCat(R"("san": "dns:a", "role": ")", role,
                                        R"(", "rings": ["*"])"))),
              absl::StrCat("/etc/policy: grants[0].role: \"", role,
                           "\" is unknown; use READER, OPERATOR or ADMIN"));
  }
  EXPECT_NE(WhyNot(grant(R"("san": "dns:a", "role": "READER")"))
                .find("grants[0].rings: is empty"),
            std::string::npos);
  EXPECT_EQ(
      WhyNot(grant(R"("role": "READER", "rings": ["*"])")),
      "/etc/policy: grants[0]: neither san nor token is set; set one of them");
  for (const char* san : {"a.example", "dns:", "DNS:a", ""}) {
    EXPECT_NE(WhyNot(grant(std::string(R"("san": ")") + san +
                           R"(", "role": "READER", "rings": ["*"])"))
                  .find("use dns:"),
              std::string::npos)
        << san;
  }
  EXPECT_EQ(
      WhyNot(grant(R"("token": "t", "role": "READER", "rings": ["*"])")),
      "/etc/policy: grants[0].token: \"t\" is not in /etc/tokens; add its "
      "line there, or remove the grant");
  for (const char* line : {"my-secret", "a b c", "a 12"}) {
    EXPECT_EQ(WhyNot("{}", std::string("\n") + line),
              "/etc/tokens:2: the line is not NAME SHA256 (64 hexadecimal "
              "digits); correct it");
  }
}

TEST(PolicyTest, AnErrorNamesItsFileAndLine) {
  const std::string good =
      R"({"san": "dns:a", "role": "READER", "rings": ["a"]})";
  for (const auto& [json, place] :
       {std::pair<std::string, std::string>{"{\n\n", "/etc/policy:1: is not"},
        {"{\"grants\": [\n" + good + ",\n" + good, "/etc/policy:3: is not"},
        {"{\"grants\": [\n" + good + "\n" + good + "\n]}",
         "/etc/policy:3: is not"},
        {"{\"grants\": [\n" + good + ",\nnonsense\n]}",
         "/etc/policy:3: is not"},
        // The parser reports no place.
        {"{\n\"grant\": []}", "/etc/policy: is not"}}) {
    EXPECT_EQ(WhyNot(json).substr(0, place.size()), place) << WhyNot(json);
  }
  const auto unnamed = Policy::Parse(
      R"({"grants": [{"token": "t", "role": "READER", "rings": ["a"]}]})", "",
      {"/etc/policy", ""});
  EXPECT_EQ(unnamed.status().message(),
            "/etc/policy: grants[0].token: \"t\" needs a token file; set "
            "--token-file, or remove the grant");
}

TEST(PolicyTest, GrantsAndTokensAreBounded) {
  std::string json = "{\"grants\": [";
  for (int i = 0; i <= limits::kMaxGrants; ++i) {
    json += (i == 0 ? "" : ",") +
            std::string(R"({"san":"dns:a","role":"READER","rings":["*"]})");
  }
  EXPECT_NE(WhyNot(json + "]}").find("at most"), std::string::npos);
  std::string tokens;
  for (size_t i = 0; i < limits::kMaxTokens; ++i) {
    tokens += "t" + std::to_string(i) + " " + kSecret + "\n";
  }
  EXPECT_EQ(WhyNot("{}", tokens), "");
  EXPECT_NE(WhyNot("{}", tokens + "one " + kSecret).find("more than"),
            std::string::npos);
}

}  // namespace
}  // namespace clockwise
