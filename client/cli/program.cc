#include "client/cli/program.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "client/cli/command_line.h"
#include "client/cli/commands/completion.h"
#include "client/cli/failure.h"
#include "client/cli/session.h"
#include "client/cli/text.h"
#include "client/lib/credentials.h"
#include "service/api/refusal.h"
#include "service/channel/credentials_source.h"
#include "service/server/flag_names.h"
#include "service/server/suggestions.h"

namespace clockwise::cli {
namespace {

// Returns the command at which parsing stopped.
const CLI::App* Chosen(const CLI::App& app) {
  const CLI::App* chosen = &app;
  while (!chosen->get_subcommands().empty()) {
    chosen = chosen->get_subcommands().front();
  }
  return chosen;
}

std::string FullName(const CLI::App* command) {
  std::string name = command->get_name();
  for (command = command->get_parent(); command != nullptr;
       command = command->get_parent()) {
    name = absl::StrCat(command->get_name(), " ", name);
  }
  return name;
}

// Returns the commands or options that are possible at `command`.
std::vector<std::string> WordsAt(const CLI::App* command, bool options) {
  std::vector<std::string> words;
  if (!options) {
    for (const auto* sub :
         command->get_subcommands([](const CLI::App*) { return true; })) {
      if (sub->get_group().empty()) continue;  // hidden
      words.push_back(sub->get_name());
    }
    return words;
  }
  for (; command != nullptr; command = command->get_parent()) {
    for (const CLI::Option* option : command->get_options()) {
      for (const std::string& name : option->get_lnames()) {
        words.push_back("--" + name);
      }
    }
  }
  return words;
}

absl::Status UsageOf(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* command = Chosen(app);
  std::string text = error.what();
  std::string hint = absl::StrCat("see `", FullName(command), " --help`");
  const std::vector<std::string> extras = app.remaining(/*recurse=*/true);
  const auto* as_extras = dynamic_cast<const CLI::ExtrasError*>(&error);
  const auto* as_required = dynamic_cast<const CLI::RequiredError*>(&error);
  const bool needs_command =
      as_required != nullptr && command->get_require_subcommand_min() > 0;
  if (!extras.empty() && (as_extras != nullptr || needs_command)) {
    const absl::string_view wrong =
        absl::string_view(extras[0]).substr(0, extras[0].find('='));
    const bool is_option = absl::StartsWith(wrong, "-");
    text = is_option ? absl::StrCat("unknown option ", wrong)
           : needs_command
               ? absl::StrCat("unknown command ", wrong)
               : absl::StrCat("unexpected argument ", Quoted(extras[0]));
    const auto near = NearestNames(wrong, WordsAt(command, is_option), 2);
    if (!near.empty()) {
      hint = DidYouMean(near);
    } else if (is_option) {
      absl::StrAppend(&hint,
                      "; write -- before arguments that begin with "
                      "a dash");
    }
  } else if (needs_command) {
    text = absl::StrCat("a command is missing; use one of ",
                        absl::StrJoin(WordsAt(command, false), ", "));
  }
  return WithHint(BadUsage(text), hint);
}

// True if `word` is a command that has commands.
bool IsGroup(const CLI::App& app, const std::string& word) {
  const auto all = app.get_subcommands([](const CLI::App*) { return true; });
  return std::any_of(all.begin(), all.end(), [&word](const CLI::App* each) {
    return each->check_name(word) && each->get_require_subcommand_min() > 0;
  });
}

// Returns the words after the program's name, in the form for CLI11.
absl::StatusOr<std::vector<std::string>> ArgumentsOf(
    const CLI::App& app, const std::vector<std::string>& words) {
  if (!words.empty() && words[0] == "__complete") {
    return CompletionArguments(words);
  }
  std::vector<std::string> given = WithKebabCaseFlags(app, words);
  // `node help add` is `help node add`: no command of a group is named help.
  if (given.size() > 1 && given[1] == "help" && IsGroup(app, given[0])) {
    std::swap(given[0], given[1]);
  }
  std::vector<std::string> arguments;
  bool options_ended = false;
  for (const std::string& argument : given) {
    options_ended = options_ended || argument == "--";
    if (!options_ended && argument == "++") {
      // CLI11 treats ++ as the end of a command, and would drop it silently.
      return WithHint(BadUsage("unexpected argument \"++\""),
                      "to use ++ as a key, write -- before it");
    }
    if (!options_ended && absl::StartsWith(argument, "-o=")) {
      // CLI11 would use "=json" as the value.
      arguments.push_back("-o");
      arguments.push_back(argument.substr(3));
      continue;
    }
    if (!options_ended && absl::StartsWith(argument, "--") &&
        absl::EndsWith(argument, "=")) {
      // CLI11 would use the next argument as the value of "--zone=".
      arguments.push_back(argument.substr(0, argument.size() - 1));
      arguments.emplace_back();
      continue;
    }
    arguments.push_back(argument);
  }
  return arguments;
}

// Prints one line, and at most one line of advice.
void Tell(const absl::Status& failure) {
  const ExitCode code = ExitCodeOf(failure);
  if (code == ExitCode::kDone || code == ExitCode::kWouldChange) return;
  Say(failure.message().empty() ? absl::StatusCodeToString(failure.code())
                                : failure.message());
  const std::string hint = HintOf(failure);
  if (!hint.empty()) {
    std::fputs(absl::StrCat("  ", Printable(hint), "\n").c_str(), stderr);
  }
}

// Adds the advice that a context was used, if it has TLS options or the token.
absl::Status WithContext(absl::Status failure, const Globals& globals) {
  if (!globals.credentials_of_context) return failure;
  return WithHint(std::move(failure),
                  absl::StrCat("the options are from context ", globals.context,
                               "; `clockwise context show ",
                               ShellWord(globals.context), "` prints them"));
}

// Completes the globals, and runs the command that the user chose.
absl::Status RunCommand(CommandLine& line,
                        const std::vector<std::string>& arguments,
                        Output& out) {
  const Globals& globals = line.globals;
  auto credentials = absl::StatusOr<std::shared_ptr<CredentialsSource>>(
      CredentialsSource::Plaintext());
  if (line.needs == Needs::kServer) {
    absl::Status resolved = line.settings->Resolve();
    if (!resolved.ok()) return resolved;
    credentials = client::OpenCredentials(globals.tls);
    if (!credentials.ok()) {
      return WithContext(BadUsage(credentials.status().message()), globals);
    }
  }
  if (globals.yaml()) out.ConvertToYaml();
  Connection connection(
      {globals.server, globals.tls, absl::Seconds(globals.timeout_seconds),
       globals.server_of_context ? globals.context : "",
       globals.credentials_of_context ? globals.context : ""},
      *std::move(credentials));
  connection.StateActor(globals.actor);
  Session session{globals, arguments, connection, out,
                  FindTerminal(STDOUT_FILENO)};
  absl::Status outcome = line.command(session);
  outcome = Advise(session, std::move(outcome), globals.ring, "");
  if (absl::IsPermissionDenied(outcome) || absl::IsUnauthenticated(outcome)) {
    outcome = WithContext(std::move(outcome), globals);
  }
  // The output before a failure is still data.
  const absl::Status flushed = out.Flush();
  return outcome.ok() ? flushed : outcome;
}

}  // namespace

ExitCode RunProgram(int argc, char** argv) {
  CommandLine line;
  const auto app = NewApp(line);
  const auto arguments =
      ArgumentsOf(*app, std::vector<std::string>(argv + 1, argv + argc));
  if (!arguments.ok()) {
    Tell(arguments.status());
    return ExitCodeOf(arguments.status());
  }
  Output out(STDOUT_FILENO);
  absl::Status outcome;
  try {
    // CLI11 requires the last argument first.
    app->parse(
        std::vector<std::string>(arguments->rbegin(), arguments->rend()));
    outcome = RunCommand(line, *arguments, out);
  } catch (const CLI::CallForHelp&) {
    outcome = out.Write(app->help());
  } catch (const CLI::CallForVersion& version) {
    outcome = out.Write(absl::StrCat(version.what(), "\n"));
  } catch (const CLI::ParseError& error) {
    outcome = UsageOf(*app, error);
  }
  if (outcome.ok()) outcome = out.Flush();
  Tell(outcome);
  return ExitCodeOf(outcome);
}

}  // namespace clockwise::cli
