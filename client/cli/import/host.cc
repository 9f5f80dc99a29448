#include "client/cli/import/host.h"

#include <arpa/inet.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "service/api/refusal.h"

namespace clockwise::cli {
namespace {

constexpr size_t kMaxHostBytes = 253;
constexpr size_t kMaxLabelBytes = 63;

bool AllOf(absl::string_view text, bool (*test)(unsigned char)) {
  return std::all_of(text.begin(), text.end(), test);
}

// Without a zone ("%eth0"), which none of the programs accepts.
bool IsIpv6(absl::string_view text) {
  in6_addr address;
  return inet_pton(AF_INET6, std::string(text).c_str(), &address) == 1;
}

bool IsX(absl::string_view label) {
  return AllOf(label, [](unsigned char c) { return c == 'x' || c == 'X'; });
}

// True if the label is a number, or "x" or another letter in its place.
bool IsNumberOrLetter(absl::string_view label) {
  return AllOf(label, absl::ascii_isdigit) || IsX(label) ||
         (label.size() == 1 && AllOf(label, absl::ascii_isalpha));
}

bool IsLabel(absl::string_view label) {
  return !label.empty() && label.size() <= kMaxLabelBytes &&
         label.front() != '-' && label.back() != '-' &&
         AllOf(label, [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '-' || c == '_';
         });
}

// True for names that deploy scripts replace, though DNS would allow them.
bool IsPlaceholderName(absl::string_view host) {
  static const auto& names = *new std::set<std::string>{
      "changeme", "change-me",  "change_me",  "replaceme",
      "fixme",    "replace-me", "replace_me", "placeholder",
      "todo",     "your-host",  "your_host",  "yourhost",
      "tbd",      "your-ip",    "your_ip",    "xxx"};
  if (names.contains(absl::AsciiStrToLower(host))) return true;
  const std::string lower = absl::AsciiStrToLower(host);
  for (const absl::string_view mark : {"-", "_"}) {
    if (absl::StartsWith(lower, absl::StrCat("your", mark)) ||
        absl::EndsWith(lower, absl::StrCat(mark, "here"))) {
      return true;
    }
  }
  if (absl::StartsWith(host, "__") || absl::EndsWith(host, "__")) return true;
  return absl::StrContains(host, '_') &&
         std::none_of(host.begin(), host.end(),
                      [](unsigned char c) {
                        return absl::ascii_islower(c) || c == '.' || c == '-';
                      }) &&
         std::any_of(host.begin(), host.end(),
                     [](unsigned char c) { return absl::ascii_isupper(c); });
}

bool IsHost(absl::string_view host) {
  if (absl::StrContains(host, ':')) return IsIpv6(host);
  absl::ConsumeSuffix(&host, ".");
  const std::vector<absl::string_view> labels = absl::StrSplit(host, '.');
  if (std::all_of(labels.begin(), labels.end(), IsNumberOrLetter) &&
      (AllOf(labels[0], absl::ascii_isdigit) || IsX(labels[0])) &&
      (labels.size() > 1 || AllOf(host, absl::ascii_isdigit))) {
    in_addr address;
    return inet_pton(AF_INET, std::string(host).c_str(), &address) == 1;
  }
  return host.size() <= kMaxHostBytes &&
         std::all_of(labels.begin(), labels.end(), IsLabel) &&
         !IsPlaceholderName(host);
}

absl::Status RejectHost(const SourceLine& place, absl::string_view text,
                        absl::string_view rule) {
  return ImportFault(place,
                     absl::StrCat(Quoted(text), " is not ", rule,
                                  "; if it is a placeholder, import the file "
                                  "that has the value"));
}

}  // namespace

absl::Status CheckHost(const SourceLine& place, absl::string_view host) {
  if (IsHost(host)) return absl::OkStatus();
  return RejectHost(place, host, "a host name or an IP address");
}

absl::Status CheckServerName(const SourceLine& place, absl::string_view name) {
  for (const absl::string_view mark : {"${", "$(", "{{", "{%", "<%", "%("}) {
    if (absl::StrContains(name, mark)) return RejectHost(place, name, "a name");
  }
  for (const absl::string_view mark : {"@", "%", "__"}) {
    if (absl::StartsWith(name, mark) && absl::EndsWith(name, mark)) {
      return RejectHost(place, name, "a name");
    }
  }
  if (!absl::StartsWith(name, "$")) return absl::OkStatus();
  return RejectHost(place, name, "a name");
}

absl::Status CheckPath(const SourceLine& place, absl::string_view path) {
  const bool fits = std::all_of(path.begin(), path.end(), [](unsigned char c) {
    return absl::ascii_isgraph(c) &&
           absl::string_view("${}<>[]%|\"'`\\;,()")
                   .find(static_cast<char>(c)) == absl::string_view::npos;
  });
  if (fits && !absl::StrContains(path, "__")) return absl::OkStatus();
  return RejectHost(place, path, "the path of a socket");
}

absl::Status CheckHostAndPort(const SourceLine& place, absl::string_view text) {
  absl::string_view host = text;
  absl::string_view port;
  const size_t colon = text.rfind(':');
  const bool ipv6 = absl::StartsWith(text, "[");
  if (ipv6 ? !absl::EndsWith(text, "]") : colon != absl::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    auto number = ImportNumber(place, "port", port, 1, 65535);
    if (!number.ok()) return number.status();
  }
  if (ipv6) {
    if (!absl::ConsumePrefix(&host, "[") || !absl::ConsumeSuffix(&host, "]") ||
        !absl::StrContains(host, ':')) {
      return RejectHost(place, text, "[IPV6]:PORT");
    }
  } else if (absl::StrContains(host, ':')) {
    return RejectHost(place, text, "HOST:PORT or [IPV6]:PORT");
  }
  return CheckHost(place, host);
}

}  // namespace clockwise::cli
