#include "service/server/flag_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "client/cli/command_line.h"
#include "client/cli/commands/completion.h"

namespace clockwise::cli {
namespace {

using testing::ElementsAre;

class FlagNamesTest : public testing::Test {
 protected:
  std::vector<std::string> Kebab(const std::vector<std::string>& arguments) {
    return WithKebabCaseFlags(*app_, arguments);
  }

  // Calls `visit` with each command, the program itself included.
  template <typename Visit>
  void ForEachCommand(CLI::App& app, Visit visit) {
    visit(app);
    for (CLI::App* command :
         app.get_subcommands([](CLI::App*) { return true; })) {
      ForEachCommand(*command, visit);
    }
  }

  CommandLine line_;
  std::unique_ptr<CLI::App> app_ = NewApp(line_);
};

// True if a word in `text` that follows `prefix` has an underscore.
bool HasUnderscoreAfter(absl::string_view prefix, absl::string_view text) {
  for (size_t at = text.find(prefix); at != absl::string_view::npos;
       at = text.find(prefix, at + 1)) {
    const size_t end = text.find_first_not_of(
        "abcdefghijklmnopqrstuvwxyz0123456789-", at + prefix.size());
    if (end != absl::string_view::npos && text[end] == '_') return true;
  }
  return false;
}

TEST_F(FlagNamesTest, OldSpellingBecomesKebabCase) {
  EXPECT_THAT(Kebab({"node", "add", "n_1", "--request_id", "a_b",
                     "--expected_epoch=1", "--no_labels", "--tls_ca=x_y"}),
              ElementsAre("node", "add", "n_1", "--request-id", "a_b",
                          "--expected-epoch=1", "--no-labels", "--tls-ca=x_y"));
}

TEST_F(FlagNamesTest, KebabCaseStaysAsItIs) {
  EXPECT_THAT(
      Kebab({"--request-id=a_b", "--virtual-nodes", "7", "--plan"}),
      ElementsAre("--request-id=a_b", "--virtual-nodes", "7", "--plan"));
}

TEST_F(FlagNamesTest, ValuesStayAsTheyAre) {
  EXPECT_THAT(
      Kebab({"--reason", "--request_id", "--set", "virtual_nodes=3",
             "--request_id", "--tls_ca", "--tls_ca", "--"}),
      ElementsAre("--reason", "--request_id", "--set", "virtual_nodes=3",
                  "--request-id", "--tls_ca", "--tls-ca", "--"));
}

TEST_F(FlagNamesTest, ValuesOfShortFlagsStayAsTheyAre) {
  EXPECT_THAT(Kebab({"apply", "-f", "--request_id", "--request_id=a_b"}),
              ElementsAre("apply", "-f", "--request_id", "--request-id=a_b"));
  EXPECT_THAT(Kebab({"apply", "-fa_b", "-f", "a_b", "-h"}),
              ElementsAre("apply", "-fa_b", "-f", "a_b", "-h"));
}

TEST_F(FlagNamesTest, WordsAfterTwoDashesStayAsTheyAre) {
  EXPECT_THAT(Kebab({"locate", "--min_epoch=3", "--", "--request_id"}),
              ElementsAre("locate", "--min-epoch=3", "--", "--request_id"));
}

TEST_F(FlagNamesTest, UnknownFlagsStayAsTheyAre) {
  EXPECT_THAT(Kebab({"--requst_id=1", "-a_b", "--", "x_y"}),
              ElementsAre("--requst_id=1", "-a_b", "--", "x_y"));
}

TEST_F(FlagNamesTest, EnvironmentNamesHaveUnderscores) {
  EXPECT_EQ(EnvironmentName("virtual-nodes"), "CLOCKWISE_VIRTUAL_NODES");
  EXPECT_EQ(EnvironmentName("listen"), "CLOCKWISE_LISTEN");
}

// WithKebabCaseFlags looks flags up by name only.
TEST_F(FlagNamesTest, FlagsOfOneNameAgreeOnWhetherTheyTakeAValue) {
  std::map<std::string, bool> takes_value;
  ForEachCommand(*app_, [&](const CLI::App& command) {
    for (const CLI::Option* option : command.get_options()) {
      for (const std::string& name : option->get_lnames()) {
        const bool takes = option->get_expected_max() > 0;
        const auto [known, inserted] = takes_value.emplace(name, takes);
        EXPECT_EQ(known->second, takes) << command.get_name() << " --" << name;
      }
    }
  });
  EXPECT_GT(takes_value.size(), 30u);
}

TEST_F(FlagNamesTest, HelpOfEachCommandIsKebabCaseAndFitsATerminal) {
  int commands = 0;
  ForEachCommand(*app_, [&](CLI::App& command) {
    const std::string help = command.help();
    EXPECT_FALSE(HasUnderscoreAfter("--", help)) << help;
    for (const absl::string_view line : absl::StrSplit(help, '\n')) {
      EXPECT_LE(line.size(), 80u) << line;
    }
    ++commands;
  });
  EXPECT_GT(commands, 25);
}

TEST_F(FlagNamesTest, CompletionOffersKebabCaseOnly) {
  for (const CommandCompletions& place : AllCompletions(*app_)) {
    for (const Choice& option : place.options) {
      EXPECT_FALSE(absl::StrContains(option.word, "_")) << option.word;
    }
  }
  for (const char* shell : {"bash", "zsh"}) {
    EXPECT_FALSE(HasUnderscoreAfter("--", CompletionScript(*app_, shell)))
        << shell;
  }
  // fish names a flag without its dashes.
  EXPECT_FALSE(HasUnderscoreAfter(" -l '", CompletionScript(*app_, "fish")));
}

TEST(HasUnderscoreAfterTest, FindsOneInAFlagOnly) {
  EXPECT_TRUE(HasUnderscoreAfter("--", "x --a-b --c-d_e=1"));
  EXPECT_FALSE(HasUnderscoreAfter("--", "a_b --c-d=e_f"));
}

}  // namespace
}  // namespace clockwise::cli
