#include "client/cli/command_line.h"

#include <cstddef>
#include <memory>
#include <string>

#include "client/cli/option_checks.h"
#include "service/limits.h"
#include "service/server/flag_help.h"

namespace clockwise::cli {
namespace {

constexpr size_t kHelpColumn = 28;

void NameGroups(CLI::App& app) {
  for (CLI::App* command : app.get_subcommands(nullptr)) {
    command->group("Commands");
    NameGroups(*command);
  }
}

// Adds the options for TLS and tokens. The environment can set them too, except
// --tls.
void AddTlsOptions(CLI::App& app, Tls& tls) {
  app.add_flag("--tls", tls.enabled,
               "Use TLS and trust the system's CA certificates");
  app.add_option("--tls-ca", tls.ca_file,
                 "CA certificates of the server; enables TLS")
      ->envname("CLOCKWISE_TLS_CA")
      ->type_name("PEM");
  app.add_option("--tls-cert", tls.cert_file, "Client certificate; enables TLS")
      ->envname("CLOCKWISE_TLS_CERT")
      ->type_name("PEM");
  app.add_option("--tls-key", tls.key_file, "Private key of --tls-cert")
      ->envname("CLOCKWISE_TLS_KEY")
      ->type_name("PEM");
  app.add_option("--token-file", tls.token_file,
                 "File with the bearer token to send")
      ->envname("CLOCKWISE_TOKEN_FILE")
      ->type_name("FILE");
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
  app->add_option("--server", line.globals.server,
                  "Addresses of servers, separated by commas, in order of "
                  "preference, also from CLOCKWISE_SERVER (default: "
                  "127.0.0.1:7400)")
      ->envname("CLOCKWISE_SERVER")
      ->type_name("HOST:PORT|unix:PATH")
      ->check(ServerAddresses());
  AddTlsOptions(*app, line.globals.tls);
  app->add_option("--ring", line.globals.ring,
                  "Name of the ring (default: default)")
      ->type_name("NAME")
      ->check(Text(limits::kMaxIdBytes));
  app->add_option("--output", line.globals.output,
                  "Output format (default: table)")
      ->type_name("")
      ->check(CLI::IsMember({"table", "json"}));
  app->add_option("--as", line.globals.actor,
                  "Your name, for the history of changes (default: $USER@host)")
      ->type_name("NAME")
      ->check(StatedActor());
  app->add_option("--timeout", line.globals.timeout_seconds,
                  "Time limit for one call, in seconds (default: 10)")
      ->type_name("SECONDS")
      ->check(Seconds());
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
  AddCompletionCommand(*app, line);
  NameGroups(*app);
  app->footer(
      "Examples:\n"
      "  clockwise node add n1 --address=10.0.0.1:6379\n"
      "  clockwise locate user:42\n"
      "  clockwise node remove n1 --plan     show what would move\n"
      "  clockwise watch --output=json       print each change as one line\n"
      "\n"
      "Data goes to standard output, messages to standard error.\n"
      "Exit codes: 0 success, 1 error, 2 bad usage, 3 no server reached,\n"
      "4 `apply --plan`: something would change.");
  return app;
}

}  // namespace clockwise::cli
