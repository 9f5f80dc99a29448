#include "client/cli/commands/completion.h"

#include <map>
#include <memory>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "client/cli/command_line.h"
#include "client/cli/option_checks.h"
#include "client/cli/text.h"
#include "service/limits.h"
#include "service/server/flag_names.h"

namespace clockwise::cli {
namespace {

// The hidden command that prints names, one per line.
constexpr char kHidden[] = "__complete";
constexpr char kTimeout[] = "--timeout=1";  // a person waits

// Returns the kind of names that an option requires; empty: none.
std::string KindOfOption(absl::string_view option) {
  if (option == "--ring" || option == "--migrating-from") return "rings";
  return option == "--context" ? "contexts" : "";
}

// Returns the kind of names that the first argument of a command is.
std::string KindOfArgument(absl::string_view path) {
  static const auto& kinds = *new std::map<absl::string_view, const char*>{
      {"node update", "nodes"},      {"node remove", "nodes"},
      {"node show", "nodes"},        {"ring show", "rings"},
      {"ring delete", "rings"},      {"ring export", "rings"},
      {"ring history", "rings"},     {"ring undelete", "deleted-rings"},
      {"migrate plan", "rings"},     {"migrate start", "rings"},
      {"migrate end", "rings"},      {"context set", "contexts"},
      {"context use", "contexts"},   {"context show", "contexts"},
      {"context remove", "contexts"}};
  const auto kind = kinds.find(path);
  return kind == kinds.end() ? "" : kind->second;
}

bool IsHidden(const CLI::App& command) { return command.get_group().empty(); }

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
      const std::string letter =
          option->get_snames().empty() ? "" : "-" + option->get_snames()[0];
      options.push_back({"--" + name, letter, option->get_description(),
                         option->get_expected_max() > 0, ValuesOf(*option),
                         KindOfOption("--" + name)});
    }
  }
}

