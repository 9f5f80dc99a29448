#include "client/cli/commands/completion.h"

#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "client/cli/command_line.h"

namespace clockwise::cli {
namespace {

// CLI11 keeps the values of a closed list only in its help text: "{a,b}".
std::vector<std::string> ValuesOf(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const size_t open = type.find('{');
  const size_t close = type.find('}', open);
  if (open == std::string::npos || close == std::string::npos) return {};
  return absl::StrSplit(
      absl::string_view(type).substr(open + 1, close - open - 1), ',');
}

void AddOptionsOf(const CLI::App& app, std::vector<Choice>& options) {
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      // Each command has its own --help.
      bool known = false;
      for (const Choice& choice : options) {
        known = known || choice.word == "--" + name;
      }
      if (known) continue;
      options.push_back({"--" + name, option->get_description(),
                         option->get_expected_max() > 0, ValuesOf(*option)});
    }
  }
}

void AddPlaces(const CLI::App& app, const std::string& path,
               std::vector<CommandCompletions>& places) {
  CommandCompletions place{path, {}, {}};
  for (const CLI::App* level = &app; level != nullptr;
       level = level->get_parent()) {
    AddOptionsOf(*level, place.options);
  }
  const auto commands =
      app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* command : commands) {
    place.commands.push_back(
        {command->get_name(), command->get_description(), false, {}});
  }
  for (const CLI::Option* option : app.get_options()) {
    // The values of a positional argument, such as `completion SHELL`, are
    // words, like commands.
    if (!option->get_positional()) continue;
    for (const std::string& value : ValuesOf(*option)) {
      place.commands.push_back({value, option->get_description(), false, {}});
    }
  }
  places.push_back(std::move(place));
  for (const CLI::App* command : commands) {
    AddPlaces(*command,
              absl::StrCat(path, path.empty() ? "" : " ", command->get_name()),
              places);
  }
}

// Escapes `text` for single quotes in bash and zsh.
std::string ZshQuoted(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"'", "'\\''"}});
}

// Escapes `text` for single quotes in fish.
std::string FishQuoted(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"'", "\\'"}});
}

// Returns the options that require a value, as a pattern of a shell's `case`.
std::string ValueOptions(const std::vector<CommandCompletions>& places) {
  std::set<std::string> names;
  for (const CommandCompletions& place : places) {
    for (const Choice& option : place.options) {
      if (option.takes_value) names.insert(option.word);
    }
  }
  return absl::StrJoin(names, "|");
}

std::string CasePaths(const std::vector<CommandCompletions>& places) {
  std::vector<std::string> paths;
  for (const CommandCompletions& place : places) {
    if (!place.path.empty())
      paths.push_back(absl::StrCat("'", place.path, "'"));
  }
  return absl::StrJoin(paths, "|");
}

// bash splits words at '=', so --output=json arrives as three words and is
// handled like `--output json`.
std::string BashScript(const std::vector<CommandCompletions>& places) {
  std::string script = absl::StrCat(
      "# clockwise completion for bash: source it, or save it as\n"
      "# ~/.local/share/bash-completion/completions/clockwise\n"
      "_clockwise() {\n"
      "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
      "  local at='' words='' i\n"
      "  [[ $cur == '=' ]] && cur=''\n"
      "  [[ $prev == '=' ]] && prev=${COMP_WORDS[COMP_CWORD-2]}\n"
      "  for ((i = 1; i < COMP_CWORD; ++i)); do\n"
      "    case \"${at:+$at }${COMP_WORDS[i]}\" in\n"
      "      ",
      CasePaths(places),
      ")\n"
      "        at=${at:+$at }${COMP_WORDS[i]} ;;\n"
      "    esac\n"
      "  done\n"
      "  case $at in\n");
  for (const CommandCompletions& place : places) {
    std::vector<std::string> words;
    std::string values;
    for (const Choice& command : place.commands) words.push_back(command.word);
    for (const Choice& option : place.options) {
      words.push_back(option.word);
      if (option.values.empty()) continue;
      absl::StrAppend(&values, "        ", option.word, ") words='",
                      absl::StrJoin(option.values, " "), "' ;;\n");
    }
    absl::StrAppend(&script, "    '", place.path, "')\n      words='",
                    absl::StrJoin(words, " "), "'\n      case $prev in\n",
                    values, "        ", ValueOptions({place}),
                    ") return ;;\n      esac ;;\n");
  }
  absl::StrAppend(&script,
                  "  esac\n"
                  "  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
                  "}\n"
                  "complete -o default -F _clockwise clockwise\n");
  return script;
}

