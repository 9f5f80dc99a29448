// `clockwise help` and `clockwise version`.
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/command_line.h"
#include "client/cli/failure.h"
#include "client/cli/text.h"
#include "service/api/refusal.h"
#include "service/server/suggestions.h"

namespace clockwise::cli {
namespace {

constexpr size_t kMaxHelpWords = 4;  // more than any command has

struct VersionOptions {
  bool client_only = false;
};

absl::Status ShowVersion(const VersionOptions& options, Session& session) {
  std::string server;
  absl::Status failure;
  if (!options.client_only) {
    v1::GetStatusResponse status;
    failure = session.connection.Call(&Connection::Stub::GetStatus,
                                      v1::GetStatusRequest(), &status);
    server = status.version();
  }
  std::string text;
  if (session.globals.json()) {
    text = absl::StrCat(
        "{\"client\":", JsonString(CLOCKWISE_VERSION),
        server.empty() ? "" : absl::StrCat(",\"server\":", JsonString(server)),
        "}\n");
  } else {
    text = absl::StrCat(
        "client  " CLOCKWISE_VERSION "\n",
        server.empty() ? ""
                       : absl::StrCat("server  ", Printable(server), "\n"));
  }
  // The version of the client is known although no server answers.
  absl::Status written = session.out.Write(text);
  return written.ok() ? failure : written;
}

absl::Status ShowHelp(const CLI::App& app,
                      const std::vector<std::string>& words, Session& session) {
  const CLI::App* command = &app;
  std::string name = app.get_name();
  for (const std::string& word : words) {
    const CLI::App* next = nullptr;
    std::vector<std::string> names;
    for (const CLI::App* each :
         command->get_subcommands([](const CLI::App*) { return true; })) {
      if (each->check_name(word)) next = each;
      if (each->get_group().empty()) continue;  // hidden
      names.push_back(each->get_name());
    }
    if (next == nullptr) {
      const auto near = NearestNames(word, names, 2);
      return WithHint(
          BadUsage(absl::StrCat("unknown command ", Quoted(word))),
          names.empty() ? absl::StrCat(Quoted(name), " has no commands")
          : near.empty()
              ? absl::StrCat("use one of ", absl::StrJoin(names, ", "))
              : DidYouMean(near));
    }
    command = next;
    absl::StrAppend(&name, " ", command->get_name());
  }
  // App::help would show that of `help`, the command that was parsed.
  return session.out.Write(command->get_formatter()->make_help(
      command, name, CLI::AppFormatMode::Normal));
}

}  // namespace

void AddVersionCommand(CLI::App& app, CommandLine& line) {
  auto words = std::make_shared<std::vector<std::string>>();
  CLI::App* help = app.add_subcommand("help", "Show the help of a command");
  help->add_option("COMMAND", *words, "Words of the command: node add")
      ->type_name("")
      ->expected(0, static_cast<int>(kMaxHelpWords));
  OnChosen(
      help, line, words,
      [&app](const std::vector<std::string>& chosen, Session& session) {
        return ShowHelp(app, chosen, session);
      },
      Needs::kNothing);

  auto options = std::make_shared<VersionOptions>();
  CLI::App* version = app.add_subcommand(
      "version", "Show the versions of this command and of the server");
  version->add_flag("--client", options->client_only,
                    "Show that of this command only; call no server");
  version->callback([&line, options] {
    line.needs = options->client_only ? Needs::kNothing : Needs::kServer;
    line.command = [options](Session& session) {
      return ShowVersion(*options, session);
    };
  });
}

}  // namespace clockwise::cli
