// `clockwise completion`.
#include "client/cli/command_line.h"
#include "client/cli/commands/completion.h"

namespace clockwise::cli {

void AddCompletionCommand(CLI::App& app, CommandLine& line) {
  auto shell = std::make_shared<std::string>();
  CLI::App* completion =
      app.add_subcommand("completion", "Print completion for a shell");
  completion->add_option("SHELL", *shell, "bash, zsh or fish")
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
