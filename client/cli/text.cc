#include "client/cli/text.h"

#include <cmath>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace clockwise::cli {
namespace {

// True for C0, DEL, and C1 (U+0080 to U+009F), which some terminals obey too.
bool IsControl(absl::string_view sequence) {
  const auto lead = static_cast<uint8_t>(sequence[0]);
  return lead < 0x20 || lead == 0x7F ||
         (lead == 0xC2 && static_cast<uint8_t>(sequence[1]) < 0xA0);
}

}  // namespace

size_t DisplayWidth(absl::string_view text) {
  size_t width = 0;
  for (const char c : text) {
    if ((static_cast<uint8_t>(c) & 0xC0) != 0x80) ++width;
  }
  return width;
}

std::string Printable(absl::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    size_t bytes = Utf8SequenceBytes(text);
    if (bytes != 0 && !IsControl(text.substr(0, bytes))) {
      absl::StrAppend(&out, text.substr(0, bytes));
    } else {
      bytes = bytes == 0 ? 1 : bytes;
      for (const char c : text.substr(0, bytes)) {
        absl::StrAppendFormat(&out, "\\x%02x", static_cast<uint8_t>(c));
      }
    }
    text.remove_prefix(bytes);
  }
  return out;
}

std::string JsonString(absl::string_view text) {
  std::string out = "\"";
  out.reserve(text.size() + 2);
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<uint8_t>(c) < 0x20 || c == 0x7F) {
      absl::StrAppendFormat(&out, "\\u%04x", static_cast<uint8_t>(c));
    } else {
      out += c;
    }
  }
  out += '"';
  return out;
}

std::string ShellWord(absl::string_view text) {
  bool plain = !text.empty();
  for (const char c : text) {
    plain = plain && (absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                      absl::string_view("-_./:=,@%+").find(c) !=
                          absl::string_view::npos);
  }
  if (plain) return std::string(text);
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  out += "'";
  return out;
}

std::string Percent(double part) {
  const double percent = part * 100;
  if (percent == 0) return "0 %";
  // Sums of many parts have a small error.
  if (std::abs(percent - 100) < 1e-6) return "100 %";
  if (percent < 0.001) return "<0.001 %";
  return Percent(part, percent >= 10 ? 1 : percent >= 1 ? 2 : 3);
}

std::string Grouped(uint64_t number) {
  std::string digits = absl::StrCat(number);
  for (size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

std::string Percent(double part, int decimals) {
  return absl::StrFormat("%.*f %%", decimals, part * 100);
}

}  // namespace clockwise::cli
