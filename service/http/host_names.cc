#include "service/http/host_names.h"

#include <arpa/inet.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "service/access/policy.h"

namespace clockwise {
namespace {

bool IsAddress(int family, const std::string& text) {
  unsigned char bytes[sizeof(in6_addr)];
  return inet_pton(family, text.c_str(), bytes) == 1;
}

}  // namespace

bool IsOwnHost(absl::string_view host, const std::vector<std::string>& names) {
  if (host.empty()) return true;  // browsers always send one
  if (absl::ConsumePrefix(&host, "[")) {
    return IsAddress(AF_INET6, std::string(host.substr(0, host.find(']'))));
  }
  host = absl::StripSuffix(host.substr(0, host.find(':')), ".");
  const std::string name = absl::AsciiStrToLower(host);
  return name == "localhost" || IsAddress(AF_INET, name) ||
         std::any_of(names.begin(), names.end(), [&](const std::string& own) {
           return MatchesPattern(absl::AsciiStrToLower(own), name);
         });
}

}  // namespace clockwise
