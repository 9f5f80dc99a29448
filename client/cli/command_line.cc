#include "client/cli/command_line.h"

#include <cstddef>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/cli/option_checks.h"
#include "service/server/flag_help.h"

namespace clockwise::cli {
namespace {

constexpr size_t kHelpColumn = 28;

void NameGroups(CLI::App& app) {
  for (CLI::App* command : app.get_subcommands(nullptr)) {
    if (!command->get_group().empty()) command->group("Commands");
    NameGroups(*command);
  }
}

// Points from the help of each command to the options of all commands.
void PointToGlobals(CLI::App& app) {
  for (CLI::App* command : app.get_subcommands(nullptr)) {
    const std::string footer = command->get_footer();
    command->footer(absl::StrCat(
        footer, footer.empty() ? "" : "\n\n",
        "Global options, such as --server, --context, --ring and --output:\n"
        "  clockwise --help"));
    PointToGlobals(*command);
  }
}

}  // namespace

std::unique_ptr<CLI::App> NewApp(CommandLine& line) {
  auto app = std::make_unique<CLI::App>(
      "Reads and changes the rings of a Clockwise server.", "clockwise");
  // The commands inherit this, so options of this level may follow a command
  // too.
  app->fallthrough();
  app->require_subcommand(1);
  // If an option occurs twice, for example in an alias and again by hand, the
  // later one is used.
  app->option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app->set_help_flag("-h,--help", "Show this help");
  app->set_version_flag("--version", "clockwise " CLOCKWISE_VERSION,
                        "Show the version");
  app->formatter(std::make_shared<FlagHelp>(kHelpColumn));
  line.settings = std::make_unique<ConnectionSettings>(*app, line.globals);
  app->add_option("-o,--output", line.globals.output,
                  "Output format (default: table); wide has more columns")
      ->type_name("")
      ->check(CLI::IsMember({"table", "wide", "json", "yaml"}));
  app->add_option("--as", line.globals.actor,
                  "Your name, for the history of changes (default: $USER@host)")
      ->type_name("NAME")
      ->check(StatedActor());
  AddLocateCommand(*app, line);
  AddNodeCommands(*app, line);
  AddRingCommands(*app, line);
  AddWatchCommand(*app, line);
  AddApplyCommand(*app, line);
  AddSimulateCommand(*app, line);
  AddImportCommand(*app, line);
  AddMigrateCommands(*app, line);
  AddDoctorCommand(*app, line);
  AddStoreCommands(*app, line);
  AddContextCommands(*app, line);
  AddVersionCommand(*app, line);
  AddCompletionCommands(*app, line);
  NameGroups(*app);
  PointToGlobals(*app);
  app->footer(
      "Examples:\n"
      "  clockwise node add n1 --address=10.0.0.1:6379\n"
      "  clockwise locate user:42\n"
      "  clockwise node remove n1 --plan     show what would move\n"
      "  clockwise watch --output=json       print each change as one line\n"
      "  clockwise help node add             show the help of a command\n"
      "\n"
      "The options from --server to --timeout can also be variables, such as\n"
      "CLOCKWISE_SERVER, _RING, _TLS, _TLS_CA, _TLS_CERT, _TLS_KEY,\n"
      "_TOKEN_FILE and _TIMEOUT, or a context (`clockwise context --help`).\n"
      "\n"
      "Data goes to standard output, messages to standard error.\n"
      "Exit codes: 0 success, 1 error, 2 bad usage, 3 no server reached,\n"
      "4 `apply --plan`: something would change, 5 the outcome of a change is\n"
      "unknown: repeat it with the --request-id that the error names.");
  return app;
}

}  // namespace clockwise::cli