std::string ZshScript(const std::vector<CommandCompletions>& places) {
  const auto described = [](const Choice& choice) {
    return absl::StrCat(
        " '", ZshQuoted(absl::StrReplaceAll(choice.word, {{":", "\\:"}})), ":",
        ZshQuoted(choice.description), "'");
  };
  std::string script = absl::StrCat(
      "#compdef clockwise\n"
      "# clockwise completion for zsh: save it as _clockwise in a folder of\n"
      "# $fpath, or source it after compinit\n"
      "_clockwise() {\n"
      "  local at='' word option='' \n"
      "  local -a commands options values\n"
      "  for word in ${words[2,CURRENT-1]}; do\n"
      "    case \"${at:+$at }$word\" in\n"
      "      ",
      CasePaths(places),
      ") at=${at:+$at }$word ;;\n"
      "    esac\n"
      "  done\n"
      "  if [[ ${words[CURRENT]} == --*=* ]]; then\n"
      "    option=${words[CURRENT]%%=*}\n"
      "    compset -P '*='\n"
      "  else\n"
      "    option=${words[CURRENT-1]}\n"
      "  fi\n"
      "  case $at in\n");
  for (const CommandCompletions& place : places) {
    std::string commands;
    std::string options;
    std::string values;
    for (const Choice& command : place.commands) commands += described(command);
    for (const Choice& option : place.options) {
      options += described(option);
      if (option.values.empty()) continue;
      absl::StrAppend(&values, "        ", option.word, ") values=(",
                      absl::StrJoin(option.values, " "), ") ;;\n");
    }
    absl::StrAppend(&script, "    '", place.path, "')\n      commands=(",
                    commands, " )\n      options=(", options,
                    " )\n      case $option in\n", values, "        ",
                    ValueOptions({place}), ") _default; return ;;\n",
                    "      esac ;;\n");
  }
  absl::StrAppend(&script,
                  "  esac\n"
                  "  if (( $#values )); then\n"
                  "    compadd -a values\n"
                  "  else\n"
                  "    (( $#commands )) && _describe command commands\n"
                  "    _describe -o option options\n"
                  "  fi\n"
                  "}\n"
                  "if [ \"$funcstack[1]\" = _clockwise ]; then\n"
                  "  _clockwise \"$@\"\n"
                  "else\n"
                  "  compdef _clockwise clockwise\n"
                  "fi\n");
  return script;
}

std::string FishScript(const std::vector<CommandCompletions>& places) {
  std::string script = absl::StrCat(
      "# clockwise completion for fish: save it as\n"
      "# ~/.config/fish/completions/clockwise.fish\n"
      "function __clockwise_at\n"
      "  set -l at ''\n"
      "  for word in (commandline -opc)[2..-1]\n"
      "    switch (string trim -- \"$at $word\")\n"
      "      case ",
      absl::StrReplaceAll(CasePaths(places), {{"|", " "}}),
      "\n"
      "        set at (string trim -- \"$at $word\")\n"
      "    end\n"
      "  end\n"
      "  test \"$at\" = \"$argv[1]\"\n"
      "end\n"
      "complete -c clockwise -f\n");
  for (const CommandCompletions& place : places) {
    const std::string start = absl::StrCat(
        "complete -c clockwise -n '__clockwise_at \"", place.path, "\"'");
    for (const Choice& command : place.commands) {
      absl::StrAppend(&script, start, " -a '", FishQuoted(command.word),
                      "' -d '", FishQuoted(command.description), "'\n");
    }
    for (const Choice& option : place.options) {
      absl::StrAppend(&script, start, " -l '",
                      FishQuoted(absl::string_view(option.word).substr(2)),
                      "'");
      if (option.takes_value) script += " -x";
      if (!option.values.empty()) {
        absl::StrAppend(&script, " -a '", absl::StrJoin(option.values, " "),
                        "'");
      }
      absl::StrAppend(&script, " -d '", FishQuoted(option.description), "'\n");
    }
  }
  return script;
}

}  // namespace

std::vector<CommandCompletions> AllCompletions(const CLI::App& app) {
  std::vector<CommandCompletions> places;
  AddPlaces(app, "", places);
  return places;
}

std::string CompletionScript(const CLI::App& app, const std::string& shell) {
  const std::vector<CommandCompletions> places = AllCompletions(app);
  if (shell == "zsh") return ZshScript(places);
  if (shell == "fish") return FishScript(places);
  return BashScript(places);
}

// --- The command ---

void AddCompletionCommand(CLI::App& app, CommandLine& line) {
  auto shell = std::make_shared<std::string>();
  CLI::App* completion = app.add_subcommand(
      "completion", "Print the completion script of a shell");
  completion->add_option("SHELL", *shell, "Shell: bash, zsh or fish")
      ->type_name("")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  completion->footer("Examples:\n  source <(clockwise completion bash)");
  OnChosen(completion, line, shell,
           [&app](const std::string& chosen, Session& session) {
             return session.out.Write(CompletionScript(app, chosen));
           });
}

}  // namespace clockwise::cli
