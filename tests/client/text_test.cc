#include "client/cli/text.h"

#include <gtest/gtest.h>

#include "client/cli/terminal.h"

namespace clockwise::cli {
namespace {

using namespace std::string_literals;  // NOLINT: strings with a NUL

TEST(TextTest, WellFormedUtf8IsAccepted) {
  for (const std::string& text :
       {""s, "user:42"s, "\0"s, "\x7F"s, "é"s, "\xDF\xBF"s, "€"s,
        "\xED\x9F\xBF"s, "\xEE\x80\x80"s, "\xF0\x90\x80\x80"s,
        "\xF4\x8F\xBF\xBF"s, "a€b𝄞c"s}) {
    EXPECT_TRUE(IsUtf8(text)) << text;
  }
}

TEST(TextTest, EveryKindOfMalformedUtf8IsRefused) {
  for (const std::string& text : {
           "\x80"s,              // a continuation alone
           "\xC0\x80"s,          // overlong NUL
           "\xC1\xBF"s,          // overlong
           "\xC3"s,              // cut off
           "\xC3("s,             // no continuation
           "\xE0\x9F\xBF"s,      // overlong
           "\xED\xA0\x80"s,      // surrogate
           "\xE2\x82"s,          // cut off
           "\xF0\x8F\xBF\xBF"s,  // overlong
           "\xF4\x90\x80\x80"s,  // beyond U+10FFFF
           "\xF5\x80\x80\x80"s,
           "\xFF"s,
           "abc\xFE"s,
       }) {
    EXPECT_FALSE(IsUtf8(text)) << Printable(text);
  }
}

TEST(TextTest, PrintableLeavesTextAndDisarmsWhatSteersATerminal) {
  EXPECT_EQ(Printable("n1 é €\\x"), "n1 é €\\x");
  EXPECT_EQ(Printable("\x1B[2J\n\t\x7F"), "\\x1b[2J\\x0a\\x09\\x7f");
  EXPECT_EQ(Printable("\xC2\x9B"), "\\xc2\\x9b");  // C1: CSI as one byte
  EXPECT_EQ(Printable("a\xFFz"), "a\\xffz");
}

TEST(TextTest, JsonStringEscapesWhatJsonForbids) {
  EXPECT_EQ(JsonString("a\"b\\c\n\0é"s), "\"a\\\"b\\\\c\\u000a\\u0000é\"");
}

TEST(TextTest, ShellWordQuotesOnlyWhatMustBe) {
  EXPECT_EQ(ShellWord("--address=10.0.0.1:80"), "--address=10.0.0.1:80");
  EXPECT_EQ(ShellWord("it's $HOME"), "'it'\\''s $HOME'");
  EXPECT_EQ(ShellWord(""), "''");
  EXPECT_EQ(ShellWord("~"), "'~'");
}

TEST(TextTest, PercentKeepsThreeDigitsOrSo) {
  EXPECT_EQ(Percent(0.15234), "15.2 %");
  EXPECT_EQ(Percent(0.015234), "1.52 %");
  EXPECT_EQ(Percent(0.0015234), "0.152 %");
  EXPECT_EQ(Percent(0.000001), "<0.001 %");
  EXPECT_EQ(Percent(0), "0 %");
  EXPECT_EQ(Percent(1), "100 %");
  EXPECT_EQ(Percent(0.15234, 2), "15.23 %");
}

TEST(TextTest, WidthCountsCharactersNotBytes) {
  EXPECT_EQ(DisplayWidth("é€𝄞a"), 4u);
}

TEST(TerminalTest, BarsGrowByEighthsAndNothingIsNoBar) {
  EXPECT_EQ(Bar(0, 10, true), "");
  EXPECT_EQ(Bar(1, 3, true), "███");
  EXPECT_EQ(Bar(0.5, 3, true), "█▌");
  EXPECT_EQ(Bar(1e-9, 3, true), "▏");
  EXPECT_EQ(Bar(7, 2, true), "██");
  EXPECT_EQ(Bar(0.5, 10, false), "#####");
  EXPECT_EQ(Bar(1e-9, 10, false), "#");
}

TEST(TextTest, LongNumbersAreGrouped) {
  EXPECT_EQ(Grouped(0), "0");
  EXPECT_EQ(Grouped(999), "999");
  EXPECT_EQ(Grouped(1000), "1,000");
  EXPECT_EQ(Grouped(16'777'216), "16,777,216");
}

}  // namespace
}  // namespace clockwise::cli
