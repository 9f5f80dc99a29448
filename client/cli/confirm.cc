#include "client/cli/confirm.h"

#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/cli/failure.h"
#include "client/cli/session.h"
#include "client/cli/text.h"

namespace clockwise::cli {

void AddYesFlag(CLI::App* command, bool& yes) {
  command->add_flag("--yes", yes,
                    "Do not ask for confirmation; required in scripts");
}

absl::Status Confirm(absl::string_view fact, absl::string_view word, bool yes) {
  if (yes) return absl::OkStatus();
  if (isatty(STDIN_FILENO) != 1) {
    return BadUsage(absl::StrCat(
        fact, "; standard input is not a terminal, so add --yes to confirm"));
  }
  Say(fact);
  const std::string question =
      absl::StrCat("Type ", Printable(word), " to continue: ");
  std::fwrite(question.data(), 1, question.size(), stderr);
  std::string answer;
  std::getline(std::cin, answer);
  if (absl::StripAsciiWhitespace(answer) == word) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "the answer was not ", Printable(word), "; nothing was changed"));
}

}  // namespace clockwise::cli
