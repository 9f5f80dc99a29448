#include "client/cli/text.h"

#include <cmath>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace clockwise::cli {
namespace {

// Returns the length in bytes of the well-formed UTF-8 sequence at the start of
// `text`; 0 if there is none. Source: table 3-7 of the Unicode standard.
size_t SequenceBytes(absl::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  const size_t bytes = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (text.size() < bytes) return 0;
  uint8_t least = 0x80;
  uint8_t most = 0xBF;
  if (lead == 0xE0) least = 0xA0;  // overlong below
  if (lead == 0xED) most = 0x9F;   // surrogates above
  if (lead == 0xF0) least = 0x90;  // overlong below
  if (lead == 0xF4) most = 0x8F;   // beyond U+10FFFF above
  if (byte(1) < least || byte(1) > most) return 0;
  for (size_t i = 2; i < bytes; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  return bytes;
}

// True for C0, DEL, and C1 (U+0080 to U+009F), which some terminals obey too.
bool IsControl(absl::string_view sequence) {
  const auto lead = static_cast<uint8_t>(sequence[0]);
  return lead < 0x20 || lead == 0x7F ||
         (lead == 0xC2 && static_cast<uint8_t>(sequence[1]) < 0xA0);
}

}  // namespace

bool IsUtf8(absl::string_view text) {
  while (!text.empty()) {
    const size_t bytes = SequenceBytes(text);
    if (bytes == 0) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

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
    size_t bytes = SequenceBytes(text);
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
