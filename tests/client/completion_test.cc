#include "client/cli/commands/completion.h"

#include <gtest/gtest.h>

#include <set>

#include "client/cli/command_line.h"

namespace clockwise::cli {
namespace {

const CommandCompletions* Find(const std::vector<CommandCompletions>& places,
                               const std::string& path) {
  for (const CommandCompletions& place : places) {
    if (place.path == path) return &place;
  }
  return nullptr;
}

std::set<std::string> Words(const std::vector<Choice>& choices) {
  std::set<std::string> words;
  for (const Choice& choice : choices) words.insert(choice.word);
  return words;
}

class CompletionTest : public testing::Test {
 protected:
  CommandLine line_;
  std::unique_ptr<CLI::App> app_ = NewApp(line_);
};

TEST_F(CompletionTest, EveryCommandOfTheContractIsAPlace) {
  const auto places = AllCompletions(*app_);
  for (const char* path :
       {"", "locate", "node add", "node update", "node remove", "node list",
        "ring create", "ring delete", "ring undelete", "ring list", "ring show",
        "ring diff", "ring history", "ring export", "apply", "watch",
        "simulate", "completion"}) {
    EXPECT_NE(Find(places, path), nullptr) << path;
  }
}

TEST_F(CompletionTest, GlobalOptionsAreOfferedAfterEveryCommand) {
  for (const CommandCompletions& place : AllCompletions(*app_)) {
    const auto words = Words(place.options);
    for (const char* option :
         {"--server", "--ring", "--output", "--timeout", "--help"}) {
      EXPECT_EQ(words.count(option), 1u) << place.path << " " << option;
    }
  }
}

TEST_F(CompletionTest, ClosedListsAreOfferedAsValues) {
  const auto places = AllCompletions(*app_);
  const CommandCompletions* create = Find(places, "ring create");
  ASSERT_NE(create, nullptr);
  for (const Choice& option : create->options) {
    if (option.word == "--output") {
      EXPECT_EQ(option.values,
                (std::vector<std::string>{"table", "wide", "json", "yaml"}));
    }
    if (option.word == "--layout") {
      EXPECT_GE(option.values.size(), 2u);
    }
    if (option.word == "--help") {
      EXPECT_FALSE(option.takes_value);
    }
  }
  const CommandCompletions* completion = Find(places, "completion");
  ASSERT_NE(completion, nullptr);
  EXPECT_EQ(Words(completion->commands),
            (std::set<std::string>{"bash", "zsh", "fish"}));
}

TEST_F(CompletionTest, ScriptsNameEveryCommandAndOptionOfTheTree) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const std::string script = CompletionScript(*app_, shell);
    for (const CommandCompletions& place : AllCompletions(*app_)) {
      for (const Choice& choice : place.commands) {
        EXPECT_NE(script.find(choice.word), std::string::npos) << choice.word;
      }
      for (const Choice& choice : place.options) {
        EXPECT_NE(script.find(choice.word.substr(2)), std::string::npos)
            << shell << " " << choice.word;
      }
    }
  }
}

}  // namespace
}  // namespace clockwise::cli
