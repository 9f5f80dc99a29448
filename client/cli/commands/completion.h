// Completion for shells, written from the tree of options itself, so that it
// cannot go stale. Pure functions.
#ifndef CLOCKWISE_CLIENT_CLI_COMMANDS_COMPLETION_H_
#define CLOCKWISE_CLIENT_CLI_COMMANDS_COMPLETION_H_

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace clockwise::cli {

// One thing that can be typed after a command.
struct Choice {
  std::string word;  // a command, or an option with its dashes
  std::string description;
  bool takes_value = false;
  std::vector<std::string> values;  // where they are a closed list
};

// What can follow one command.
struct CommandCompletions {
  std::string path;  // "", "node", "node add"
  std::vector<Choice> commands;
  std::vector<Choice> options;  // also those of the commands above it
};

// All places of `app`, itself first.
std::vector<CommandCompletions> AllCompletions(const CLI::App& app);

// The script for `shell`: bash, zsh or fish.
std::string CompletionScript(const CLI::App& app, const std::string& shell);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_COMMANDS_COMPLETION_H_
