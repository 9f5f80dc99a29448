#include "client/cli/config/yaml_text.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"

namespace clockwise::cli {
namespace {

bool IsYamlDigit(char c) {
  return absl::ascii_isdigit(static_cast<unsigned char>(c));
}

// Null, booleans, infinity and "not a number" of YAML 1.1 and 1.2, "<<" and
// "=".
bool IsYamlWord(absl::string_view text) {
  static constexpr absl::string_view kWords[] = {
      "",  "~", "null", "true", "false", "yes",   "no", "on", "off",
      "y", "n", ".inf", ".nan", "+.inf", "-.inf", "<<", "="};
  return std::any_of(std::begin(kWords), std::end(kWords),
                     [&](absl::string_view word) {
                       return absl::EqualsIgnoreCase(text, word);
                     });
}

// Removes the digits (and the "_" that YAML 1.1 allows between them) that
// `text` begins with. Returns false if there are none.
bool ConsumeDigits(absl::string_view& text) {
  size_t end = 0;
  while (end < text.size() && (IsYamlDigit(text[end]) || text[end] == '_')) {
    ++end;
  }
  const bool found = end > 0 && text[0] != '_';
  text.remove_prefix(end);
  return found;
}

// Integers and floating-point numbers, also with the bases and the sexagesimal
// form (190:20:30) of YAML 1.1.
bool IsYamlNumber(absl::string_view text) {
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    text.remove_prefix(1);
  }
  for (const absl::string_view base : {"0x", "0o", "0b"}) {
    if (!absl::StartsWithIgnoreCase(text, base)) continue;
    text.remove_prefix(base.size());
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
      return absl::ascii_isxdigit(static_cast<unsigned char>(c)) || c == '_';
    });
  }
  bool digits = ConsumeDigits(text);
  while (absl::ConsumePrefix(&text, ":")) {
    if (!digits || !ConsumeDigits(text)) return false;
  }
  if (absl::ConsumePrefix(&text, ".")) digits |= ConsumeDigits(text);
  if (!digits) return false;
  if (text.empty()) return true;
  if (text[0] != 'e' && text[0] != 'E') return false;
  text.remove_prefix(1);
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    text.remove_prefix(1);
  }
  return ConsumeDigits(text) && text.empty();
}

// A date, or a date with a time: YAML 1.1 has a type for them.
bool IsYamlDate(absl::string_view text) {
  size_t parts = 0;
  for (const size_t most : {4, 2, 2}) {
    if (parts > 0 && !absl::ConsumePrefix(&text, "-")) return false;
    size_t digits = 0;
    while (digits < text.size() && IsYamlDigit(text[digits])) ++digits;
    if (digits == 0 || digits > most || (parts == 0 && digits < 4)) {
      return false;
    }
    text.remove_prefix(digits);
    ++parts;
  }
  return text.empty() || absl::StrContains("Tt \t", text.substr(0, 1));
}

// The code point that `text` begins with, which is removed.
uint32_t TakeCodePoint(absl::string_view& text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const size_t bytes = first < 0x80   ? 1
                       : first < 0xE0 ? 2
                       : first < 0xF0 ? 3
                                      : 4;
  uint32_t point = bytes == 1 ? first : first & (0xFFu >> (bytes + 1));
  for (size_t i = 1; i < bytes && i < text.size(); ++i) {
    point = point << 6 | (static_cast<unsigned char>(text[i]) & 0x3Fu);
  }
  text.remove_prefix(std::min(bytes, text.size()));
  return point;
}

// True if YAML 1.1 or 1.2 treats the character as a line break, does not allow
// it, or may drop it (the byte order mark).
bool NeedsEscape(uint32_t point) {
  return point < 0x20 || (point >= 0x7F && point < 0xA0) || point == 0x2028 ||
         point == 0x2029 || point == 0xFEFF || point == 0xFFFE ||
         point == 0xFFFF;
}

}  // namespace

bool IsPlainText(absl::string_view plain) {
  return !IsYamlWord(plain) && !IsYamlNumber(plain) && !IsYamlDate(plain);
}

std::string YamlText(absl::string_view text) {
  const auto is_safe = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           absl::StrContains("._-:/@+", absl::string_view(&c, 1));
  };
  const bool plain = !text.empty() &&
                     std::all_of(text.begin(), text.end(), is_safe) &&
                     !absl::StrContains("-:@", text.substr(0, 1)) &&
                     text.back() != ':' && IsPlainText(text);
  return plain ? std::string(text) : QuotedText(text);
}

std::string QuotedText(absl::string_view text) {
  std::string quoted = "\"";
  while (!text.empty()) {
    const absl::string_view rest = text;
    const uint32_t point = TakeCodePoint(text);
    if (point == '"' || point == '\\') {
      absl::StrAppendFormat(&quoted, "\\%c", static_cast<char>(point));
    } else if (NeedsEscape(point)) {
      absl::StrAppendFormat(&quoted, "\\u%04x", point);
    } else {
      absl::StrAppend(&quoted, rest.substr(0, rest.size() - text.size()));
    }
  }
  quoted += '"';
  return quoted;
}

}  // namespace clockwise::cli
