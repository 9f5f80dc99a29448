#include "client/cli/config/yaml_text.h"

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <string>

namespace clockwise::cli {
namespace {

TEST(YamlTextTest, WordsAndNumbersOfAnyYamlAreNotPlainText) {
  for (const char* text : {"",          "~",
                           "null",      "Null",
                           "true",      "NO",
                           "yes",       "on",
                           "Off",       "y",
                           "N",         "0",
                           "-1",        "+7",
                           "1_000",     "017",
                           "0x1F",      "0o17",
                           "0b101",     "1.5",
                           ".5",        "5.",
                           "1e3",       "1E+3",
                           "-1.5e-3",   ".inf",
                           "-.INF",     ".NaN",
                           "190:20:30", "12:30",
                           "1:30.5",    "2001-12-14",
                           "2001-1-1",  "2001-12-14t21:59:43Z",
                           "<<",        "="}) {
    EXPECT_FALSE(IsPlainText(text)) << text;
  }
}

TEST(YamlTextTest, NamesAndAddressesArePlainText) {
  for (const char* text :
       {"n1",        "cache-2", "10.0.0.1:80", "10.0.0.1",    "1.2.3",
        "e3",        "0-5460",  "1e",          "1-2",         "nope",
        "yesterday", "0xcache", "0x",          "2001-12-14x", "12345-1-1",
        "a",         "host:80", "/run/a.sock", "1:2:x",       "nullable"}) {
    EXPECT_TRUE(IsPlainText(text)) << text;
  }
}

TEST(YamlTextTest, OnlyPlainTextOfSafeCharactersHasNoQuotes) {
  for (const char* text : {"n1", "10.0.0.1:80", "a/b_c.d-e@f+g", "/run/a.sock",
                           "1.2.3", "0-5460"}) {
    EXPECT_EQ(YamlText(text), text);
  }
  EXPECT_EQ(YamlText("no"), "\"no\"");
  EXPECT_EQ(YamlText("1e3"), "\"1e3\"");
  EXPECT_EQ(YamlText(""), "\"\"");
  EXPECT_EQ(YamlText(" a"), "\" a\"");
  EXPECT_EQ(YamlText("a: b"), "\"a: b\"");
  EXPECT_EQ(YamlText("a #b"), "\"a #b\"");
  EXPECT_EQ(YamlText("a:"), "\"a:\"");
  EXPECT_EQ(YamlText("-a"), "\"-a\"");
  EXPECT_EQ(YamlText("say \"x\\y\""), R"("say \"x\\y\"")");
  EXPECT_EQ(YamlText("\n\t\x7f"), R"("\u000a\u0009\u007f")");
  EXPECT_EQ(YamlText("\u0085\u2028\ufeff"), R"("\u0085\u2028\ufeff")");
  EXPECT_EQ(YamlText("é😀"), "\"é😀\"");
}

// Each code point below U+3000, and some beyond: as the whole text, and in it.
TEST(YamlTextTest, AParserReadsTheSameTextBack) {
  const auto utf8 = [](uint32_t point) {
    std::string text;
    if (point < 0x80) {
      text += static_cast<char>(point);
    } else if (point < 0x800) {
      text += static_cast<char>(0xC0 | point >> 6);
    } else if (point < 0x10000) {
      text += static_cast<char>(0xE0 | point >> 12);
      text += static_cast<char>(0x80 | (point >> 6 & 0x3F));
    } else {
      text += static_cast<char>(0xF0 | point >> 18);
      text += static_cast<char>(0x80 | (point >> 12 & 0x3F));
      text += static_cast<char>(0x80 | (point >> 6 & 0x3F));
    }
    if (point >= 0x80) text += static_cast<char>(0x80 | (point & 0x3F));
    return text;
  };
  for (uint32_t point = 0; point < 0x11000; ++point) {
    if (point == 0x3000) point = 0xE000;  // the gap has surrogates in it
    const std::string one = utf8(point);
    for (const std::string& text :
         {one, "a" + one + "b", one + " ", " " + one}) {
      const YAML::Node node = YAML::Load(YamlText(text) + "\n");
      ASSERT_TRUE(node.IsScalar()) << point;
      ASSERT_EQ(node.Scalar(), text) << point;
    }
  }
}

}  // namespace
}  // namespace clockwise::cli
