// The command line: which options and commands there are, and what was chosen.
//
// The tree that NewApp builds is the only description of the options; help and
// completion are made from it.
#ifndef CLOCKWISE_CLIENT_CLI_COMMAND_LINE_H_
#define CLOCKWISE_CLIENT_CLI_COMMAND_LINE_H_

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "client/cli/session.h"

namespace clockwise::cli {

struct CommandLine {
  Globals globals;
  Command command;  // set by parsing
};

// A parser that fills `line`, which must outlive it.
std::unique_ptr<CLI::App> NewApp(CommandLine& line);

// One function per command (or group of them), each in a file of its name.
void AddLocateCommand(CLI::App& app, CommandLine& line);
void AddNodeCommands(CLI::App& app, CommandLine& line);
void AddRingCommands(CLI::App& app, CommandLine& line);
void AddRingCreateCommand(CLI::App& ring, CommandLine& line);
void AddRingProfilesCommand(CLI::App& ring, CommandLine& line);
void AddRingExportCommand(CLI::App& ring, CommandLine& line);
void AddApplyCommand(CLI::App& app, CommandLine& line);
void AddImportCommand(CLI::App& app, CommandLine& line);
void AddMigrateCommands(CLI::App& app, CommandLine& line);
void AddWatchCommand(CLI::App& app, CommandLine& line);
void AddSimulateCommand(CLI::App& app, CommandLine& line);
void AddDoctorCommand(CLI::App& app, CommandLine& line);
void AddStoreCommands(CLI::App& app, CommandLine& line);
void AddCompletionCommand(CLI::App& app, CommandLine& line);

// Adds a command that is run by `run(options, session)` when it is chosen.
// `options` are bound by the caller to the command's options.
template <typename Options, typename Run>
void OnChosen(CLI::App* command, CommandLine& line,
              std::shared_ptr<Options> options, Run run) {
  command->callback([&line, options, run] {
    line.command = [options, run](Session& session) {
      return run(*options, session);
    };
  });
}

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_COMMAND_LINE_H_
