#include "client/cli/import/nginx_options.h"

#include <fnmatch.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "service/api/refusal.h"

namespace clockwise::cli {
namespace {

constexpr uint32_t kMost = std::numeric_limits<int32_t>::max();

bool AllDigits(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](auto c) {
    return absl::ascii_isdigit(static_cast<unsigned char>(c));
  });
}

// True for numbers with units, each at most once, for example "1m30s".
bool IsTime(absl::string_view text) {
  if (text.empty()) return false;
  while (!text.empty()) {
    size_t digits = 0;
    while (digits < text.size() &&
           absl::ascii_isdigit(static_cast<unsigned char>(text[digits]))) {
      ++digits;
    }
    if (digits == 0) return false;
    text.remove_prefix(digits);
    if (text.empty()) return true;
    if (!absl::ConsumePrefix(&text, "ms") &&
        absl::string_view("yMwdhms ").find(text[0]) !=
            absl::string_view::npos) {
      text.remove_prefix(1);
    } else if (!text.empty() &&
               !absl::ascii_isdigit(static_cast<unsigned char>(text[0]))) {
      return false;
    }
  }
  return true;
}

bool IsSize(absl::string_view text) {
  if (!text.empty() && absl::StrContains("kKmM", text.back())) {
    text.remove_suffix(1);
  }
  return AllDigits(text);
}

absl::Status Rejected(const SourceLine& place, absl::string_view text) {
  return ImportFault(place, absl::StrCat("nginx rejects ", Quoted(text)));
}

absl::Status NotSupported(const SourceLine& place, absl::string_view name) {
  if (name == "include") {
    return ImportFault(place,
                       "directive \"include\" is not supported in an upstream; "
                       "replace it by the lines of the file");
  }
  return ImportFault(
      place, absl::StrCat("directive ", Quoted(name), " is not supported"));
}

bool IsNameCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_';
}

}  // namespace

absl::Status CheckNginxOption(const SourceLine& place,
                              const std::vector<std::string>& words,
                              bool block) {
  const std::string& name = words[0];
  const std::string value = words.size() > 1 ? words[1] : "";
  bool valid = words.size() == 2;
  if (block) return NotSupported(place, name);
  if (name == "keepalive") {
    valid = valid && ImportNumber(place, name, value, 1, kMost).ok();
  } else if (name == "keepalive_requests") {
    valid = valid && AllDigits(value);
  } else if (name == "keepalive_time" || name == "keepalive_timeout") {
    valid = valid && IsTime(value);
  } else if (name == "zone") {
    valid = !value.empty() &&
            (words.size() == 2 || (words.size() == 3 && IsSize(words[2])));
  } else {
    return NotSupported(place, name);
  }
  return valid ? absl::OkStatus() : Rejected(place, absl::StrJoin(words, " "));
}

absl::Status CheckNginxParameter(const SourceLine& place,
                                 absl::string_view word) {
  absl::string_view value = word;
  bool valid = false;
  if (absl::ConsumePrefix(&value, "max_fails=") ||
      absl::ConsumePrefix(&value, "max_conns=")) {
    valid = AllDigits(value);
  } else if (absl::ConsumePrefix(&value, "fail_timeout=")) {
    valid = IsTime(value);
  } else {
    return ImportFault(
        place, absl::StrCat("parameter ", Quoted(word), " is not supported"));
  }
  return valid ? absl::OkStatus() : Rejected(place, word);
}

absl::Status CheckNginxVariables(const SourceLine& place,
                                 absl::string_view text) {
  for (size_t at = text.find('$'); at != absl::string_view::npos;
       at = text.find('$', at + 1)) {
    absl::string_view rest = text.substr(at + 1);
    const bool braces = absl::ConsumePrefix(&rest, "{");
    size_t end = 0;
    while (end < rest.size() && IsNameCharacter(rest[end])) ++end;
    if (end == 0 || (braces && rest.substr(end, 1) != "}")) {
      return ImportFault(place, absl::StrCat("the variable in ", Quoted(text),
                                             " is not complete"));
    }
  }
  return absl::OkStatus();
}

NginxFiles::NginxFiles(absl::string_view text) {
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    absl::ConsumeSuffix(&line, "\r");
    if (absl::ConsumePrefix(&line, "# configuration file ") &&
        absl::ConsumeSuffix(&line, ":")) {
      files_.emplace(number, line);
    }
  }
}

std::string NginxFiles::FileAt(int line) const {
  const auto after = files_.upper_bound(line);
  return after == files_.begin() ? "" : std::prev(after)->second;
}

void NginxFiles::Include(const std::string& pattern, int line,
                         const std::string& block) {
  if (files_.empty()) return;
  const std::string& main = files_.begin()->second;
  const std::string path =
      absl::StartsWith(pattern, "/")
          ? pattern
          : absl::StrCat(main.substr(0, main.rfind('/') + 1), pattern);
  // A file that is included inside of an included file has its context.
  includes_.try_emplace(path, block.empty() ? ContextAt(line) : block);
}

std::string NginxFiles::ContextAt(int line) const {
  const std::string file = FileAt(line);
  if (file.empty()) return "";
  for (const auto& [pattern, block] : includes_) {
    if (fnmatch(pattern.c_str(), file.c_str(), FNM_PATHNAME) == 0) {
      return block;
    }
  }
  return "";
}

}  // namespace clockwise::cli