void AddPlaces(const CLI::App& app, const std::string& path,
               std::vector<CommandCompletions>& places) {
  CommandCompletions place{path, {}, {}, KindOfArgument(path), {}};
  for (const CLI::App* level = &app; level != nullptr;
       level = level->get_parent()) {
    AddOptionsOf(*level, place.options);
  }
  const auto commands = app.get_subcommands(
      [](const CLI::App* each) { return !IsHidden(*each); });
  for (const CLI::App* command : commands) {
    place.commands.push_back(
        {command->get_name(), "", command->get_description(), false, {}, ""});
  }
  for (const CLI::Option* option : app.get_options()) {
    // The values of a positional argument, such as `completion SHELL`, are
    // words, like commands.
    if (!option->get_positional()) continue;
    for (const std::string& value : ValuesOf(*option)) {
      place.commands.push_back(
          {value, "", option->get_description(), false, {}, ""});
    }
  }
  const std::string parent = path.substr(0, path.rfind(' ') + 1);
  for (const std::string& alias : app.get_aliases()) {
    place.aliases.push_back(absl::StrCat(parent, alias));
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

// Returns the forms of an option, as a pattern of a shell's `case`.
std::string PatternOf(const Choice& option) {
  if (option.short_form.empty()) return option.word;
  return absl::StrCat(option.word, "|", option.short_form);
}

// Returns the options that require a value, as a pattern of a shell's `case`.
std::string ValueOptions(const std::vector<CommandCompletions>& places) {
  std::set<std::string> names;
  for (const CommandCompletions& place : places) {
    for (const Choice& option : place.options) {
      if (option.takes_value) names.insert(PatternOf(option));
    }
  }
  return absl::StrJoin(names, "|");
}

// Returns the cases of a shell that replace an alias. `prefix` is before, `set`
// between the paths and the name, `end` after it.
std::string AliasCases(const std::vector<CommandCompletions>& places,
                       absl::string_view prefix, absl::string_view separator,
                       absl::string_view set, absl::string_view end) {
  std::string cases;
  for (const CommandCompletions& place : places) {
    if (place.aliases.empty()) continue;
    absl::StrAppend(
        &cases, prefix, "'",
        absl::StrJoin(place.aliases, absl::StrCat("'", separator, "'")), "'",
        set, "'", place.path, "'", end, "\n");
  }
  return cases;
}

// `help` is not a path: the words after it are completed as a command.
std::string CasePaths(const std::vector<CommandCompletions>& places) {
  std::vector<std::string> paths;
  for (const CommandCompletions& place : places) {
    if (!place.path.empty() && place.path != "help")
      paths.push_back(absl::StrCat("'", place.path, "'"));
  }
  return absl::StrJoin(paths, "|");
}

// Adds the names that a command's argument can be, unless an option is typed.
std::string BashArgument(const CommandCompletions& place) {
  if (place.kind.empty()) return "";
  return absl::StrCat(
      "        *) [[ $cur == -* ]] || words=\"$words $(_clockwise_names ",
      place.kind, ")\" ;;\n");
}

// bash splits words at '=', so --output=json arrives as three words and is
// handled like `--output json`.
std::string BashScript(const std::vector<CommandCompletions>& places) {
  std::string script = absl::StrCat(
      "# clockwise completion for bash: source it, or save it as\n"
      "# ~/.local/share/bash-completion/completions/clockwise\n"
      "_clockwise_names() {\n"
      "  \"${COMP_WORDS[0]}\" ",
      kHidden,
      " \"$1\" \"${COMP_WORDS[@]:1:COMP_CWORD-1}\" 2>/dev/null\n"
      "}\n"
      "_clockwise() {\n"
      "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
      "  local at='' words='' ended='' i\n"
      "  [[ $cur == '=' ]] && cur=''\n"
      "  [[ $prev == '=' ]] && prev=${COMP_WORDS[COMP_CWORD-2]}\n"
      "  for ((i = 1; i < COMP_CWORD; ++i)); do\n"
      "    [[ ${COMP_WORDS[i]} == -- ]] && ended=yes\n"
      "    case \"${at:+$at }${COMP_WORDS[i]}\" in\n"
      "      ",
      CasePaths(places),
      ")\n"
      "        at=${at:+$at }${COMP_WORDS[i]} ;;\n",
      AliasCases(places, "      ", "|", ") at=", " ;;"),
      "    esac\n"
      "  done\n"
      "  case $at in\n");
  for (const CommandCompletions& place : places) {
    std::vector<std::string> words;
    std::string values;
    for (const Choice& command : place.commands) words.push_back(command.word);
    for (const Choice& option : place.options) {
      words.push_back(option.word);
      if (!option.kind.empty()) {
        absl::StrAppend(&values, "        ", PatternOf(option),
                        ") words=$(_clockwise_names ", option.kind, ") ;;\n");
      }
      if (option.values.empty()) continue;
      absl::StrAppend(&values, "        ", PatternOf(option), ") words='",
                      absl::StrJoin(option.values, " "), "' ;;\n");
    }
    absl::StrAppend(&script, "    '", place.path, "')\n      words='",
                    absl::StrJoin(words, " "), "'\n      case $prev in\n",
                    values, "        ", ValueOptions({place}), ") return ;;\n",
                    BashArgument(place), "      esac ;;\n");
  }
  absl::StrAppend(
      &script,
      "  esac\n"
      "  [[ $ended ]] && words=$(printf '%s\\n' $words | grep -v '^-')\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
      "}\n"
      "complete -o default -F _clockwise clockwise\n");
  return script;
}

// Returns the words of an array: the names that the command prints.
std::string ZshNames(const std::string& kind) {
  return absl::StrCat("${(f)\"$(${words[1]} ", kHidden, " ", kind,
                      " ${words[2,CURRENT-1]} 2>/dev/null)\"}");
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
      "  local at='' word option='' ended=''\n"
      "  local -a commands options values names\n"
      "  for word in ${words[2,CURRENT-1]}; do\n"
      "    [[ $word == -- ]] && ended=yes\n"
      "    case \"${at:+$at }$word\" in\n"
      "      ",
      CasePaths(places), ") at=${at:+$at }$word ;;\n",
      AliasCases(places, "      ", "|", ") at=", " ;;"),
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
      if (!option.kind.empty()) {
        absl::StrAppend(&values, "        ", PatternOf(option), ") values=(",
                        ZshNames(option.kind), ") ;;\n");
      }
      if (option.values.empty()) continue;
      absl::StrAppend(&values, "        ", PatternOf(option), ") values=(",
                      absl::StrJoin(option.values, " "), ") ;;\n");
    }
    absl::StrAppend(
        &script, "    '", place.path, "')\n      commands=(", commands,
        " )\n      options=(", options, " )\n      case $option in\n", values,
        "        ", ValueOptions({place}), ") _default; return ;;\n",
        place.kind.empty() ? ""
                           : absl::StrCat("        *) names=(",
                                          ZshNames(place.kind), ") ;;\n"),
        "      esac ;;\n");
  }
  absl::StrAppend(&script,
                  "  esac\n"
                  "  if (( $#values )); then\n"
                  "    compadd -a values\n"
                  "  else\n"
                  "    (( $#commands )) && _describe command commands\n"
                  "    (( $#names )) && compadd -a names\n"
                  "    [[ -n $ended ]] || _describe -o option options\n"
                  "  fi\n"
                  "}\n"
                  "if [ \"$funcstack[1]\" = _clockwise ]; then\n"
                  "  _clockwise \"$@\"\n"
                  "else\n"
                  "  compdef _clockwise clockwise\n"
                  "fi\n");
  return script;
}

