#include "service/api/listen_address.h"

#include <limits>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "service/api/refusal.h"

namespace clockwise {
namespace {

absl::Status Malformed(absl::string_view text, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(Quoted(text), " ", what));
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

}  // namespace clockwise
