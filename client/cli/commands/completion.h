// Functions that generate completion scripts for shells from the tree of
// options, so that the scripts are always up to date. Pure functions.
#ifndef CLOCKWISE_CLIENT_CLI_COMMANDS_COMPLETION_H_
#define CLOCKWISE_CLIENT_CLI_COMMANDS_COMPLETION_H_

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace clockwise::cli {

// A word that can follow a command.
struct Choice {
  std::string word;        // a command, or an option with its dashes
  std::string short_form;  // of an option: "-o"; empty: none
  std::string description;
  bool takes_value = false;
  std::vector<std::string> values;  // only if they are a closed list
  std::string
      kind;  // of the values that only a server or a file knows: "rings"
};

// All words that can follow one command.
struct CommandCompletions {
  std::string path;  // "", "node", "node add"
  std::vector<Choice> commands;
  std::vector<Choice> options;  // includes those of its parent commands
  std::string kind;  // of its first argument: "nodes"; empty: no names
  std::vector<std::string> aliases;  // paths: "node rm"
};

// Returns the completions of `app` and of all its commands, `app` first.
std::vector<CommandCompletions> AllCompletions(const CLI::App& app);

// Returns the arguments of the hidden command `__complete KIND WORDS...`, which
// the scripts run: the kind, a short time limit, and the connection options
// among the words of the line. bash splits words at '='.
std::vector<std::string> CompletionArguments(
    const std::vector<std::string>& words);

// Returns the script for `shell`: bash, zsh or fish.
std::string CompletionScript(const CLI::App& app, const std::string& shell);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_COMMANDS_COMPLETION_H_
