#include "service/server/flag_names.h"

#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace clockwise {
namespace {

// Adds each flag (as "--name", "-n") of `app` and its commands, and whether it
// requires a value.
void AddFlags(const CLI::App& app, std::map<std::string, bool>& takes_value) {
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      takes_value[absl::StrCat("--", name)] = option->get_expected_max() > 0;
    }
    for (const std::string& name : option->get_snames()) {
      takes_value[absl::StrCat("-", name)] = option->get_expected_max() > 0;
    }
  }
  for (const CLI::App* command :
       app.get_subcommands([](const CLI::App*) { return true; })) {
    AddFlags(*command, takes_value);
  }
}

}  // namespace

std::string KebabCase(absl::string_view name) {
  return absl::StrReplaceAll(name, {{"_", "-"}});
}

std::string EnvironmentName(absl::string_view name) {
  return absl::StrCat("CLOCKWISE_", absl::AsciiStrToUpper(absl::StrReplaceAll(
                                        name, {{"-", "_"}})));
}

std::vector<std::string> WithKebabCaseFlags(
    const CLI::App& app, std::vector<std::string> arguments) {
  std::map<std::string, bool> takes_value;
  AddFlags(app, takes_value);
  for (size_t i = 0; i < arguments.size() && arguments[i] != "--"; ++i) {
    std::string& argument = arguments[i];
    if (!absl::StartsWith(argument, "-")) continue;
    const size_t equals = argument.find('=');
    const std::string flag =
        KebabCase(absl::string_view(argument).substr(0, equals));
    const auto known = takes_value.find(flag);
    if (known == takes_value.end()) continue;
    if (equals != std::string::npos) {
      argument.replace(0, equals, flag);
      continue;
    }
    argument = flag;
    // CLI11 uses the next word as the value, even if it looks like a flag.
    if (known->second) ++i;
  }
  return arguments;
}

}  // namespace clockwise
