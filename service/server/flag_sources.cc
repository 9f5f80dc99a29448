#include "service/server/flag_sources.h"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "service/server/flag_names.h"

namespace clockwise {
namespace {

// True for flags that cannot be set in the file or the environment, because
// they select an action.
bool IsAct(absl::string_view name) {
  for (absl::string_view act :
       {"config", "check-config", "print-config", "help", "version"}) {
    if (name == act) return true;
  }
  return false;
}

bool Knows(const CLI::App& app, const std::string& name) {
  return app.get_option_no_throw("--" + name) != nullptr && !IsAct(name);
}

std::vector<std::string> FlagNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      if (!IsAct(name)) names.push_back(name);
    }
  }
  return names;
}

std::vector<std::string> FromEnvironment(const CLI::App& app) {
  std::vector<std::string> arguments;
  for (const std::string& name : FlagNames(app)) {
    if (const char* value = std::getenv(EnvironmentName(name).c_str())) {
      arguments.push_back(absl::StrCat("--", name, "=", value));
    }
  }
  return arguments;
}

absl::StatusOr<std::vector<std::string>> FromFile(const CLI::App& app,
                                                  const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::vector<std::string> arguments;
  for (int number = 1; std::getline(file, line); ++number) {
    absl::string_view text = absl::StripAsciiWhitespace(line);
    if (text.empty() || text.front() == '#') continue;
    absl::ConsumePrefix(&text, "--");
    const size_t equals = text.find('=');
    const std::string name =
        KebabCase(absl::StripAsciiWhitespace(text.substr(0, equals)));
    if (equals == absl::string_view::npos || !Knows(app, name)) {
      return absl::InvalidArgumentError(absl::StrCat(
          path, ":", number, ": \"", line,
          "\" is not FLAG=VALUE with a known flag; see clockwised --help"));
    }
    arguments.push_back(absl::StrCat(
        "--", name, "=", absl::StripAsciiWhitespace(text.substr(equals + 1))));
  }
  if (!file.eof()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--config: cannot read ", path, ": ", std::strerror(errno)));
  }
  return arguments;
}

// Returns the config file in `arguments` or in the environment; empty if there
// is none.
std::string ConfigPath(const std::vector<std::string>& arguments) {
  const char* value = std::getenv("CLOCKWISE_CONFIG");
  std::string path = value == nullptr ? "" : value;
  for (size_t i = 0; i < arguments.size(); ++i) {
    absl::string_view argument = arguments[i];
    if (absl::ConsumePrefix(&argument, "--config=")) {
      path = std::string(argument);
    } else if (argument == "--config" && i + 1 < arguments.size()) {
      path = arguments[i + 1];
    }
  }
  return path;
}

// Returns the source of a flag's value; null if it is the default.
const FlagSource* SourceOf(const std::vector<FlagSource>& sources,
                           const std::string& name) {
  const FlagSource* found = nullptr;
  for (const FlagSource& source : sources) {
    for (absl::string_view argument : source.arguments) {
      if (absl::ConsumePrefix(&argument, "--") &&
          argument.substr(0, argument.find('=')) == name) {
        found = &source;
      }
    }
  }
  return found;
}

bool IsSecret(const std::string& name) { return name == "etcd-password"; }

std::string ValueOf(const CLI::App& app, const std::string& name) {
  if (IsSecret(name)) return "(not shown)";
  const CLI::Option& option = *app.get_option("--" + name);
  if (!option.empty()) return option.results().back();
  // A flag without a value has no default string.
  return option.get_expected_max() == 0 ? "false" : option.get_default_str();
}

}  // namespace

absl::StatusOr<std::vector<FlagSource>> FlagSources(
    const CLI::App& app, const std::vector<std::string>& command_line) {
  std::vector<FlagSource> sources;
  if (const std::string path = ConfigPath(command_line); !path.empty()) {
    auto arguments = FromFile(app, path);
    if (!arguments.ok()) return arguments.status();
    sources.push_back({path, *std::move(arguments)});
  }
  sources.push_back({"environment", FromEnvironment(app)});
  sources.push_back({"command line", command_line});
  return sources;
}

std::string ConfigText(const CLI::App& app,
                       const std::vector<FlagSource>& sources) {
  std::string text;
  const auto put = [&](const FlagSource* source, const std::string& title) {
    std::string section;
    for (const std::string& name : FlagNames(app)) {
      if (SourceOf(sources, name) != source) continue;
      absl::StrAppend(&section, IsSecret(name) ? "# " : "", name, "=",
                      ValueOf(app, name), "\n");
    }
    if (!section.empty()) absl::StrAppend(&text, "# ", title, "\n", section);
  };
  for (auto source = sources.rbegin(); source != sources.rend(); ++source) {
    put(&*source, absl::StrCat("from ", source->name));
  }
  put(nullptr, "defaults");
  return text;
}

std::string ConfigLine(const CLI::App& app,
                       const std::vector<FlagSource>& sources) {
  std::string line;
  for (const std::string& name : FlagNames(app)) {
    const FlagSource* source = SourceOf(sources, name);
    if (source == nullptr) continue;
    absl::StrAppend(&line, line.empty() ? "" : ", ", name, "=",
                    ValueOf(app, name), " (", source->name, ")");
  }
  return line;
}

}  // namespace clockwise
