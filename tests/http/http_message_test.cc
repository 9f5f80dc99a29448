#include "service/http/http_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "service/api/refusal.h"

namespace clockwise {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

TEST(ExchangeTest, ThePathIsSplitBeforeItIsDecoded) {
  EXPECT_THAT(ParseTarget("/api/v1/rings/a%2Fb+c?x").path,
              ElementsAre("api", "v1", "rings", "a/b+c"));
  EXPECT_THAT(ParseTarget("/a//b/").path, ElementsAre("a", "", "b"));
  for (const char* root : {"/", "*", "", "/?a=/b", "/#/b"}) {
    EXPECT_THAT(ParseTarget(root).path, IsEmpty()) << root;
  }
}

TEST(ExchangeTest, ParametersAreDecodedAndKeptWithTheirRepetitions) {
  EXPECT_THAT(
      ParseTarget("/?key=a%26b+%3d&key=2&&flag&=v&k=x=y#z=1").parameters,
      UnorderedElementsAre(Pair("key", "a&b ="), Pair("key", "2"),
                           Pair("flag", ""), Pair("", "v"), Pair("k", "x=y")));
  EXPECT_THAT(ParseTarget("/?key=%ff%00%Fe").parameters,
              ElementsAre(Pair("key", std::string("\xff\0\xfe", 3))));
}

TEST(ExchangeTest, APercentWithoutTwoDigitsIsAnErrorThatNamesItsPlace) {
  for (const std::string text : {"%", "%4", "%g0", "100%", "%+1", "%%41"}) {
    EXPECT_EQ(FieldOf(ParseTarget("/a/" + text + "/b").malformed), "path");
    EXPECT_EQ(FieldOf(ParseTarget("/?a=1&key=x" + text).malformed), "key");
    const HttpRequest name = ParseTarget("/?" + text + "=1");
    EXPECT_THAT(FieldOf(name.malformed), ::testing::HasSubstr(text));
  }
  EXPECT_TRUE(ParseTarget("/%25?key=%25%41").malformed.ok());
}

}  // namespace
}  // namespace clockwise
