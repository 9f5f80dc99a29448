#include "service/api/listen_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "service/api/refusal.h"
#include "service/api/utf8.h"
#include "service/limits.h"

namespace clockwise {
namespace {

absl::Status Malformed(absl::string_view text, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(Quoted(text), " ", what));
}

bool IsUnspecified(absl::string_view host) {
  in_addr v4 = {};
  in6_addr v6 = {};
  const std::string text(host);
  return (inet_aton(text.c_str(), &v4) != 0 && v4.s_addr == INADDR_ANY) ||
         (inet_pton(AF_INET6, text.c_str(), &v6) == 1 &&
          IN6_IS_ADDR_UNSPECIFIED(&v6));
}

// Returns the name of this machine; localhost if it is not a host name.
std::string MachineName() {
  std::array<char, 256> name = {};
  if (gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return IsHostName(name.data()) ? name.data() : "localhost";
}

}  // namespace

std::string ListenAddress::ToString() const {
  return absl::StrContains(host, ':') ? absl::StrCat("[", host, "]:", port)
                                      : absl::StrCat(host, ":", port);
}

absl::StatusOr<ListenAddress> ParseListenAddress(absl::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos) {
    return Malformed(text, "has no port; use HOST:PORT");
  }
  absl::string_view host = text.substr(0, colon);
  const absl::string_view digits = text.substr(colon + 1);
  uint32_t port = 0;
  // SimpleAtoi accepts a sign and spaces.
  if (digits.empty() ||
      digits.find_first_not_of("0123456789") != absl::string_view::npos ||
      !absl::SimpleAtoi(digits, &port) ||
      port > std::numeric_limits<uint16_t>::max()) {
    return Malformed(text, "needs a port from 0 to 65535 after its last colon");
  }
  if (host.empty()) {
    return Malformed(text,
                     "has no host; use 127.0.0.1 for this machine only, or "
                     "0.0.0.0 for all networks");
  }
  if (absl::ConsumePrefix(&host, "[")) {
    if (!absl::ConsumeSuffix(&host, "]") || !absl::StrContains(host, ':')) {
      return Malformed(text, "is not [IPV6]:PORT, for example [::1]:80");
    }
  } else if (absl::StrContains(host, ':')) {
    return Malformed(text, "needs brackets around an IPv6 address: [::1]:80");
  }
  return ListenAddress{std::string(host), static_cast<uint16_t>(port)};
}

bool IsHostName(absl::string_view host) {
  return !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' ||
           c == '-' || c == '_';
  });
}

bool IsIpv6Address(absl::string_view host) {
  const std::string address(host.substr(0, host.find('%')));
  in6_addr parsed = {};
  return inet_pton(AF_INET6, address.c_str(), &parsed) == 1;
}

absl::Status CheckAdvertised(absl::string_view address) {
  if (address.size() > limits::kMaxAddressBytes || !IsUtf8(address)) {
    return Malformed(address, absl::StrCat("is not UTF-8 of at most ",
                                           limits::kMaxAddressBytes, " bytes"));
  }
  if (absl::StartsWith(address, "unix:")) {
    if (address.size() > 5) return absl::OkStatus();
    return Malformed(address, "has no path; use unix:PATH");
  }
  const auto parsed = ParseListenAddress(address);
  if (!parsed.ok()) return parsed.status();
  if (!IsHostName(parsed->host) && !IsIpv6Address(parsed->host)) {
    return Malformed(address, "has no valid host; use HOST:PORT");
  }
  if (IsUnspecified(parsed->host) || parsed->port == 0) {
    return Malformed(address,
                     "is no address that other machines can reach; use a name "
                     "or address of this machine, and a port from 1 to 65535");
  }
  return absl::OkStatus();
}

std::string AdvertisedAddress(const std::string& listen) {
  auto address = ParseListenAddress(listen);
  if (absl::StartsWith(listen, "unix:") || !address.ok() ||
      !IsUnspecified(address->host)) {
    return listen;
  }
  address->host = MachineName();
  return address->ToString();
}

}  // namespace clockwise
