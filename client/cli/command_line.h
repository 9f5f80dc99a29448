// The command line: the options and commands of the program, and the ones that
// the user chose.
//
// NewApp builds the only description of the options. Help and completion are
// generated from it.
#ifndef CLOCKWISE_CLIENT_CLI_COMMAND_LINE_H_
#define CLOCKWISE_CLIENT_CLI_COMMAND_LINE_H_

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "client/cli/connection_settings.h"
#include "client/cli/session.h"

namespace clockwise::cli {

// Says if a command needs the connection options.
enum class Needs { kServer, kNothing };

struct CommandLine {
  Globals globals;
  std::unique_ptr<ConnectionSettings> settings;  // of `globals`
  Command command;                               // set by parsing
  Needs needs = Needs::kServer;                  // the same
};

// Returns a parser that fills `line`. `line` must outlive it.
std::unique_ptr<CLI::App> NewApp(CommandLine& line);

// One function per command (or group of commands), each in a file of its name.
void AddLocateCommand(CLI::App& app, CommandLine& line);
void AddNodeCommands(CLI::App& app, CommandLine& line);
void AddRingCommands(CLI::App& app, CommandLine& line);
void AddRingCreateCommand(CLI::App& ring, CommandLine& line);
void AddRingDeleteCommands(CLI::App& ring, CommandLine& line);
void AddRingLayoutsCommand(CLI::App& ring, CommandLine& line);
void AddRingExportCommand(CLI::App& ring, CommandLine& line);
void AddApplyCommand(CLI::App& app, CommandLine& line);
void AddImportCommand(CLI::App& app, CommandLine& line);
void AddMigrateCommands(CLI::App& app, CommandLine& line);
void AddWatchCommand(CLI::App& app, CommandLine& line);
void AddSimulateCommand(CLI::App& app, CommandLine& line);
void AddDoctorCommand(CLI::App& app, CommandLine& line);
void AddStoreCommands(CLI::App& app, CommandLine& line);
void AddContextCommands(CLI::App& app, CommandLine& line);
void AddVersionCommand(CLI::App& app, CommandLine& line);
void AddCompletionCommands(CLI::App& app, CommandLine& line);

// Runs the command as `run(options, session)` if the user chose it. The caller
// has bound `options` to the command's options.
template <typename Options, typename Run>
void OnChosen(CLI::App* command, CommandLine& line,
              std::shared_ptr<Options> options, Run run,
              Needs needs = Needs::kServer) {
  command->callback([&line, options, run, needs] {
    line.needs = needs;
    line.command = [options, run](Session& session) {
      return run(*options, session);
    };
  });
}

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_COMMAND_LINE_H_
