#include "client/cli/contexts.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/cli/atomic_file.h"
#include "client/cli/config/message_reader.h"
#include "client/cli/config/yaml_text.h"
#include "client/cli/failure.h"
#include "client/cli/input_file.h"
#include "service/api/refusal.h"
#include "service/limits.h"
#include "service/server/suggestions.h"

namespace clockwise::cli {
namespace {

constexpr mode_t kFolderMode = 0700;
constexpr size_t kContextsInHint = 3;

// The standard of XDG says that a relative path is ignored.
std::string FolderOfSettings() {
  const char* set = std::getenv("XDG_CONFIG_HOME");
  if (set != nullptr && *set == '/') return set;
  const char* home = std::getenv("HOME");
  return home != nullptr && *home == '/' ? absl::StrCat(home, "/.config") : "";
}

std::string PathOfContexts() {
  const std::string folder = FolderOfSettings();
  return folder.empty() ? "" : absl::StrCat(folder, "/clockwise/contexts.yaml");
}

class ContextsReader {
 public:
  ContextsReader(const std::string& path, CheckValue check)
      : reader_(path), check_(check) {
    contexts_.path = path;
  }

  absl::StatusOr<Contexts> Read(const YAML::Node& root) {
    absl::Status status = reader_.ForEach(
        root, "the file",
        [&](const std::string& key, const YAML::Node& at,
            const YAML::Node& value) { return ReadSection(key, at, value); });
    if (!status.ok()) return status;
    return std::move(contexts_);
  }

 private:
  absl::Status ReadSection(const std::string& key, const YAML::Node& at,
                           const YAML::Node& value) {
    if (key == "current") {
      auto name = reader_.ReadText(value, key);
      if (!name.ok()) return name.status();
      contexts_.current = *std::move(name);
      return absl::OkStatus();
    }
    if (key != "contexts") {
      return reader_.Fault(at, key,
                           "is not known; use \"current\" and \"contexts\"");
    }
    if (value.size() > limits::kMaxContexts) {
      return reader_.Fault(
          value, key,
          absl::StrCat("has ", value.size(), " contexts; use at most ",
                       limits::kMaxContexts));
    }
    return reader_.ForEach(
        value, "\"contexts\"",
        [&](const std::string& name, const YAML::Node&,
            const YAML::Node& options) {
          Context& context = contexts_.all[name];
          return reader_.ForEach(
              options, absl::StrCat("context ", Quoted(name)),
              [&](const std::string& option, const YAML::Node& option_at,
                  const YAML::Node& text) {
                return ReadOption(option, option_at, text, context);
              });
        });
  }

  absl::Status ReadOption(const std::string& option, const YAML::Node& at,
                          const YAML::Node& value, Context& context) {
    if (!value.IsScalar()) {
      return reader_.Fault(at, option, "is not one value; write one value");
    }
    const std::string fault = check_(option, value.Scalar());
    if (!fault.empty()) return reader_.Fault(at, option, fault);
    context[option] = {value.Scalar(), LineOf(at)};
    return absl::OkStatus();
  }

  const MessageReader reader_;
  const CheckValue check_;
  Contexts contexts_;
};

// Creates `folder` and its parent.
absl::Status MakeFolder(const std::string& folder) {
  const std::string parent = folder.substr(0, folder.rfind('/'));
  for (const std::string& path : {parent, folder}) {
    if (mkdir(path.c_str(), kFolderMode) != 0 && errno != EEXIST) {
      return absl::InternalError(absl::StrCat("cannot create the folder ", path,
                                              ": ", std::strerror(errno)));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Contexts> ReadContexts(CheckValue check) {
  const std::string path = PathOfContexts();
  if (path.empty() || (access(path.c_str(), F_OK) != 0 && errno == ENOENT)) {
    Contexts none;
    none.path = path;
    return none;
  }
  const auto text = ReadInputFile(path, limits::kMaxContextsFileBytes);
  if (!text.ok()) return text.status();
  if (text->size() > limits::kMaxContextsFileBytes) {
    return BadUsage(absl::StrCat(path, ": the file has more than ",
                                 limits::kMaxContextsFileBytes,
                                 " bytes; remove contexts"));
  }
  const auto root = ParseYaml(*text, path);
  if (!root.ok()) return root.status();
  return ContextsReader(path, check).Read(*root);
}

absl::Status WriteContexts(const Contexts& contexts) {
  if (contexts.path.empty()) {
    return BadUsage(
        "there is no place for contexts; set HOME or XDG_CONFIG_HOME to an "
        "absolute path");
  }
  if (contexts.all.size() > limits::kMaxContexts) {
    return BadUsage(absl::StrCat(contexts.all.size(), " contexts; use at most ",
                                 limits::kMaxContexts));
  }
  std::string text =
      "# Written by `clockwise context`: the connections of the command.\n";
  if (!contexts.current.empty()) {
    absl::StrAppend(&text, "current: ", YamlText(contexts.current), "\n");
  }
  // A key without a value is an error, so an empty map is written as {}.
  const auto map = [](bool empty) { return empty ? ": {}\n" : ":\n"; };
  absl::StrAppend(&text, "contexts", map(contexts.all.empty()));
  for (const auto& [name, context] : contexts.all) {
    absl::StrAppend(&text, "  ", YamlText(name), map(context.empty()));
    for (const auto& [option, value] : context) {
      absl::StrAppend(&text, "    ", option, ": ", YamlText(value.text), "\n");
    }
  }
  const size_t slash = contexts.path.rfind('/');
  absl::Status made = MakeFolder(contexts.path.substr(0, slash));
  if (!made.ok()) return made;
  return WriteWholeFile(contexts.path, text);
}

absl::StatusOr<Context> FindContext(const Contexts& contexts,
                                    const std::string& name,
                                    absl::string_view source) {
  const auto found = contexts.all.find(name);
  if (found != contexts.all.end()) return found->second;
  std::vector<std::string> names;
  names.reserve(contexts.all.size());
  for (const auto& [known, context] : contexts.all) names.push_back(known);
  const auto near = NearestNames(name, names, kContextsInHint);
  return WithHint(
      BadUsage(absl::StrCat(source, ": there is no context ", Quoted(name))),
      near.empty() ? "`clockwise context list` shows the contexts"
                   : DidYouMean(near));
}

}  // namespace clockwise::cli
