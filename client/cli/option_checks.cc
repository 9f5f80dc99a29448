#include "client/cli/option_checks.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "client/cli/text.h"
#include "client/lib/server_address.h"
#include "clockwise/v1/placement.pb.h"
#include "service/api/refusal.h"
#include "service/limits.h"
#include "service/ring/layout.h"

namespace clockwise::cli {
namespace {

constexpr double kMaxSeconds = 86'400;

bool IsDecimal(absl::string_view text) {
  for (const char c : text) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return false;
  }
  return !text.empty() && (text.size() == 1 || text[0] != '0');
}

// Returns what is wrong; empty if `text` is UTF-8 within the bound.
std::string TextFault(absl::string_view text, size_t max_bytes) {
  if (text.size() > max_bytes) {
    return absl::StrCat(text.size(), " bytes; use at most ", max_bytes);
  }
  if (!IsUtf8(text)) return absl::StrCat(Quoted(text), " is not UTF-8");
  return "";
}

}  // namespace

CLI::Validator Incarnation() {
  return CLI::Validator(
      [](std::string& text) -> std::string {
        uint64_t number = 0;
        if (text.size() == 16 && absl::SimpleHexAtoi(text, &number)) {
          text = absl::StrCat(number);
          return "";
        }
        if (IsDecimal(text) && absl::SimpleAtoi(text, &number)) return "";
        return absl::StrCat(Quoted(text),
                            " is not 16 hexadecimal digits or a whole number");
      },
      "");
}

CLI::Validator WholeNumber(uint64_t least, uint64_t most) {
  const bool open = most == std::numeric_limits<uint64_t>::max();
  const std::string range = open ? absl::StrCat("from ", least)
                                 : absl::StrCat("from ", least, " to ", most);
  return CLI::Validator(
      [least, most, range](std::string& text) -> std::string {
        uint64_t number = 0;
        if (IsDecimal(text) && absl::SimpleAtoi(text, &number) &&
            number >= least && number <= most) {
          return "";
        }
        return absl::StrCat(Quoted(text), " is not a whole number ", range);
      },
      "");
}

CLI::Validator ListOf(CLI::Validator each, size_t most) {
  return CLI::Validator(
      [each = std::move(each), most](std::string& text) -> std::string {
        std::vector<std::string> values = absl::StrSplit(text, ',');
        if (values.size() > most) {
          return absl::StrCat(values.size(), " values; use at most ", most);
        }
        for (std::string& value : values) {
          std::string fault = each(value);
          if (!fault.empty()) return fault;
        }
        // A check may have changed the spelling of its value, as IsMember does.
        text = absl::StrJoin(values, ",");
        return "";
      },
      "");
}

CLI::Validator Seconds() {
  return CLI::Validator(
      [](std::string& text) -> std::string {
        double seconds = 0;
        if (absl::SimpleAtod(text, &seconds) && seconds > 0 &&
            seconds <= kMaxSeconds) {
          return "";
        }
        return absl::StrCat(Quoted(text),
                            " is not a number of seconds; use more than 0 and "
                            "at most ",
                            kMaxSeconds);
      },
      "");
}

CLI::Validator Text(size_t max_bytes) {
  return CLI::Validator(
      [max_bytes](std::string& text) { return TextFault(text, max_bytes); },
      "");
}

namespace {

CLI::Validator PrintableAscii(size_t max_bytes) {
  return CLI::Validator(
      [max_bytes](std::string& text) -> std::string {
        bool printable = !text.empty();
        for (const char c : text) {
          printable =
              printable && absl::ascii_isprint(static_cast<unsigned char>(c));
        }
        if (printable && text.size() <= max_bytes) return "";
        return absl::StrCat(Quoted(text), " is not 1 to ", max_bytes,
                            " printable ASCII characters");
      },
      "");
}

}  // namespace

CLI::Validator RequestId() {
  return PrintableAscii(limits::kMaxRequestIdBytes);
}

CLI::Validator StatedActor() {
  return PrintableAscii(limits::kMaxStatedActorBytes);
}

CLI::Validator Label() {
  return CLI::Validator(
      [](std::string& text) -> std::string {
        const size_t equals = text.find('=');
        if (equals == std::string::npos || equals == 0) {
          return absl::StrCat(Quoted(text), " is not of the form NAME=VALUE");
        }
        return TextFault(text, limits::kMaxLabelBytes + 1);
      },
      "");
}

CLI::Validator ServerAddresses() {
  return CLI::Validator(
      [](std::string& text) -> std::string {
        const auto targets = client::ParseServerAddresses(text);
        if (!targets.ok()) return std::string(targets.status().message());
        text = absl::StrJoin(*targets, ",");
        return "";
      },
      "");
}

std::vector<std::string> LayoutNames() {
  std::vector<std::string> names;
  for (const LayoutRule& rule : Layouts()) names.emplace_back(rule.name());
  return names;
}

std::vector<std::string> SimulatedLayoutNames() {
  std::vector<std::string> names;
  for (const LayoutRule& rule : Layouts()) {
    const profile::Takes& takes = rule.traits->takes;
    const bool ring =
        rule.ring_profile != nullptr && !takes.any_token && !takes.numeric_text;
    if (rule.own() || ring) names.emplace_back(rule.name());
  }
  return names;
}

}  // namespace clockwise::cli
