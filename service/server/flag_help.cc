#include "service/server/flag_help.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace clockwise {
namespace {

constexpr size_t kColumns = 80;
// Maximum size of a list of values; for a longer list, help shows NAME.
constexpr size_t kMaxValues = 60;

// Returns `words` in lines of at most `width` columns.
std::string Wrapped(const std::vector<std::string>& words, size_t width) {
  std::string lines;
  size_t used = 0;
  for (const std::string& word : words) {
    const bool fits = !lines.empty() && used + 1 + word.size() <= width;
    if (!lines.empty()) lines += fits ? " " : "\n";
    used = fits ? used + 1 + word.size() : word.size();
    lines += word;
  }
  return lines;
}

}  // namespace

FlagHelp::FlagHelp(size_t column) {
  column_width(column);
  label("SUBCOMMAND", "COMMAND");
}

// CLI11 puts two empty lines between groups.
std::string FlagHelp::make_help(const CLI::App* app, std::string name,
                                CLI::AppFormatMode mode) const {
  return absl::StrReplaceAll(
      CLI::Formatter::make_help(app, std::move(name), mode),
      {{"\n\n\n", "\n\n"}});
}

std::string FlagHelp::make_option_usage(const CLI::Option* option) const {
  const bool many = option->get_expected_max() > 1;
  const std::string name =
      absl::StrCat(make_option_name(option, true), many ? "..." : "");
  return option->get_required() ? name : absl::StrCat("[", name, "]");
}

std::string FlagHelp::make_option_opts(const CLI::Option* option) const {
  const std::string type = option->get_type_name();
  if (type.empty() || option->get_positional()) return "";
  const size_t list = type.find(":{");
  if (list == std::string::npos) return "=" + type;
  if (type.size() - list > kMaxValues) return "=NAME";
  return absl::StrCat("=",
                      absl::StrReplaceAll(type.substr(list + 1),
                                          {{"{", ""}, {"}", ""}, {",", "|"}}));
}

std::string FlagHelp::make_option_desc(const CLI::Option* option) const {
  std::string text = option->get_description();
  const bool takes_value = option->get_expected_max() > 0;
  if (takes_value && !option->get_default_str().empty()) {
    absl::StrAppend(&text, " (default: ", option->get_default_str(), ")");
  }
  // A default stays on one line.
  const size_t end = std::min(text.rfind(" (default"), text.size());
  std::vector<std::string> words =
      absl::StrSplit(text.substr(0, end), ' ', absl::SkipEmpty());
  if (end < text.size()) words.push_back(text.substr(end + 1));
  return Wrapped(words, kColumns - get_column_width());
}

}  // namespace clockwise