// Returns the command substitution for the names of a kind.
std::string FishNames(const std::string& kind) {
  return absl::StrCat("(clockwise ", kHidden, " ", kind,
                      " (commandline -opc)[2..-1] 2>/dev/null)");
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
      "        set at (string trim -- \"$at $word\")\n",
      AliasCases(places, "      case ", " ", "\n        set at ", ""),
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
    if (!place.kind.empty()) {
      absl::StrAppend(&script, start, " -a '", FishNames(place.kind), "'\n");
    }
    for (const Choice& option : place.options) {
      absl::StrAppend(&script, start, " -l '",
                      FishQuoted(absl::string_view(option.word).substr(2)),
                      "'");
      if (!option.short_form.empty()) {
        absl::StrAppend(&script, " -s '", option.short_form.substr(1), "'");
      }
      // A value without a list can be a file.
      if (option.takes_value) {
        script +=
            option.kind.empty() && option.values.empty() ? " -r -F" : " -x";
      }
      if (!option.kind.empty()) {
        absl::StrAppend(&script, " -a '", FishNames(option.kind), "'");
      }
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

std::vector<std::string> CompletionArguments(
    const std::vector<std::string>& words) {
  static const auto& passed = *new std::set<absl::string_view>{
      "--server",   "--ring",    "--context",   "--tls-ca",
      "--tls-cert", "--tls-key", "--token-file"};
  std::vector<std::string> arguments = {kHidden};
  if (words.size() > 1) arguments.push_back(words[1]);
  arguments.emplace_back(kTimeout);
  for (size_t i = 2; i < words.size(); ++i) {
    const size_t equals = words[i].find('=');
    const std::string flag = KebabCase(words[i].substr(0, equals));
    if (flag == "--tls") arguments.push_back(flag);
    if (passed.count(flag) == 0) continue;
    std::string value;
    if (equals != std::string::npos) {
      value = words[i].substr(equals + 1);
    } else {
      if (i + 1 < words.size() && words[i + 1] == "=") ++i;
      if (i + 1 < words.size()) value = words[++i];
    }
    if (!value.empty()) arguments.push_back(absl::StrCat(flag, "=", value));
  }
  return arguments;
}

// --- The commands ---

namespace {

// A name that a shell would split or expand is not completed.
bool IsPlainWord(absl::string_view name) { return ShellWord(name) == name; }

absl::Status PrintNames(const std::string& kind,
                        const ConnectionSettings& settings, Session& session) {
  std::vector<std::string> names;
  absl::Status failure;
  if (kind == "nodes") {
    v1::GetRingResponse ring;
    failure = GetRing(session, 0, &ring);
    for (const v1::Node& node : ring.snapshot().nodes()) {
      names.push_back(node.id());
    }
  } else if (kind == "rings" || kind == "deleted-rings") {
    v1::ListRingsRequest request;
    request.set_page_size(limits::kMaxPageSize);
    request.set_deleted(kind == "deleted-rings");
    v1::ListRingsResponse page;
    failure =
        session.connection.Call(&Connection::Stub::ListRings, request, &page);
    for (const v1::RingInfo& ring : page.rings()) {
      names.push_back(ring.spec().name());
    }
  } else if (kind == "contexts") {
    const auto contexts = settings.Read();
    if (!contexts.ok()) return contexts.status();
    for (const auto& [name, context] : contexts->all) names.push_back(name);
  } else {
    names = LayoutNames();
  }
  if (!failure.ok()) return failure;
  std::string text;
  for (const std::string& name : names) {
    if (IsPlainWord(name)) absl::StrAppend(&text, name, "\n");
  }
  return session.out.Write(text);
}

}  // namespace

void AddCompletionCommands(CLI::App& app, CommandLine& line) {
  auto shell = std::make_shared<std::string>();
  CLI::App* completion = app.add_subcommand(
      "completion", "Print the completion script of a shell");
  completion->add_option("SHELL", *shell, "Shell: bash, zsh or fish")
      ->type_name("")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  completion->footer("Examples:\n  source <(clockwise completion bash)");
  OnChosen(
      completion, line, shell,
      [&app](const std::string& chosen, Session& session) {
        return session.out.Write(CompletionScript(app, chosen));
      },
      Needs::kNothing);

  auto kind = std::make_shared<std::string>();
  CLI::App* names = app.add_subcommand(kHidden, "");
  names->group("");  // not in help
  names->add_option("KIND", *kind)
      ->required()
      ->check(CLI::IsMember(
          {"nodes", "rings", "deleted-rings", "layouts", "contexts"}));
  names->callback([&line, kind] {
    const bool asks = *kind != "layouts" && *kind != "contexts";
    line.needs = asks ? Needs::kServer : Needs::kNothing;
    line.command = [&line, kind](Session& session) {
      return PrintNames(*kind, *line.settings, session);
    };
  });
}

}  // namespace clockwise::cli
