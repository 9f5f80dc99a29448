#include "client/lib/server_address.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "service/api/listen_address.h"
#include "service/api/refusal.h"
#include "service/limits.h"

namespace clockwise::client {
namespace {

absl::Status AddressFault(absl::string_view text, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(Quoted(text), " ", what));
}

bool IsPort(absl::string_view text) {
  uint32_t port = 0;
  return !text.empty() && text.size() <= 5 &&
         std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return absl::ascii_isdigit(c); }) &&
         absl::SimpleAtoi(text, &port) && port > 0 && port <= 65'535;
}

// Returns `address`, HOST or HOST:PORT, with a port. `text` is the address in
// the message.
absl::StatusOr<std::string> WithPort(absl::string_view address,
                                     absl::string_view text) {
  absl::string_view host = address;
  absl::string_view port = kDefaultPort;
  const bool bracketed = absl::StartsWith(address, "[");
  const size_t end = bracketed ? address.find(']') : address.find(':');
  if (bracketed && end != absl::string_view::npos) {
    host = address.substr(0, end + 1);
    absl::string_view rest = address.substr(end + 1);
    if (!rest.empty()) {
      port = absl::ConsumePrefix(&rest, ":") ? rest : absl::string_view();
    }
  } else if (!bracketed && end != absl::string_view::npos) {
    if (address.find(':', end + 1) != absl::string_view::npos) {
      return AddressFault(text,
                          IsIpv6Address(address)
                              ? "is IPv6 without brackets; write [HOST]:PORT"
                              : "has more than one colon; write HOST:PORT, or "
                                "[HOST]:PORT for IPv6");
    }
    host = address.substr(0, end);
    port = address.substr(end + 1);
  }
  const bool valid = bracketed
                         ? host.size() > 2 && absl::EndsWith(host, "]") &&
                               IsIpv6Address(host.substr(1, host.size() - 2))
                         : IsHostName(host);
  if (!valid) {
    return AddressFault(text,
                        "is not HOST:PORT (IPv6: [HOST]:PORT) or unix:PATH");
  }
  if (!IsPort(port)) {
    return AddressFault(text,
                        "has no port from 1 to 65535 after the host; "
                        "write HOST:PORT, or HOST for port 7400");
  }
  return absl::StrCat(host, ":", port);
}

}  // namespace

absl::StatusOr<std::string> ParseServerAddress(absl::string_view text) {
  for (const absl::string_view scheme : {"unix:", "unix-abstract:"}) {
    if (!absl::StartsWith(text, scheme)) continue;
    if (text.size() > scheme.size()) return std::string(text);
    return AddressFault(text, "has no path; write unix:PATH");
  }
  for (const absl::string_view scheme : {"dns:", "ipv4:", "ipv6:"}) {
    absl::string_view rest = text;
    if (!absl::ConsumePrefix(&rest, scheme)) continue;
    // dns://SERVER/HOST names the DNS server to ask.
    if (absl::StartsWith(rest, "//")) {
      const size_t slash = rest.find('/', 2);
      rest = slash == absl::string_view::npos ? absl::string_view()
                                              : rest.substr(slash + 1);
    }
    // The comma separates the addresses of one target: ipv4:A:PORT,B:PORT.
    if (scheme != "dns:" && absl::StrContains(rest, ",")) {
      return std::string(text);
    }
    const absl::string_view prefix = text.substr(0, text.size() - rest.size());
    auto address = WithPort(rest, text);
    if (!address.ok()) return address;
    return absl::StrCat(prefix, *address);
  }
  // Three slashes are a target for another resolver of gRPC.
  if (absl::StrContains(text, ":///")) return std::string(text);
  if (const size_t scheme = text.find("://");
      scheme != absl::string_view::npos) {
    return AddressFault(text, absl::StrCat("is a URL; omit \"",
                                           text.substr(0, scheme + 3), "\""));
  }
  return WithPort(text, text);
}

absl::StatusOr<std::vector<std::string>> ParseServerAddresses(
    absl::string_view text) {
  std::vector<absl::string_view> addresses = {text};
  if (!absl::StartsWith(text, "unix")) addresses = absl::StrSplit(text, ',');
  if (addresses.size() > limits::kMaxServerAddresses) {
    return absl::InvalidArgumentError(
        absl::StrCat(addresses.size(), " addresses; use at most ",
                     limits::kMaxServerAddresses));
  }
  std::vector<std::string> targets;
  targets.reserve(addresses.size());
  for (const absl::string_view address : addresses) {
    const absl::string_view bare = absl::StripAsciiWhitespace(address);
    if (bare.empty()) {
      return AddressFault(text,
                          "has an empty address; write "
                          "HOST:PORT,HOST:PORT");
    }
    auto target = ParseServerAddress(bare);
    if (!target.ok()) return target.status();
    targets.push_back(*std::move(target));
  }
  return targets;
}

}  // namespace clockwise::client
