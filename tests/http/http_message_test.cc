#include "service/http/http_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

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

TEST(ExchangeTest, APercentWithoutTwoDigitsStandsForItself) {
  for (const char* text : {"%", "%4", "%g0", "100%", "%+1"}) {
    const HttpRequest request = ParseTarget(std::string("/") + text);
    EXPECT_THAT(request.path, ElementsAre(text));
  }
}

}  // namespace
}  // namespace clockwise
